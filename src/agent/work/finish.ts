import type { Forge, SubjectState } from '../../forges/index.ts';
import { messageOf } from '../../kernel/index.ts';
import { failureComment, markerOf } from './comment.ts';
import { Interrupted, StaleHolder } from './interruption.ts';
import { type Place, ask, keyOf, labelOn, settle, writing } from './place.ts';
import * as store from './store.ts';
import { afterTrouble, judge } from './trouble.ts';

/**
 * Shows a decided end on the forge, then makes it the state. Every step looks first, so it can be done again from the start after
 * any crash. Answers when to look again, null when the task has ended.
 */
export async function finish(place: Place): Promise<number | null> {
  const { means, task } = place;
  const forge = means.forgeOf(task.source);
  if (forge !== null && isShown(place)) {
    try {
      const subject = await ask(place, () => forge.read(keyOf(task)));
      if (subject !== null) await show(place, forge, subject);
    } catch (thrown) {
      const wakeAt = await putOff(place, thrown);
      if (wakeAt !== null) return wakeAt;
    }
  }
  await settle(place);
  return null;
}

/** A task that was cancelled before it had touched anything leaves no trace. */
function isShown({ task }: Place): boolean {
  return task.ending !== 'cancelled' || (task.took_label && task.reason !== 'lost_race');
}

async function show(place: Place, forge: Forge, subject: SubjectState): Promise<void> {
  const { means, task } = place;
  const { done, failed } = means.labels;
  const isFailure = task.ending === 'failed' || task.ending === 'dead';
  await despiteRefusal(place, 'label', () => {
    if (task.ending === 'cancelled') return moveLabels(place, forge, subject, null);
    return moveLabels(place, forge, subject, isFailure ? failed : done);
  });
  if (!isFailure) return;
  const key = keyOf(task);
  await despiteRefusal(place, 'comment', () =>
    ask(place, () => forge.upsertComment(key, markerOf(task), failureComment(task, means.labels))),
  );
}

/** Leaves `wanted` as the only one of the labels of tasks; one that a person put on meanwhile was answered by this task. */
async function moveLabels(place: Place, forge: Forge, subject: SubjectState, wanted: string | null): Promise<void> {
  const { processing, trigger } = place.means.labels;
  const key = keyOf(place.task);
  const isAsked = wanted !== null && labelOn(place, subject, wanted) === null;
  const old = [processing, trigger].flatMap((label) => labelOn(place, subject, label) ?? []);
  const [first = null, ...others] = old;
  if (isAsked || first !== null)
    await ask(place, () => forge.swapLabel(key, { remove: first, add: isAsked ? wanted : null }));
  for (const label of others) await ask(place, () => forge.swapLabel(key, { remove: label, add: null }));
}

/** What the account may not do stays undone: the task has ended all the same, and the list of tasks says how. */
async function despiteRefusal(place: Place, what: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (thrown) {
    if (judge(thrown).kind !== 'permanent') throw thrown;
    place.means.logger.warn(
      { task: place.task.id, what, reason: messageOf(thrown) },
      'Failed to show the end of a task.',
    );
  }
}

/** When to try again; null when it is given up. */
async function putOff(place: Place, thrown: unknown): Promise<number | null> {
  if (thrown instanceof Interrupted || thrown instanceof StaleHolder) throw thrown;
  const { means, task } = place;
  const judgement = judge(thrown);
  const now = means.clock.now();
  const since = task.trouble_since?.getTime() ?? now;
  means.logger.warn({ task: task.id, reason: messageOf(thrown) }, 'Failed to show the end of a task.');
  if (judgement.kind === 'permanent' || now - since >= means.backoff.trouble.patience) return null;
  const troubles = task.troubles + 1;
  if (judgement.kind === 'unforeseen' && troubles > means.backoff.attempts.length) return null;
  const at = judgement.kind === 'passing' ? judgement.at : null;
  const wakeAt = afterTrouble(troubles, { now, at }, means.backoff);
  await writing(place, async (trx, held) => {
    await store.setNotBefore(trx, held, wakeAt);
    return store.noteTrouble(trx, held, { troubles, since });
  });
  return wakeAt;
}
