import { CompiledQuery, sql } from 'kysely';
import { type Db, type Trx, toJson } from '../../store/index.ts';

/**
 * What became of a comment. `context`: was there at the claim; `pending`: for the agent, not handed over yet; `outsider`: of somebody without
 * a write role, context only; `command`: was for Funade; `ignored`: ours, of the forge itself or of another program.
 */
type CommentOutcome = 'context' | 'pending' | 'delivered' | 'command' | 'outsider' | 'ignored';

/** One version of a comment: an edit makes another. */
export interface CommentRow {
  readonly task: string;
  readonly comment: string;
  readonly digest: string;
  readonly author: string;
  readonly body: string;
  readonly edited: boolean;
  readonly outcome: CommentOutcome;
  readonly at: Date;
  readonly seen_at: Date;
}

export type CommentKey = Pick<CommentRow, 'comment' | 'digest'>;

/** Every version that is known of a task's comments, without their texts. */
export async function readKnown(db: Db | Trx, task: string): Promise<readonly CommentKey[]> {
  const { rows } = await sql<CommentKey>`select comment, digest from task_comments where task = ${task}`.execute(db);
  return rows;
}

/** Texts of the versions of one comment. */
export async function readVersions(db: Db | Trx, task: string, comment: string): Promise<readonly string[]> {
  const { rows } = await sql<{ body: string }>`
    select body from task_comments where task = ${task} and comment = ${comment}`.execute(db);
  return rows.map(({ body }) => body);
}

const INSERT = `
  insert into task_comments (task, comment, digest, author, body, edited, outcome, at, seen_at)
  select n.task, n.comment, n.digest, n.author, n.body, n.edited, n.outcome, n.at, n.seen_at
  from json_to_recordset($1::json) as n (task text, comment text, digest text, author text, body text, edited boolean, outcome text,
    at timestamptz, seen_at timestamptz)
  on conflict do nothing`;

/** Answers how many were new. */
export async function insertComments(trx: Trx, rows: readonly CommentRow[]): Promise<number> {
  if (rows.length === 0) return 0;
  const { numAffectedRows } = await trx.executeQuery(CompiledQuery.raw(INSERT, [toJson(rows)]));
  return Number(numAffectedRows ?? 0n);
}

/** Oldest first. */
export async function readPending(db: Db | Trx, task: string): Promise<readonly CommentRow[]> {
  const { rows } = await sql<CommentRow>`
    select * from task_comments where task = ${task} and outcome = 'pending' order by at, seen_at, comment`.execute(db);
  return rows;
}

export async function markDelivered(trx: Trx, task: string, keys: readonly CommentKey[]): Promise<void> {
  if (keys.length === 0) return;
  await sql`
    update task_comments set outcome = 'delivered'
    from unnest(${keys.map(({ comment }) => comment)}::text[], ${keys.map(({ digest }) => digest)}::text[]) as k (comment, digest)
    where task = ${task} and task_comments.comment = k.comment and task_comments.digest = k.digest
      and outcome = 'pending'`.execute(trx);
}

/** What people have said so far, the last version of each comment, oldest first; for the prompt. */
export async function readConversation(db: Db | Trx, task: string): Promise<readonly CommentRow[]> {
  const { rows } = await sql<CommentRow>`
    select * from (
      select distinct on (comment) * from task_comments
      where task = ${task} and outcome in ('context', 'pending', 'delivered', 'outsider')
      order by comment, seen_at desc) as latest
    order by at, seen_at, comment`.execute(db);
  return rows;
}
