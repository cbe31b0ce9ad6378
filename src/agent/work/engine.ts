import { assertNever, messageOf, newId } from '../../kernel/index.ts';
import type { Lease } from '../../queue/index.ts';
import type { RunnerEnd } from '../port.ts';
import { readTask } from '../store.ts';
import { withAttempts } from '../task.ts';
import { begin } from './begin.ts';
import { type Claim, claim } from './claim.ts';
import { finish } from './finish.ts';
import { Interrupted, StaleHolder, withGrace } from './interruption.ts';
import { type Place, type WorkMeans, conclude, keyOf, tell, writing } from './place.ts';
import * as store from './store.ts';
import { afterFailure, afterTrouble, judge } from './trouble.ts';

/** One round of a task: an attempt from the claim to the end, or to the pause before the next one. */
export function createTaskRound(means: WorkMeans): (lease: Lease) => Promise<number | null> {
  /** Tasks whose attempt this process had to leave without a word, because the database was away. */
  const left = new Set<string>();
  return async (lease) => {
    try {
      const wakeAt = await round(means, lease, left.has(lease.id));
      left.delete(lease.id);
      return wakeAt;
    } catch (thrown) {
      // A later holder goes on. If there is none, this process just does not know how far it came: another round tells.
      if (thrown instanceof StaleHolder) return means.clock.now() + 1000;
      if (judge(thrown).kind === 'passing') left.add(lease.id);
      throw thrown;
    }
  };
}

async function round(means: WorkMeans, lease: Lease, left: boolean): Promise<number | null> {
  const seen = await readTask(means.db, lease.id);
  if (seen === undefined) return null;
  const begun = await begin(means, lease, { seen, left });
  switch (begun.kind) {
    case 'nothing':
      return null;
    case 'later':
      return begun.at;
    case 'finish':
      return end({ means, lease, task: begun.task });
    case 'work':
      return work({ means, lease, task: begun.task });
    default:
      return assertNever(begun);
  }
}

async function work(place: Place): Promise<number | null> {
  try {
    await attempt(place);
  } catch (thrown) {
    const wakeAt = await afterThrown(place, thrown);
    if (wakeAt !== null) return wakeAt;
  }
  return end(place);
}

/** Shows the end that was decided. When the lease ends meanwhile, whoever is next goes on with it. */
async function end(place: Place): Promise<number | null> {
  const { means } = place;
  const task = await readTask(means.db, place.task.id);
  if (task === undefined || task.ending === null) return task?.not_before?.getTime() ?? null;
  try {
    return await finish({ ...place, task });
  } catch (thrown) {
    if (thrown instanceof Interrupted) return means.clock.now();
    throw thrown;
  }
}

/** Works on a task until its end is decided or it is back in the line. */
async function attempt(place: Place): Promise<void> {
  const { means, task } = place;
  const forge = means.forgeOf(task.source);
  if (forge === null) return failed(place, 'no_credentials');
  const claimed = await claim(place, forge);
  if (claimed.kind === 'cancelled')
    return conclude(place, { ending: 'cancelled', reason: claimed.reason, errorId: null });
  if (means.runner === null) return failed(place, 'no_runner');
  await writing(place, async (trx, held) => {
    if (!(await store.setRunning(trx, held))) return false;
    await tell(trx, task, 'task.running', { attempt: task.attempts, runner: means.runner?.id });
    return true;
  });
  return judged(place, await run(place, claimed));
}

function failed(place: Place, reason: string): Promise<void> {
  return conclude(place, { ending: 'failed', reason, errorId: null });
}

async function run(place: Place, { subject, labeler }: Extract<Claim, { kind: 'claimed' }>): Promise<RunnerEnd> {
  const { means, lease } = place;
  const row = (await readTask(means.db, place.task.id)) ?? place.task;
  const [task] = await withAttempts(means.db, [row]);
  const [runner, forge] = [means.runner, means.forgeOf(row.source)];
  if (task === undefined || runner === null || forge === null) throw new StaleHolder();
  const job = { task, key: keyOf(row), subject, labeler, forge, fence: lease.fence, signal: lease.signal };
  const ended = await withGrace(lease.signal, means.graceMs, async () => runner.run(job));
  // A runner that was told to stop has no success to show, unless it had it already.
  if (lease.signal.aborted && ended.kind === 'failed') throw new Interrupted();
  return ended;
}

async function judged(place: Place, ended: RunnerEnd): Promise<void> {
  if (ended.kind === 'succeeded') return conclude(place, { ending: 'succeeded', reason: null, errorId: null });
  switch (ended.blame) {
    case 'agent':
      await failAttempt(place, { reason: ended.reason, errorId: null });
      return undefined;
    case 'transient':
      await postpone(place, { reason: ended.reason, at: null, isAttempt: true });
      return undefined;
    case 'permanent':
      return conclude(place, { ending: 'failed', reason: ended.reason, errorId: null });
    default:
      return assertNever(ended.blame);
  }
}

/** What becomes of an attempt in which something was thrown; null when its end was decided. */
async function afterThrown(place: Place, thrown: unknown): Promise<number | null> {
  const { means, task, lease } = place;
  if (thrown instanceof StaleHolder) throw thrown;
  if (thrown instanceof Interrupted || lease.signal.aborted) return giveBack(place);
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

/** The process is stopping, or its lease is over: another attempt may begin at once, and nobody is to blame. */
async function giveBack(place: Place): Promise<number> {
  const now = place.means.clock.now();
  await writing(place, async (trx, held) => {
    await store.endAttempt(trx, held.id, { outcome: 'cancelled', reason: 'drain', errorId: null, now });
    if (!(await store.requeue(trx, held, { reason: null, notBefore: null }))) return false;
    await tell(trx, place.task, 'task.released', { attempt: place.task.attempts });
    return true;
  });
  return now;
}

interface Failure {
  readonly reason: string;
  readonly errorId: string | null;
}

/** Counts a failed attempt. Answers when the next begins; null when it was the last and the task's end is decided. */
async function failAttempt(place: Place, { reason, errorId }: Failure): Promise<number | null> {
  const { means, task } = place;
  const now = means.clock.now();
  let wakeAt: number | null = null;
  await writing(place, async (trx, held) => {
    const failures = await store.countFailure(trx, held);
    if (failures === null) return false;
    await store.endAttempt(trx, held.id, { outcome: 'failed', reason, errorId, now });
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
