import { type Trx, appendEvent } from '../store/index.ts';
import type { RolloutEvent } from './decide/decision.ts';
import type { RolloutRow } from './store.ts';

/** Writes an event of a rollout in the transaction of the change that it tells of. */
export async function tell(
  trx: Trx,
  row: Pick<RolloutRow, 'id' | 'app' | 'environment' | 'run_id' | 'release_id'>,
  event: RolloutEvent,
): Promise<void> {
  await appendEvent(trx, {
    ...event,
    app: row.app,
    environment: row.environment,
    subject: row.id,
    data: { ...event.data, runId: row.run_id, releaseId: row.release_id },
  });
}
