import { CompiledQuery, sql } from 'kysely';
import type { SubjectKind } from '../forges/index.ts';
import { type Db, type Trx, toJson } from '../store/index.ts';
import type { PlanItem, Task, TaskAttempt, TaskState } from './port.ts';

/** An issue or change among all of all forges. */
export interface SubjectId {
  readonly forge: string;
  readonly host: string;
  readonly projectId: string;
  readonly kind: SubjectKind;
  readonly number: number;
}

export type TriggeredBy = 'opened' | 'label_added' | 'retry';
/** What was decided and has still to be shown outside. `paused` and `awaiting_approval` are rests: the task goes on later. */
export type TaskEnding =
  | 'succeeded'
  | 'failed'
  | 'dead'
  | 'cancelled'
  | 'stopped'
  | 'expired'
  | 'paused'
  | 'awaiting_approval';

export interface TaskRow {
  readonly id: string;
  readonly source: string;
  readonly forge: 'github' | 'gitlab';
  readonly host: string;
  readonly project_id: string;
  readonly project: string;
  readonly kind: SubjectKind;
  readonly number: number;
  readonly generation: number;
  readonly state: TaskState;
  readonly reason: string | null;
  readonly title: string;
  readonly url: string;
  readonly label: string;
  readonly actor: string;
  readonly actor_id: string | null;
  readonly via: Task['via'];
  readonly triggered_by: TriggeredBy;
  readonly delivery_id: string | null;
  readonly error_id: string | null;
  readonly took_label: boolean;
  readonly ending: TaskEnding | null;
  readonly attempts: number;
  readonly failures: number;
  readonly troubles: number;
  readonly trouble_since: Date | null;
  readonly fence: number;
  readonly worker: string | null;
  readonly triggered_at: Date | null;
  readonly queued_at: Date;
  readonly not_before: Date | null;
  readonly claimed_at: Date | null;
  readonly ended_at: Date | null;
  readonly branch: string | null;
  readonly base: string | null;
  readonly base_sha: string | null;
  readonly head_sha: string | null;
  readonly change_number: number | null;
  readonly change_url: string | null;
  readonly change_adopted: boolean;
  readonly plan: readonly PlanItem[];
  readonly plan_text: string | null;
  readonly plan_approved_by: string | null;
  readonly note: string | null;
  /** Markdown of the runner's last success. */
  readonly summary: string | null;
  /** What the last failure said, masked; for screens, not for the forge. */
  readonly detail: string | null;
  readonly steps: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly money: number | null;
  /** Our account was assigned at the claim; it is stopped when that is taken back. */
  readonly was_assigned: boolean;
  readonly paused_at: Date | null;
  /** Somebody told of news: whoever works on it, or is next, looks at the forge. */
  readonly attention_at: Date | null;
  readonly steered_by: string | null;
  readonly steer_reason: string | null;
  readonly comment_id: string | null;
  /** How often the progress comment was found deleted. */
  readonly comment_lost: number;
  readonly commented_at: Date | null;
  /** Process (its owner name) whose data directory has the checkout as it was left. */
  readonly workspace: string | null;
  /** The comments that were there at the first claim are noted; every other one is news. */
  readonly comments_noted: boolean;
}

export interface AttemptRow {
  readonly task: string;
  readonly number: number;
  readonly worker: string;
  readonly fence: number;
  readonly started_at: Date;
  readonly ended_at: Date | null;
  readonly outcome: TaskAttempt['outcome'];
  readonly reason: string | null;
  readonly error_id: string | null;
}

type AgentTables = { tasks: TaskRow; task_attempts: AttemptRow };

function tables(db: Db | Trx) {
  return (db as Db).withTables<AgentTables>();
}

/** Names a subject; two sources that lead to the same one name it alike. */
export function nameOf({ forge, host, projectId, kind, number }: SubjectId): string {
  return JSON.stringify([forge, host, projectId, kind, number]);
}

export function subjectOf(row: TaskRow): SubjectId {
  return { forge: row.forge, host: row.host, projectId: row.project_id, kind: row.kind, number: row.number };
}

/**
 * Keeps everybody else from deciding on these subjects until the transaction ends. Taken in one order, so that two batches
 * never wait for each other. What is read afterwards, by another statement, is what the holder before has left.
 */
export async function lockSubjects(trx: Trx, subjects: readonly SubjectId[]): Promise<void> {
  const names = subjects.map((subject) => `task:${nameOf(subject)}`);
  await sql`
    select pg_advisory_xact_lock(key)
    from (select distinct hashtextextended(name, 0) as key from unnest(${names}::text[]) as name order by key) as keys`.execute(
    trx,
  );
}

const HISTORIES = `
  select s.place, t.id, t.state, t.reason, t.generation, t.via, t.triggered_by, t.triggered_at, t.queued_at, t.took_label
  from json_to_recordset($1::json) as s (place int, forge text, host text, "projectId" text, kind text, number bigint)
  cross join lateral (
    select * from tasks
    where forge = s.forge and host = s.host and project_id = s."projectId" and kind = s.kind and number = s.number
    order by generation desc limit 20) as t
  order by s.place, t.generation desc`;

export type HistoryRow = Pick<
  TaskRow,
  'id' | 'state' | 'reason' | 'generation' | 'via' | 'triggered_by' | 'triggered_at' | 'queued_at' | 'took_label'
> & { readonly place: number };

/** The last tasks of each subject, newest first, with the subject's place in the list. */
export async function readHistories(trx: Trx, subjects: readonly SubjectId[]): Promise<readonly HistoryRow[]> {
  if (subjects.length === 0) return [];
  const asked = subjects.map((subject, place) => ({ place, ...subject }));
  const { rows } = await trx.executeQuery<HistoryRow>(CompiledQuery.raw(HISTORIES, [toJson(asked)]));
  return rows;
}

const INSERT = `
  insert into tasks (id, source, forge, host, project_id, project, kind, number, generation, state, title, url, label, actor,
    actor_id, via, triggered_by, delivery_id, triggered_at, queued_at, reason, ended_at)
  select n.id, n.source, n.forge, n.host, n.project_id, n.project, n.kind, n.number, n.generation, $2, n.title, n.url,
    n.label, n.actor, n.actor_id, n.via, n.triggered_by, n.delivery_id, n.triggered_at, n.queued_at, $3,
    $4::timestamptz
  from json_to_recordset($1::json) as n (id text, source text, forge text, host text, project_id text, project text, kind text,
    number bigint, generation int, title text, url text, label text, actor text, actor_id text, via text, triggered_by text,
    delivery_id text, triggered_at timestamptz, queued_at timestamptz)`;

export type NewTask = Pick<
  TaskRow,
  | 'id'
  | 'source'
  | 'host'
  | 'project_id'
  | 'project'
  | 'kind'
  | 'number'
  | 'generation'
  | 'title'
  | 'url'
  | 'label'
  | 'actor'
  | 'actor_id'
  | 'via'
  | 'triggered_by'
  | 'delivery_id'
  | 'triggered_at'
  | 'queued_at'
> & { readonly forge: string };

/**
 * For a caller that has locked their subjects and found no task of them alive. `cancelled`: they have ended before they began.
 */
export async function insertTasks(trx: Trx, tasks: readonly NewTask[], cancelled?: Cancellation): Promise<void> {
  if (tasks.length === 0) return;
  const state = cancelled === undefined ? 'queued' : 'cancelled';
  const endedAt = cancelled === undefined ? null : new Date(cancelled.now);
  await trx.executeQuery(CompiledQuery.raw(INSERT, [toJson(tasks), state, cancelled?.reason ?? null, endedAt]));
}

interface Cancellation {
  readonly reason: string;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** Ends tasks that nobody has begun to work on; answers which. */
export async function cancelQueued(
  trx: Trx,
  ids: readonly string[],
  { reason, now }: Cancellation,
): Promise<readonly string[]> {
  if (ids.length === 0) return [];
  const { rows } = await sql<{ id: string }>`
    update tasks set state = 'cancelled', reason = ${reason}, not_before = null, ended_at = ${new Date(now)}
    where id = any(${[...ids]}::text[]) and state = 'queued' and not took_label and ending is null
    returning id`.execute(trx);
  return rows.map(({ id }) => id);
}

/** Notes for whoever works on these, or looks at them next, that there is news on the forge. */
export async function tellTasks(trx: Trx, ids: readonly string[], now: number): Promise<void> {
  if (ids.length === 0) return;
  await sql`update tasks set attention_at = ${new Date(now)} where id = any(${[...new Set(ids)]}::text[])`.execute(trx);
}

/** Locks the row: what it says is so until the transaction ends. For a caller that has locked the subject. */
export async function lockTask(trx: Trx, id: string): Promise<TaskRow | undefined> {
  const { rows } = await sql<TaskRow>`select * from tasks where id = ${id} for update`.execute(trx);
  return rows[0];
}

export interface Wanted {
  readonly state: 'pausing' | 'stopping' | 'queued';
  readonly reason: string | null;
  readonly by: string;
  readonly why: string | null;
  readonly approvesPlan: boolean;
}

/**
 * Says what is wanted of a task from now on; a rest that was decided, and not yet reached, no longer is. Its holder, if there is one,
 * finds that it can write nothing more.
 */
export async function setWanted(trx: Trx, id: string, wanted: Wanted): Promise<void> {
  const { state, reason, by, why, approvesPlan } = wanted;
  await sql`
    update tasks set state = ${state}, ending = null, reason = ${reason}, error_id = null, steered_by = ${by}, steer_reason = ${why},
      not_before = null, troubles = 0, trouble_since = null,
      paused_at = case when ${state}::text = 'queued' then null else paused_at end,
      plan_approved_by = case when ${approvesPlan}::boolean then ${by} else plan_approved_by end
    where id = ${id}`.execute(trx);
}

/** Those of them that no agent works on in their next round: they rest, are to rest or to end, or have ended. */
export async function readResting(db: Db, ids: readonly string[]): Promise<readonly string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from tasks
    where id = any(${[...ids]}::text[]) and state not in ('queued', 'claimed', 'running') and (state <> 'paused' or reason is distinct from 'drain')
    order by attention_at nulls last, id`.execute(db);
  return rows.map(({ id }) => id);
}

export function readTask(db: Db | Trx, id: string): Promise<TaskRow | undefined> {
  return tables(db).selectFrom('tasks').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Newest first: ids sort by time. */
export function listTasks(
  db: Db,
  page: {
    readonly limit: number;
    readonly cursor?: string | undefined;
    readonly state?: TaskState | undefined;
    readonly project?: string | undefined;
    readonly number?: number | undefined;
  },
): Promise<readonly TaskRow[]> {
  let query = tables(db).selectFrom('tasks').selectAll().orderBy('id', 'desc').limit(page.limit);
  if (page.cursor !== undefined) query = query.where('id', '<', page.cursor);
  if (page.state !== undefined) query = query.where('state', '=', page.state);
  if (page.number !== undefined) query = query.where('number', '=', page.number);
  // Forges take names in any case.
  if (page.project !== undefined) query = query.where(sql<boolean>`lower(project) = lower(${page.project})`);
  return query.execute();
}

export function readAttempts(db: Db | Trx, ids: readonly string[]): Promise<readonly AttemptRow[]> {
  if (ids.length === 0) return Promise.resolve([]);
  return tables(db)
    .selectFrom('task_attempts')
    .selectAll()
    .where('task', 'in', [...ids])
    .orderBy('task')
    .orderBy('number')
    .execute();
}
