import { assertNever, messageOf, newId } from '../../kernel/index.ts';
import type { RunnerEnd } from '../port.ts';
import { forgetWork, recordDetail } from '../records/store.ts';
import type { Mask } from '../redaction.ts';
import { readTask } from '../store.ts';
import { cutShort, withoutInvisible } from '../texts/foreign.ts';
import { drain } from './interrupted.ts';
import { Interrupted, StaleHolder } from './interruption.ts';
import { type Place, conclude, heldBy, tell, writing } from './place.ts';
import * as store from './store.ts';
import { afterFailure, afterTrouble, judge } from './trouble.ts';

const LONGEST_DETAIL = 20_000;

/** What becomes of a task whose agent gave up. */
export async function judged(
  place: Place,
  ended: Extract<RunnerEnd, { kind: 'failed' | 'planned' }>,
  mask: Mask,
): Promise<void> {
  if (ended.kind === 'planned') {
    await failAttempt(place, { reason: 'model_nonsense', errorId: null });
    return;
  }
  const detail = ended.detail === undefined ? null : cutShort(mask(withoutInvisible(ended.detail)), LONGEST_DETAIL);
  await recordDetail(place.means.db, heldBy(place), detail);
  switch (ended.blame) {
    case 'agent':
      await failAttempt(place, { reason: ended.reason, errorId: null });
      return;
    case 'transient':
      await postpone(place, { reason: ended.reason, at: ended.at ?? null, isAttempt: true });
      return;
    case 'permanent':
      await conclude(place, { ending: 'failed', reason: ended.reason, errorId: null });
      return;
    default:
      assertNever(ended.blame);
  }
}

/** What becomes of an attempt in which something was thrown; null when its end was decided. */
export async function afterThrown(place: Place, thrown: unknown): Promise<number | null> {
  const { means, task, lease } = place;
  if (thrown instanceof StaleHolder) throw thrown;
  if (thrown instanceof Interrupted || lease.signal.aborted) return drain(place);
  const judgement = judge(thrown);
  if (judgement.kind === 'passing') {
    means.logger.warn({ task: task.id, reason: messageOf(thrown) }, 'Failed to work on a task; trying again.');
    const isAttempt = (await readTask(means.db, task.id))?.state === 'running';
    return postpone(place, { reason: judgement.reason, at: judgement.at, isAttempt });
  }
  const errorId = newId('err', means.clock.now());
  means.logger.error({ task: task.id, errorId, err: thrown }, 'Failed to work on a task.');
  if (judgement.kind === 'unforeseen') return failAttempt(place, { reason: 'agent_error', errorId });
  await conclude(place, { ending: 'failed', reason: judgement.reason, errorId });
  return null;
}

interface Failure {
  readonly reason: string;
  readonly errorId: string | null;
}

/** Counts a failed attempt. Answers when the next begins, anew; null when it was the last and the task's end is decided. */
async function failAttempt(place: Place, { reason, errorId }: Failure): Promise<number | null> {
  const { means, task } = place;
  const now = means.clock.now();
  let wakeAt: number | null = null;
  await writing(place, async (trx, held) => {
    const failures = await store.countFailure(trx, held);
    if (failures === null) return false;
    await store.endAttempt(trx, held.id, { outcome: 'failed', reason, errorId, now });
    await forgetWork(trx, held);
    wakeAt = afterFailure(failures, now, means.backoff);
    await tell(trx, task, 'task.attempt_failed', { attempt: task.attempts, reason, errorId, notBefore: wakeAt });
    if (wakeAt !== null) return store.requeue(trx, held, { reason, notBefore: wakeAt });
    return store.decideEnding(trx, held, { ending: 'dead', reason: 'too_many_attempts', errorId });
  });
  return wakeAt;
}

/**
 * Puts a task off because of trouble that may pass by itself; that is no failure of the agent. It is given up when it has
 * lasted too long: then its end is decided, and the answer is null.
 */
async function postpone(
  place: Place,
  { reason, at, isAttempt }: { readonly reason: string; readonly at: number | null; readonly isAttempt: boolean },
): Promise<number | null> {
  const { means, task } = place;
  const { longest, patience } = means.backoff.trouble;
  const now = means.clock.now();
  const begun = task.claimed_at?.getTime() ?? now;
  // What went well for longer than the longest pause was the end of the trouble before.
  const since = isAttempt && now - begun > longest ? now : (task.trouble_since?.getTime() ?? now);
  const troubles = since === now ? 1 : task.troubles + 1;
  if (now - since >= patience) {
    await conclude(place, { ending: 'dead', reason, errorId: null });
    return null;
  }
  const wakeAt = afterTrouble(troubles, { now, at }, means.backoff);
  await writing(place, async (trx, held) => {
    if (!(await store.noteTrouble(trx, held, { troubles, since }))) return false;
    if (isAttempt) await store.endAttempt(trx, held.id, { outcome: 'failed', reason, errorId: null, now });
    else await store.dropAttempt(trx, held);
    if (troubles === 1) await tell(trx, task, 'task.troubled', { reason, notBefore: wakeAt });
    return store.requeue(trx, held, { reason, notBefore: wakeAt });
  });
  return wakeAt;
}
