import { FunadeError, formatDuration, isFunadeError, newId } from '../kernel/index.ts';
import { transaction } from '../store/index.ts';
import type { RunDependencies } from './dependencies.ts';
import type { StageFailure } from './port.ts';
import { failureOf } from './failure.ts';
import { type RunRow, setRunTrouble } from './store.ts';
import { tell } from './events.ts';

/** How long trouble that may pass (a forge that is away) is tried again before the run fails, in milliseconds. */
const PATIENCE = 600_000;

/**
 * Judges what was thrown while a run was worked on. Trouble that may pass is noted, so that the wait is seen, and thrown on:
 * the driver tries again, more and more slowly. The answer is the failure that ends the stage or the run. What nobody has
 * foreseen may pass too, and ends like the rest.
 */
export async function faceTrouble(
  { dependencies, run, signal }: { dependencies: RunDependencies; run: RunRow; signal: AbortSignal },
  thrown: unknown,
): Promise<StageFailure> {
  if (signal.aborted || (isFunadeError(thrown) && thrown.code === 'FUN_LEASE_LOST')) throw thrown;
  const error = isFunadeError(thrown) ? thrown : unforeseen(dependencies, run, thrown);
  if (!error.retryable) return failureOf(error);
  const now = dependencies.clock.now();
  const since = run.trouble?.since ?? now;
  if (now - since >= PATIENCE) return failureOf(error, [`tried again for ${formatDuration(now - since)}`]);
  const trouble = {
    cause: error.message,
    since,
    until: since + PATIENCE,
    endedBy: 'the next try that succeeds',
    next: [],
  };
  await transaction(dependencies.db, async (trx) => {
    await setRunTrouble(trx, run.id, trouble);
    if (run.trouble === null) await tell(trx, run, 'run.troubled', { code: error.code, cause: error.message });
  });
  throw thrown;
}

function unforeseen({ logger }: RunDependencies, run: RunRow, thrown: unknown): FunadeError {
  const id = newId('err');
  logger.error({ run: run.id, errorId: id, err: thrown }, 'Failed inside a run.');
  return new FunadeError('FUN_INTERNAL', { id }, { cause: thrown });
}
