import type { Actor, Forge, SubjectState } from '../../forges/index.ts';
import { isSame, mayStart } from './comments.ts';
import { isAssigned, readComments } from './look.ts';
import { type Place, ask, keyOf, labelOn, writing } from './place.ts';
import * as store from './store.ts';

export type Claim =
  | { readonly kind: 'claimed'; readonly subject: SubjectState; readonly labeler: Actor }
  | { readonly kind: 'cancelled'; readonly reason: string }
  /** The work had begun before: what there is of it stays, and the label says "stopped". */
  | { readonly kind: 'stopped'; readonly reason: string };

/**
 * Looks at the subject as it is now, and makes the claim visible: the label says "processing". A webhook or a poll was only a
 * hint; here it is decided whether the task may be worked on.
 */
export async function claim(place: Place, forge: Forge): Promise<Claim> {
  const { task, means, lease } = place;
  if (!isRepositoryAllowed(place)) return cancelled('repository_not_allowed');
  const subject = await ask(place, () => forge.read(keyOf(task)));
  if (subject === null) return cancelled('subject_gone');
  if (!subject.open) return task.took_label ? ended('subject_closed') : cancelled('subject_closed');
  const isAsked = isRetried(place) || task.took_label || labelOn(place, subject, means.labels.trigger) !== null;
  if (!isAsked) return cancelled('label_removed');
  const self = await ask(place, () => forge.self());
  const isOurs = isAssigned(subject, self);
  if (task.was_assigned && !isOurs) return ended('unassigned');
  const { labeler, refusal } = await rightOf(place, forge, self);
  if (refusal !== null) return cancelled(refusal);
  await readComments(place, forge, lease.signal);
  await writing(place, (trx, held) => store.noteClaim(trx, held, { isAssigned: isOurs }));
  if (!(await takeLabel(place, forge, subject))) return cancelled('lost_race');
  return { kind: 'claimed', subject, labeler };
}

function cancelled(reason: string): Claim {
  return { kind: 'cancelled', reason };
}

function ended(reason: string): Claim {
  return { kind: 'stopped', reason };
}

function isRepositoryAllowed({ task, means: { repositories } }: Place): boolean {
  const name = task.project.toLowerCase();
  return repositories.length === 0 || repositories.some((allowed) => allowed.toLowerCase() === name);
}

/** Somebody with the right to do so has asked for it in Funade: no label is needed, and no role on the forge. */
function isRetried({ task }: Place): boolean {
  return task.via === 'retry';
}

/** Who hands the subject over, and why they may not. */
async function rightOf(
  place: Place,
  forge: Forge,
  self: Actor,
): Promise<{ readonly labeler: Actor; readonly refusal: string | null }> {
  const { task, means } = place;
  if (isRetried(place)) return { labeler: told(place), refusal: null };
  // What a delivery says of who put the label on may be older than what the forge knows.
  const labelling = await ask(place, () => forge.labelling(keyOf(task), means.labels.trigger));
  const labeler = labelling?.actor ?? told(place);
  // Evidence of a release that failed: Funade opened the issue and put the label on. Whoever puts it on again is judged as elsewhere.
  if (isSame(self, labeler) && task.kind === 'issue' && (await means.isOwnIssue(ownIssueOf(place))))
    return { labeler, refusal: null };
  // A person whose own token Funade works with hands over what they label; Funade itself never puts the trigger on elsewhere.
  if (self.isBot && isSame(self, labeler)) return { labeler, refusal: 'own_label' };
  const role = await ask(place, () => forge.role(keyOf(task).repository, labeler));
  return { labeler, refusal: mayStart(role) ? null : 'actor_not_allowed' };
}

function told({ task }: Place): Actor {
  return { login: task.actor, id: task.actor_id, isBot: false };
}

function ownIssueOf({ task: { source, project_id: projectId, number } }: Place) {
  return { source, projectId, number };
}

/**
 * Moves the label from "trigger" to "processing" and takes off what an earlier task left. The removal is the claim, so it comes alone
 * and first: false when somebody else took the trigger off in this very moment, and then nothing else is touched. That counts
 * only the first time: later it may have been this task itself, by a process that died before it could say so.
 */
async function takeLabel(place: Place, forge: Forge, subject: SubjectState): Promise<boolean> {
  const { task, means } = place;
  const { trigger, processing, done, failed, paused, stopped } = means.labels;
  const key = keyOf(task);
  await writing(place, (trx, held) => store.intendLabel(trx, held));
  const there = labelOn(place, subject, trigger);
  if (there !== null) {
    const { removed } = await ask(place, () => forge.swapLabel(key, { remove: there, add: null }));
    if (!removed && !isRetried(place) && !task.took_label) return false;
  }
  if (labelOn(place, subject, processing) === null)
    await ask(place, () => forge.swapLabel(key, { remove: null, add: processing }));
  for (const old of [done, failed, paused, stopped]) {
    const left = labelOn(place, subject, old);
    if (left !== null) await ask(place, () => forge.swapLabel(key, { remove: left, add: null }));
  }
  return true;
}
