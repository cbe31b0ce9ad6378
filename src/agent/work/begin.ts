import { assertNever } from '../../kernel/index.ts';
import type { Lease } from '../../queue/index.ts';
import { type Trx, afterCommit, transaction } from '../../store/index.ts';
import { type TaskRow, lockSubjects, subjectOf } from '../store.ts';
import { type WorkMeans, tell } from './place.ts';
import * as store from './store.ts';

export type Begun =
  /** Ended, or in the hands of a later holder. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'later'; readonly at: number }
  /** Nobody works on it, but its subject is looked at; `until`: the end of its rest, null when it has ended. */
  | { readonly kind: 'look'; readonly task: TaskRow; readonly until: number | null }
  | { readonly kind: 'finish'; readonly task: TaskRow }
  | { readonly kind: 'work'; readonly task: TaskRow };

/**
 * Takes a task over, under the lock of its subject, so that an admission which cancels it, a person who steers it and a claim never both
 * succeed. An attempt that is still open belongs to a process that is no more: it is counted, unless this process itself had to leave
 * it, or somebody wants the task to rest or stop.
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
    if (task.ending !== null) return takeOver(means, trx, lease, task);
    switch (task.state) {
      case 'queued':
        return fromQueue(means, trx, lease, task);
      case 'claimed':
      case 'running':
        return again(means, trx, lease, { task, left });
      case 'pausing':
        return letRest(means, trx, lease, { task, ending: 'paused' });
      case 'stopping':
        return letRest(means, trx, lease, { task, ending: 'stopped' });
      case 'paused':
        return task.reason === 'drain' ? fromQueue(means, trx, lease, task) : resting(means, trx, lease, task);
      case 'awaiting_approval':
        return resting(means, trx, lease, task);
      case 'stopped':
      case 'succeeded':
      case 'failed':
      case 'dead':
      case 'cancelled':
      case 'expired':
        return afterEnd(trx, lease, task);
      default:
        return assertNever(task.state);
    }
  });
}

async function fromQueue(means: WorkMeans, trx: Trx, lease: Lease, task: TaskRow): Promise<Begun> {
  const now = means.clock.now();
  const at = task.not_before?.getTime() ?? now;
  if (at > now) return task.attention_at === null ? { kind: 'later', at } : lookUntil(trx, lease, task, at);
  // Paused and resumed before its holder had let go: that run is over.
  await store.endAttempt(trx, task.id, { outcome: 'cancelled', reason: 'paused_by_person', errorId: null, now });
  return attempt(means, trx, lease, now);
}

/** Somebody, or what the forge shows, wants it so: the run of the agent, if there was one, is over, and nobody is to blame. */
async function letRest(
  means: WorkMeans,
  trx: Trx,
  lease: Lease,
  { task, ending }: { readonly task: TaskRow; readonly ending: 'paused' | 'stopped' },
): Promise<Begun> {
  const now = means.clock.now();
  const { reason } = task;
  await store.endAttempt(trx, task.id, { outcome: 'cancelled', reason, errorId: null, now });
  return { kind: 'finish', task: await store.decideAtRest(trx, lease, { ending, reason, worker: means.worker }) };
}

async function resting(means: WorkMeans, trx: Trx, lease: Lease, task: TaskRow): Promise<Begun> {
  const now = means.clock.now();
  const until = (task.paused_at?.getTime() ?? now) + means.pace.paused;
  if (now < until) return lookUntil(trx, lease, task, until);
  const end = { ending: 'expired', reason: 'paused_too_long', worker: means.worker } as const;
  return { kind: 'finish', task: await store.decideAtRest(trx, lease, end) };
}

/** After its end only a comment can bring it back, as another generation. */
async function afterEnd(trx: Trx, lease: Lease, task: TaskRow): Promise<Begun> {
  return task.attention_at === null ? { kind: 'nothing' } : lookUntil(trx, lease, task, null);
}

async function lookUntil(trx: Trx, lease: Lease, task: TaskRow, until: number | null): Promise<Begun> {
  await store.setFence(trx, lease);
  return { kind: 'look', task, until };
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
