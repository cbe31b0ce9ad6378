import type { AgentLabels } from '../../config/index.ts';
import type { Forge, SubjectState } from '../../forges/index.ts';
import { assertNever, messageOf, sleep } from '../../kernel/index.ts';
import type { TaskEnding } from '../store.ts';
import { Interrupted, StaleHolder } from './interruption.ts';
import { type Place, ask, keyOf, labelOn, settle, writing } from './place.ts';
import { writeComment } from './progress.ts';
import * as store from './store.ts';
import { afterTrouble, judge } from './trouble.ts';

/**
 * Shows a decided end, or rest, on the forge, then makes it the state. Every step looks first, so it can be done again from the start after
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
  if (task.ending === 'paused' || task.ending === 'awaiting_approval')
    return means.clock.now() + Math.min(means.pace.resting, means.pace.paused);
  await removeCheckout(place);
  return null;
}

/** A task that was cancelled before it had touched anything leaves no trace. */
function isShown({ task }: Place): boolean {
  return task.ending !== 'cancelled' || (task.took_label && task.reason !== 'lost_race');
}

async function show(place: Place, forge: Forge, subject: SubjectState): Promise<void> {
  const { means, task } = place;
  if (task.ending === null) return;
  const wanted = labelOf(task.ending, means.labels);
  await despiteRefusal(place, 'label', () => moveLabels(place, forge, subject, wanted));
  if (task.ending === 'cancelled' && task.comment_id === null) return;
  await despiteRefusal(place, 'comment', () => ask(place, () => writeComment(place, forge, task)));
}

/** The label that says it; null: none of ours. */
function labelOf(ending: TaskEnding, labels: AgentLabels): string | null {
  switch (ending) {
    case 'succeeded':
      return labels.done;
    case 'failed':
    case 'dead':
      return labels.failed;
    case 'stopped':
    case 'expired':
      return labels.stopped;
    case 'paused':
      return labels.paused;
    case 'awaiting_approval':
      return labels.processing;
    case 'cancelled':
      return null;
    default:
      return assertNever(ending);
  }
}

/** Leaves `wanted` as the only one of the labels of tasks; one that a person put on meanwhile was answered by this task. */
async function moveLabels(place: Place, forge: Forge, subject: SubjectState, wanted: string | null): Promise<void> {
  const { labels } = place.means;
  // One that never began takes off what it put on only; an end replaces the one of an earlier task.
  const ours =
    wanted === null ? [labels.processing, labels.trigger, labels.paused] : Object.values<string>({ ...labels });
  const key = keyOf(place.task);
  const isAsked = wanted !== null && labelOn(place, subject, wanted) === null;
  const old = ours.filter((label) => label !== wanted).flatMap((label) => labelOn(place, subject, label) ?? []);
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

/** Nobody goes on with it here; what could not be removed now is swept later. */
async function removeCheckout({ means, task }: Place): Promise<void> {
  try {
    if (task.branch !== null && means.workspaces !== null)
      await Promise.race([means.workspaces.remove(task.id), sleep(means.graceMs)]);
  } catch (thrown) {
    means.logger.warn({ task: task.id, reason: messageOf(thrown) }, 'Failed to remove the checkout of a task.');
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
