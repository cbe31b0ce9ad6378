import { assertNever } from '../../kernel/index.ts';
import type { Lease } from '../../queue/index.ts';
import { type Trx, afterCommit, transaction } from '../../store/index.ts';
import { type TaskRow, lockSubjects, subjectOf } from '../store.ts';
import { type WorkMeans, tell } from './place.ts';
import * as store from './store.ts';

export type Begun =
  /** Ended, paused, or in the hands of a later holder. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'later'; readonly at: number }
  | { readonly kind: 'finish'; readonly task: TaskRow }
  | { readonly kind: 'work'; readonly task: TaskRow };

/**
 * Takes a task over, under the lock of its subject, so that an admission which cancels it and a claim never both succeed. An
 * attempt that is still open belongs to a process that is no more: it is counted, unless this process itself had to leave it.
 */
export function begin(
  means: WorkMeans,
  lease: Lease,
  { seen, left }: { readonly seen: TaskRow; readonly left: boolean },
): Promise<Begun> {
  return transaction(means.db, async (trx) => {
    await lockSubjects(trx, [subjectOf(seen)]);
    const task = await store.holdTask(trx, lease);
    if (task === null) return { kind: 'nothing' };
    switch (task.state) {
      case 'queued':
        return fromQueue(means, trx, lease, task);
      case 'claimed':
      case 'running':
        if (task.ending !== null) return takeOver(means, trx, lease, task);
        return again(means, trx, lease, { task, left });
      case 'pausing':
      case 'paused':
      case 'stopping':
      case 'stopped':
      case 'awaiting_approval':
      case 'succeeded':
      case 'failed':
      case 'dead':
      case 'cancelled':
      case 'expired':
        return { kind: 'nothing' };
      default:
        return assertNever(task.state);
    }
  });
}

async function fromQueue(means: WorkMeans, trx: Trx, lease: Lease, task: TaskRow): Promise<Begun> {
  const now = means.clock.now();
  if (task.not_before !== null && task.not_before.getTime() > now)
    return { kind: 'later', at: task.not_before.getTime() };
  return attempt(means, trx, lease, now);
}

async function takeOver(means: WorkMeans, trx: Trx, lease: Lease, task: TaskRow): Promise<Begun> {
  await store.takeOver(trx, lease, means.worker);
  return { kind: 'finish', task };
}

async function again(
  means: WorkMeans,
  trx: Trx,
  lease: Lease,
  { task, left }: { readonly task: TaskRow; readonly left: boolean },
): Promise<Begun> {
  const now = means.clock.now();
  await store.takeOver(trx, lease, means.worker);
  const outcome = left ? ('failed' as const) : ('lost' as const);
  const reason = left ? 'database' : 'process_lost';
  await store.endAttempt(trx, task.id, { outcome, reason, errorId: null, now });
  if (left) return attempt(means, trx, lease, now);
  await tell(trx, task, 'task.attempt_failed', { attempt: task.attempts, reason });
  const failures = (await store.countFailure(trx, lease)) ?? 0;
  if (failures <= means.backoff.attempts.length) return attempt(means, trx, lease, now);
  const end = { ending: 'dead', reason: 'too_many_attempts', errorId: null } as const;
  await store.decideEnding(trx, lease, end);
  return { kind: 'finish', task: { ...task, ending: end.ending, reason: end.reason } };
}

async function attempt(means: WorkMeans, trx: Trx, lease: Lease, now: number): Promise<Begun> {
  const task = await store.beginAttempt(trx, lease, { worker: means.worker, now });
  await tell(trx, task, 'task.claimed', { attempt: task.attempts, worker: means.worker, fence: lease.fence });
  if (task.attempts === 1 && task.troubles === 0)
    afterCommit(trx, () => means.metrics?.claimed((now - task.queued_at.getTime()) / 1000));
  return { kind: 'work', task };
}
