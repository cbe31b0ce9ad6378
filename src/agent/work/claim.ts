import {
  type Actor,
  type Forge,
  REPOSITORY_ROLES,
  type RepositoryRole,
  type SubjectState,
} from '../../forges/index.ts';
import { type Place, ask, keyOf, labelOn, writing } from './place.ts';
import * as store from './store.ts';

export type Claim =
  | { readonly kind: 'claimed'; readonly subject: SubjectState; readonly labeler: Actor }
  | { readonly kind: 'cancelled'; readonly reason: string };

/**
 * Looks at the subject as it is now, and makes the claim visible: the label says "processing". A webhook or a poll was only a
 * hint; here it is decided whether the task may be worked on.
 */
export async function claim(place: Place, forge: Forge): Promise<Claim> {
  const key = keyOf(place.task);
  const subject = await ask(place, () => forge.read(key));
  if (subject === null) return cancelled('subject_gone');
  if (!subject.open) return cancelled('subject_closed');
  const isAsked =
    isRetried(place) || place.task.took_label || labelOn(place, subject, place.means.labels.trigger) !== null;
  if (!isAsked) return cancelled('label_removed');
  const labeler = await labelerOf(place, forge);
  const refusal = isRetried(place) ? null : await refusalOf(place, forge, labeler);
  if (refusal !== null) return cancelled(refusal);
  if (!(await takeLabel(place, forge, subject))) return cancelled('lost_race');
  return { kind: 'claimed', subject, labeler };
}

function cancelled(reason: string): Claim {
  return { kind: 'cancelled', reason };
}

/** Somebody with the right to do so has asked for it in Funade: no label is needed, and no role on the forge. */
function isRetried({ task }: Place): boolean {
  return task.via === 'retry';
}

/** Who put the label on as the forge tells it; what a delivery says may be older. */
async function labelerOf(place: Place, forge: Forge): Promise<Actor> {
  const { task, means } = place;
  const labelling = isRetried(place)
    ? null
    : await ask(place, () => forge.labelling(keyOf(task), means.labels.trigger));
  return labelling?.actor ?? { login: task.actor, id: task.actor_id, isBot: false };
}

async function refusalOf(place: Place, forge: Forge, labeler: Actor): Promise<string | null> {
  const self = await ask(place, () => forge.self());
  // A person whose own token Funade works with hands over what they label; Funade itself never puts the trigger on.
  if (self.isBot && isSame(self, labeler)) return 'own_label';
  const role = await ask(place, () => forge.role(keyOf(place.task).repository, labeler));
  return mayStart(role) ? null : 'actor_not_allowed';
}

function isSame(left: Actor, right: Actor): boolean {
  if (left.id !== null && right.id !== null) return left.id === right.id;
  return left.login.toLowerCase() === right.login.toLowerCase();
}

function mayStart(role: RepositoryRole): boolean {
  return REPOSITORY_ROLES.indexOf(role) >= REPOSITORY_ROLES.indexOf('write');
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
