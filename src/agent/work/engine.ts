import { assertNever, messageOf } from '../../kernel/index.ts';
import type { Lease } from '../../queue/index.ts';
import { readTask } from '../store.ts';
import { attempt } from './attempt.ts';
import { begin } from './begin.ts';
import { finish } from './finish.ts';
import { Interrupted, StaleHolder } from './interruption.ts';
import { afterThrown } from './outcome.ts';
import { type Place, type WorkMeans, ask } from './place.ts';
import { writeComment } from './progress.ts';
import { rest } from './rest.ts';
import { judge } from './trouble.ts';

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
      // A later holder goes on, or the next round does what somebody wants of the task meanwhile.
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
    case 'look':
      return rest({ means, lease, task: begun.task }, begun.until);
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
    if (wakeAt !== null) {
      await tellWaiting(place);
      return wakeAt;
    }
  }
  return end(place);
}

/** Shows what was decided. When the lease ends meanwhile, whoever is next goes on with it. */
async function end(place: Place): Promise<number | null> {
  const { means } = place;
  const task = await readTask(means.db, place.task.id);
  if (task === undefined) return null;
  if (task.ending === null) {
    // Somebody wants it to rest or stop: the next round sees to that.
    if (task.state === 'pausing' || task.state === 'stopping') return means.clock.now();
    await tellWaiting(place);
    return task.not_before?.getTime() ?? null;
  }
  try {
    return await finish({ ...place, task });
  } catch (thrown) {
    if (thrown instanceof Interrupted) return means.clock.now();
    throw thrown;
  }
}

/** A task that is tried again later says so, and why, in its comment. Nothing depends on it. */
async function tellWaiting(place: Place): Promise<void> {
  const { means, lease } = place;
  const forge = means.forgeOf(place.task.source);
  try {
    const task = await readTask(means.db, place.task.id);
    if (forge === null || task?.state !== 'queued' || task.reason === null || !task.took_label) return;
    if (task.fence === lease.fence) await ask(place, () => writeComment(place, forge, task));
  } catch (thrown) {
    means.logger.warn({ task: place.task.id, reason: messageOf(thrown) }, 'Failed to write the comment of a task.');
  }
}
