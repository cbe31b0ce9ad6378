import { type SqlBool, sql } from 'kysely';
import { type Db, type Trx, toJson } from '../store/index.ts';
import type { Evidence, FailedRollout, IssueState } from './port.ts';

export interface IssueRow {
  readonly id: string;
  readonly app: string;
  readonly environment: string;
  readonly release: string;
  readonly rollouts: readonly string[];
  readonly told: number;
  readonly successes: readonly string[];
  readonly source: string | null;
  readonly project: string | null;
  readonly project_id: string | null;
  readonly number: number | null;
  readonly url: string | null;
  readonly state: IssueState;
  readonly reason: string | null;
  /** Of the first failure, as it was gathered then: lines of functions are not kept for ever. */
  readonly evidence: Evidence | null;
  readonly labelled: boolean;
  readonly closed_by: string | null;
  readonly troubles: number;
  readonly trouble_since: Date | null;
  readonly opened_at: Date;
  readonly closed_at: Date | null;
}

function tables(db: Db | Trx) {
  return (db as Db).withTables<{ loop_issues: IssueRow }>();
}

export function readIssue(db: Db | Trx, id: string): Promise<IssueRow | undefined> {
  return tables(db).selectFrom('loop_issues').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Newest first: ids sort by time. */
export function listIssues(db: Db, app: string | undefined): Promise<readonly IssueRow[]> {
  const query = tables(db).selectFrom('loop_issues').selectAll().orderBy('id', 'desc').limit(200);
  return (app === undefined ? query : query.where('app', '=', app)).execute();
}

export async function isHandedOver(
  db: Db,
  issue: { readonly source: string; readonly projectId: string; readonly number: number },
): Promise<boolean> {
  const { rows } = await sql<{ is: SqlBool }>`
    select exists (select from loop_issues
      where source = ${issue.source} and project_id = ${issue.projectId} and number = ${issue.number} and labelled) as is`.execute(
    db,
  );
  return rows[0]?.is === true;
}

/** Issues of an environment that no baked release has answered so far, but that of the release itself. One given up unopened is none. */
export async function countUnanswered(trx: Trx, failed: FailedRollout): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::integer as count from loop_issues
    where app = ${failed.app} and environment = ${failed.environment} and release <> ${failed.releaseId}
      and (state in ('opening', 'open') or (state = 'failed' and number is not null))
      and closed_by is null and successes = '{}'`.execute(trx);
  return rows[0]?.count ?? 0;
}

/**
 * The issue of the release, made when it is its first failure there; otherwise the failure is one more that has to be told. An issue
 * that had been given up is tried again.
 */
export async function noteFailure(
  trx: Trx,
  failed: FailedRollout,
  made: { readonly id: string; readonly labelled: boolean; readonly now: number },
): Promise<{ readonly id: string; readonly isNew: boolean }> {
  const { rows } = await sql<{ id: string }>`
    insert into loop_issues as present (id, app, environment, release, rollouts, state, labelled, opened_at)
    values (${made.id}, ${failed.app}, ${failed.environment}, ${failed.releaseId}, array[${failed.rolloutId}], 'opening',
      ${made.labelled}, ${new Date(made.now)})
    on conflict (app, environment, release) do update set
      rollouts = case when ${failed.rolloutId} = any(present.rollouts) then present.rollouts
        else present.rollouts || ${failed.rolloutId}::text end,
      state = case when present.state = 'failed' then 'opening' else present.state end,
      reason = null, troubles = 0, trouble_since = null
    returning id`.execute(trx);
  const id = rows[0]?.id ?? made.id;
  return { id, isNew: id === made.id };
}

/** Notes a release that baked on every issue of the environment that is not closed; answers their ids. */
export async function noteSuccess(trx: Trx, success: FailedRollout): Promise<readonly string[]> {
  const { rows } = await sql<{ id: string }>`
    update loop_issues set successes = successes || ${success.releaseId}::text
    where app = ${success.app} and environment = ${success.environment} and closed_by is null and closed_at is null
      and (state in ('opening', 'open') or (state = 'failed' and number is not null))
    returning id`.execute(trx);
  return rows.map(({ id }) => id);
}

/** Forgets releases that were compared; one of them may have answered the issue. */
export async function markCompared(
  trx: Trx,
  id: string,
  { compared, answeredBy }: { readonly compared: readonly string[]; readonly answeredBy: string | null },
): Promise<void> {
  await sql`
    update loop_issues set closed_by = coalesce(closed_by, ${answeredBy}),
      state = case when ${answeredBy}::text is not null and number is not null then 'closing' else state end,
      successes = array(select each from unnest(successes) with ordinality as s (each, place)
        where each <> all(${[...compared]}::text[]) order by place)
    where id = ${id} and closed_at is null`.execute(trx);
}

export async function saveEvidence(db: Db, id: string, evidence: Evidence): Promise<void> {
  await sql`update loop_issues set evidence = ${toJson(evidence)}::jsonb where id = ${id} and evidence is null`.execute(
    db,
  );
}

/** What the forge has answered; the first failure is told with it. */
export async function saveOpened(
  db: Db,
  id: string,
  issue: {
    readonly source: string;
    readonly project: string;
    readonly projectId: string;
    readonly number: number;
    readonly url: string;
  },
): Promise<void> {
  await sql`
    update loop_issues set source = ${issue.source}, project = ${issue.project}, project_id = ${issue.projectId},
      number = ${issue.number}, url = ${issue.url}, told = greatest(told, 1), troubles = 0, trouble_since = null
    where id = ${id} and number is null`.execute(db);
}

/** The issue is there, and labelled where it should be. False when it was so before. */
export async function setOpen(trx: Trx, id: string): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update loop_issues set state = case when closed_by is null then 'open' else 'closing' end, troubles = 0, trouble_since = null
    where id = ${id} and state = 'opening' and number is not null`.execute(trx);
  return numAffectedRows === 1n;
}

/** The first `told` failures are on the forge. False when they were so before. */
export async function setTold(trx: Trx, id: string, told: number): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update loop_issues set told = ${told}, troubles = 0, trouble_since = null where id = ${id} and told < ${told}`.execute(
    trx,
  );
  return numAffectedRows === 1n;
}

export async function setClosed(trx: Trx, id: string, now: number): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update loop_issues set state = 'closed', closed_at = ${new Date(now)}, troubles = 0, trouble_since = null
    where id = ${id} and state = 'closing'`.execute(trx);
  return numAffectedRows === 1n;
}

/** Gives up; failures that were not told by then are not told any more. */
export async function setFailed(trx: Trx, id: string, reason: string): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update loop_issues set state = case when closed_at is null then 'failed' else 'closed' end, reason = ${reason},
      told = cardinality(rollouts), successes = '{}'
    where id = ${id}`.execute(trx);
  return numAffectedRows === 1n;
}

export async function noteTrouble(
  db: Db,
  id: string,
  { troubles, since }: { readonly troubles: number; readonly since: number },
): Promise<void> {
  await sql`update loop_issues set troubles = ${troubles}, trouble_since = ${new Date(since)} where id = ${id}`.execute(
    db,
  );
}
