import type { Forge } from '../../forges/index.ts';
import { messageOf, sleep } from '../../kernel/index.ts';
import { recordComment } from '../records/store.ts';
import { createRedaction } from '../redaction.ts';
import { type TaskRow, readAttempts, readTask } from '../store.ts';
import { type Place, ask, heldBy, keyOf } from './place.ts';
import { renderProgress } from './render-progress.ts';
import { judge } from './trouble.ts';

/** Kept invisible in the one comment that Funade writes on a subject. */
export function markerOf({ kind, number }: Pick<TaskRow, 'kind' | 'number'>): string {
  return `funade-task-${kind}-${number}`;
}

/** How often a comment that a person has deleted is written anew. */
const REMADE = 1;

/**
 * Brings the comment to what the row says now; `task`: the row, where the caller has read it. A comment that was deleted comes back once;
 * after that people do not want it. Throws what the forge throws.
 */
export async function writeComment(place: Place, forge: Forge, task: TaskRow): Promise<void> {
  if (task.comment_lost > REMADE) return;
  const { means } = place;
  const key = keyOf(task);
  if (task.comment_id !== null && task.comment_lost === REMADE && (await isDeleted(forge, task))) {
    await recordComment(
      means.db,
      heldBy(place),
      commentAs(task, { lost: task.comment_lost + 1, now: means.clock.now() }),
    );
    return;
  }
  const body = createRedaction(means.secrets())(await render(place, task));
  const { id, created } = await forge.upsertComment(key, markerOf(task), body);
  const lost = created && task.comment_id !== null ? task.comment_lost + 1 : task.comment_lost;
  await recordComment(means.db, heldBy(place), { id, lost, now: means.clock.now() });
}

function commentAs(task: TaskRow, { lost, now }: { readonly lost: number; readonly now: number }) {
  return { id: task.comment_id ?? '', lost, now };
}

async function isDeleted(forge: Forge, task: TaskRow): Promise<boolean> {
  const comments = await forge.listComments(keyOf(task));
  return comments.every(({ id }) => id !== task.comment_id);
}

async function render({ means }: Place, task: TaskRow): Promise<string> {
  const attempts = await readAttempts(means.db, [task.id]);
  const until = (task.paused_at?.getTime() ?? means.clock.now()) + means.pace.paused;
  const lastReason = attempts.findLast(({ reason }) => reason !== null)?.reason ?? null;
  return renderProgress({ task, labels: means.labels, language: means.language, lastReason, until });
}

/** The comment of a task at work: edits are spaced out, and the last news is never left out. */
export interface ProgressComment {
  /** There is news. Returns at once; what fails is logged, and tried again with the next news. */
  news(): void;
  /** No more edits; resolves when the one on its way is through. What the comment says last is the matter of the end of the round. */
  close(): Promise<void>;
}

export function createProgressComment(place: Place, forge: Forge): ProgressComment {
  const { means } = place;
  const closed = new AbortController();
  let isWanted = false;
  let isGivenUp = false;
  let writing: Promise<void> | null = null;

  function news(): void {
    if (closed.signal.aborted || isGivenUp) return;
    isWanted = true;
    writing ??= edit().finally(() => {
      writing = null;
      if (isWanted) news();
    });
  }

  async function edit(): Promise<void> {
    try {
      const before = await readTask(means.db, place.task.id);
      const next = (before?.commented_at?.getTime() ?? 0) + means.pace.comment;
      await sleep(Math.max(0, next - means.clock.now()), closed.signal);
      isWanted = false;
      if (!closed.signal.aborted) await write();
    } catch (thrown) {
      isWanted = false;
      isGivenUp = judge(thrown).kind === 'permanent';
      if (closed.signal.aborted) return;
      means.logger.warn({ task: place.task.id, reason: messageOf(thrown) }, 'Failed to write the comment of a task.');
      // Not at once again: the next news comes soon enough, and the end is written in any case.
      await sleep(means.pace.comment, closed.signal);
    }
  }

  async function write(): Promise<void> {
    const task = await readTask(means.db, place.task.id);
    if (task === undefined || task.fence !== place.lease.fence || task.ending !== null) return;
    await ask(place, () => writeComment(place, forge, task));
  }

  return {
    news,
    close: async () => {
      closed.abort();
      await Promise.race([writing, sleep(means.graceMs)]);
    },
  };
}
