import { sql } from 'kysely';
import type { Db, Trx } from '../../store/index.ts';
import type { TaskState } from '../port.ts';
import type { AttemptRow, TaskEnding, TaskRow } from '../store.ts';

/**
 * A task as its holder may write it. Whoever has another fence than the row writes nothing, and is told so by the answer: a
 * later holder has taken over.
 */
export interface Held {
  readonly id: string;
  readonly fence: number;
}

/** Null when the fence is stale: somebody with a later lease has been here. */
export async function holdTask(trx: Trx, { id, fence }: Held): Promise<TaskRow | null> {
  const { rows } = await sql<TaskRow>`select * from tasks where id = ${id} and fence <= ${fence} for update`.execute(
    trx,
  );
  return rows[0] ?? null;
}

/** Takes over a task whose end was decided and has still to be shown. */
export async function takeOver(trx: Trx, { id, fence }: Held, worker: string): Promise<void> {
  await sql`update tasks set fence = ${fence}, worker = ${worker} where id = ${id}`.execute(trx);
}

export async function beginAttempt(
  trx: Trx,
  { id, fence }: Held,
  { worker, now }: { readonly worker: string; readonly now: number },
): Promise<TaskRow> {
  const { rows } = await sql<TaskRow>`
    update tasks set state = 'claimed', fence = ${fence}, worker = ${worker}, attempts = attempts + 1, not_before = null, reason = null,
      claimed_at = ${new Date(now)}, paused_at = null
    where id = ${id} returning *`.execute(trx);
  const [row] = rows;
  if (row === undefined) throw new Error(`task ${id} vanished`);
  await sql`
    insert into task_attempts (task, number, worker, fence, started_at)
    values (${id}, ${row.attempts}, ${worker}, ${fence}, ${new Date(now)})`.execute(trx);
  return row;
}

/** Ends the attempt that is open, if there is one. */
export async function endAttempt(
  trx: Trx,
  id: string,
  end: {
    readonly outcome: NonNullable<AttemptRow['outcome']>;
    readonly reason: string | null;
    readonly errorId: string | null;
    readonly now: number;
  },
): Promise<void> {
  await sql`
    update task_attempts set outcome = ${end.outcome}, reason = ${end.reason}, error_id = ${end.errorId}, ended_at = ${new Date(end.now)}
    where task = ${id} and ended_at is null`.execute(trx);
}

/** Forgets an attempt that met trouble before the runner got the task: it was none. */
export async function dropAttempt(trx: Trx, { id, fence }: Held): Promise<void> {
  await sql`delete from task_attempts where task = ${id} and fence = ${fence}`.execute(trx);
  await sql`update tasks set attempts = attempts - 1 where id = ${id} and fence = ${fence}`.execute(trx);
}

/** Counts a failure of an attempt; answers how many there are now, null when the fence is stale. */
export async function countFailure(trx: Trx, { id, fence }: Held): Promise<number | null> {
  const { rows } = await sql<{ failures: number }>`
    update tasks set failures = failures + 1, troubles = 0, trouble_since = null
    where id = ${id} and fence = ${fence} and state in ('claimed', 'running') and ending is null
    returning failures`.execute(trx);
  return rows[0]?.failures ?? null;
}

/** Notes, before the label is moved, that it is going to be. */
export async function intendLabel(trx: Trx, { id, fence }: Held): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update tasks set took_label = true where id = ${id} and fence = ${fence} and state in ('claimed', 'running') and ending is null`.execute(
    trx,
  );
  return numAffectedRows === 1n;
}

export async function setRunning(trx: Trx, { id, fence }: Held): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update tasks set state = 'running', reason = null where id = ${id} and fence = ${fence} and state = 'claimed' and ending is null`.execute(
    trx,
  );
  return numAffectedRows === 1n;
}

/** Puts a task back into the line. */
export async function requeue(
  trx: Trx,
  { id, fence }: Held,
  { reason, notBefore }: { readonly reason: string | null; readonly notBefore: number | null },
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update tasks set state = 'queued', reason = ${reason}, not_before = ${notBefore === null ? null : new Date(notBefore)}
    where id = ${id} and fence = ${fence} and state in ('claimed', 'running') and ending is null`.execute(trx);
  return numAffectedRows === 1n;
}

/** Counts trouble that may pass; `since`: when it began. */
export async function noteTrouble(
  trx: Trx,
  { id, fence }: Held,
  { troubles, since }: { readonly troubles: number; readonly since: number },
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update tasks set troubles = ${troubles}, trouble_since = ${new Date(since)}
    where id = ${id} and fence = ${fence} and (state in ('claimed', 'running') or ending is not null)`.execute(trx);
  return numAffectedRows === 1n;
}

export async function setNotBefore(trx: Trx, { id, fence }: Held, at: number): Promise<void> {
  await sql`update tasks set not_before = ${new Date(at)} where id = ${id} and fence = ${fence}`.execute(trx);
}

/** Decides the end, before anybody outside is told. False when the fence is stale or another end was decided. */
export async function decideEnding(
  trx: Trx,
  { id, fence }: Held,
  end: { readonly ending: TaskEnding; readonly reason: string | null; readonly errorId: string | null },
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update tasks set ending = ${end.ending}, reason = ${end.reason}, error_id = ${end.errorId}, troubles = 0, trouble_since = null
    where id = ${id} and fence = ${fence} and state in ('claimed', 'running') and ending is null`.execute(trx);
  return numAffectedRows === 1n;
}

/**
 * Decides, as whoever has just taken the task over and locked it, how it rests or ends; nobody works on it. Its label will move, so a
 * later claim must not miss the trigger.
 */
export async function decideAtRest(
  trx: Trx,
  { id, fence }: Held,
  end: { readonly ending: TaskEnding; readonly reason: string | null; readonly worker: string },
): Promise<TaskRow> {
  const { rows } = await sql<TaskRow>`
    update tasks set ending = ${end.ending}, reason = ${end.reason}, fence = ${fence}, worker = ${end.worker}, took_label = true,
      not_before = null, troubles = 0, trouble_since = null
    where id = ${id} returning *`.execute(trx);
  const [row] = rows;
  if (row === undefined) throw new Error(`task ${id} vanished`);
  return row;
}

/** Rests a task whose process has to leave it: the next one goes on with it at once. */
export async function setDrained(trx: Trx, { id, fence }: Held, now: number): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update tasks set state = 'paused', reason = 'drain', not_before = null, paused_at = ${new Date(now)}
    where id = ${id} and fence = ${fence} and state = 'running' and ending is null`.execute(trx);
  return numAffectedRows === 1n;
}

/** Makes the decided end, or rest, the state. */
export async function endTask(trx: Trx, { id, fence }: Held, now: number): Promise<TaskState | null> {
  const at = new Date(now);
  const { rows } = await sql<{ state: TaskState }>`
    update tasks set state = ending, ending = null, not_before = null,
      paused_at = case when ending in ('paused', 'awaiting_approval') then ${at} else paused_at end,
      ended_at = case when ending in ('paused', 'awaiting_approval') then null else ${at}::timestamptz end
    where id = ${id} and fence = ${fence} and ending is not null
    returning state`.execute(trx);
  return rows[0]?.state ?? null;
}

/** What a watch over a task at work wants to know of its row; null when it is gone. */
export async function readWanted(
  db: Db,
  id: string,
): Promise<Pick<TaskRow, 'state' | 'fence' | 'attention_at'> | null> {
  const { rows } = await sql<Pick<TaskRow, 'state' | 'fence' | 'attention_at'>>`
    select state, fence, attention_at from tasks where id = ${id}`.execute(db);
  return rows[0] ?? null;
}

/** The forge was looked at since somebody told of news; news that was told later stays. */
export async function answerAttention(db: Db, id: string, seen: Date): Promise<void> {
  await sql`update tasks set attention_at = null where id = ${id} and attention_at <= ${seen}`.execute(db);
}

/** Notes what the subject was at a claim, before its label moves. */
export async function noteClaim(
  trx: Trx,
  { id, fence }: Held,
  { isAssigned }: { readonly isAssigned: boolean },
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update tasks set was_assigned = was_assigned or ${isAssigned}, comments_noted = true
    where id = ${id} and fence = ${fence} and state in ('claimed', 'running') and ending is null`.execute(trx);
  return numAffectedRows === 1n;
}

/** Says that the comments of before are noted, if nobody has said so before. */
export async function noteComments(trx: Trx, { id, fence }: Held): Promise<'now' | 'before' | 'stale'> {
  const { numAffectedRows } = await sql`
    update tasks set comments_noted = true where id = ${id} and fence = ${fence} and not comments_noted`.execute(trx);
  if (numAffectedRows === 1n) return 'now';
  const { rows } = await sql`select 1 from tasks where id = ${id} and comments_noted`.execute(trx);
  return rows.length === 1 ? 'before' : 'stale';
}

/** Takes over a task that is only looked at: who worked on it last stays. */
export async function setFence(trx: Trx, { id, fence }: Held): Promise<void> {
  await sql`update tasks set fence = ${fence} where id = ${id}`.execute(trx);
}

/** For the progress comment and the dashboard; what the agent says next replaces it. */
export async function setNote(trx: Trx, id: string, note: string): Promise<void> {
  await sql`update tasks set note = ${note} where id = ${id}`.execute(trx);
}
