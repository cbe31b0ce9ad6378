import type { Actor, Forge, SubjectState } from '../../forges/index.ts';
import { transaction } from '../../store/index.ts';
import { type CommentRow, insertComments } from '../inbox/store.ts';
import { lockFor, steerIn } from '../steer.ts';
import { readTask } from '../store.ts';
import { contextAt, isSame, sortComments } from './comments.ts';
import { StaleHolder, unlessInterrupted } from './interruption.ts';
import { type Place, heldBy, keyOf } from './place.ts';
import * as store from './store.ts';

interface Glance {
  /** Of the subject, by the forge's clock; null: look at the comments whatever it says. */
  readonly seen: number | null;
  /** Ends what the forge is asked. */
  readonly signal: AbortSignal;
}

/**
 * Looks at the subject of a task that is alive: whether it has to stop, and, where something has changed, at what people wrote. Answers when
 * the subject changed last, by the forge's clock. One request when nothing is new.
 */
export async function lookAtSubject(place: Place, forge: Forge, { seen, signal }: Glance): Promise<number | null> {
  const key = keyOf(place.task);
  const subject = await unlessInterrupted(signal, () => forge.read(key));
  const cause = await causeToStop(place, forge, subject, signal);
  if (cause !== null || subject === null) {
    await stopBecause(place, cause ?? 'subject_gone');
    return seen;
  }
  if (seen === null || seen !== subject.updatedAt) await readComments(place, forge, signal);
  return subject.updatedAt;
}

/** Takes up what people wrote since the last time. */
export async function readComments(place: Place, forge: Forge, signal: AbortSignal): Promise<void> {
  const { means, task } = place;
  const comments = await unlessInterrupted(signal, () => forge.listComments(keyOf(task)));
  if (comments.length === 0) return;
  const self = await unlessInterrupted(signal, () => forge.self());
  if (!task.comments_noted) await noteContext(place, contextAt(place, comments, self));
  await sortComments({ means, task, forge }, comments, signal);
}

/** Only the first time; the row that this holder began with may be older than that. */
function noteContext(place: Place, context: readonly CommentRow[]): Promise<void> {
  return transaction(place.means.db, async (trx) => {
    const noted = await store.noteComments(trx, heldBy(place));
    if (noted === 'stale') throw new StaleHolder();
    if (noted === 'now') await insertComments(trx, context);
  });
}

async function causeToStop(
  { means, task }: Place,
  forge: Forge,
  subject: SubjectState | null,
  signal: AbortSignal,
): Promise<string | null> {
  if (subject === null) return 'subject_gone';
  if (!subject.open) return 'subject_closed';
  // The claim that noted it may be later than the row that this holder began with.
  if ((await readTask(means.db, task.id))?.was_assigned !== true) return null;
  const self = await unlessInterrupted(signal, () => forge.self());
  return isAssigned(subject, self) ? null : 'unassigned';
}

export function isAssigned({ assignees }: SubjectState, self: Actor): boolean {
  return assignees.some((assignee) => isSame(assignee, self));
}

/** Nobody's wish, but what the forge shows: the next round ends the task. Nothing happens to one that has ended. */
function stopBecause({ means, task }: Place, cause: string): Promise<void> {
  return transaction(means.db, async (trx) => {
    const row = await lockFor(trx, task);
    const by = { actor: 'automation', reason: null, cause };
    if (row !== undefined) await steerIn(trx, means, row, { act: 'stop', by });
  });
}
