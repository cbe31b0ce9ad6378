import { type Trx, appendEvent } from '../store/index.ts';
import type { RunRow } from './store.ts';

/** Writes an event of a run, in the transaction of the change that it tells of. */
export function tell(
  trx: Trx,
  run: Pick<RunRow, 'id' | 'app' | 'trigger'>,
  kind: string,
  data: Readonly<Record<string, unknown>>,
): Promise<void> {
  return appendEvent(trx, { kind, app: run.app, subject: run.id, actor: run.trigger.actor, data });
}
