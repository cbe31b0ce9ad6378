import { sql } from 'kysely';
import { type Db, type Trx, toJson } from '../../store/index.ts';
import type { Memory } from './memory.ts';

export interface RepositoryId {
  readonly source: string;
  readonly fullName: string;
}

/** The right to look at a repository, and what is known of it. */
export interface Claim extends RepositoryId {
  readonly projectId: string | null;
  readonly hookId: string | null;
  readonly redeliveredUntil: number | null;
  readonly memory: Memory;
  readonly failures: number;
  readonly failure: string | null;
  /** Until when the claim holds (epoch ms); whoever writes names it, and writes nothing when it is another's by now. */
  readonly until: number;
}

export interface Appointment extends RepositoryId {
  /** When it is to be looked at next (epoch ms); null when it never was. */
  readonly pollAt: number | null;
  /** Until when another look holds it at most. */
  readonly pollingUntil: number | null;
}

/** Makes the rows that are missing. Nobody added them: they only remember. */
export async function insertMissing(db: Db, repositories: readonly RepositoryId[]): Promise<void> {
  if (repositories.length === 0) return;
  await sql`
    insert into source_repositories (source, full_name)
    select * from unnest(${repositories.map(({ source }) => source)}::text[], ${repositories.map(({ fullName }) => fullName)}::text[])
    on conflict do nothing`.execute(db);
}

export async function selectAppointments(db: Db): Promise<readonly Appointment[]> {
  const { rows } = await sql<{ source: string; full_name: string; poll_at: Date | null; polling_until: Date | null }>`
    select source, full_name, poll_at, polling_until from source_repositories
    order by poll_at nulls first, source, full_name`.execute(db);
  return rows.map((row) => ({
    source: row.source,
    fullName: row.full_name,
    pollAt: row.poll_at?.getTime() ?? null,
    pollingUntil: row.polling_until?.getTime() ?? null,
  }));
}

interface ClaimedRow {
  readonly project_id: string | null;
  readonly hook_id: string | null;
  readonly redelivered_until: Date | null;
  readonly etags: Memory;
  readonly poll_failures: number;
  readonly poll_failure: string | null;
}

/**
 * Claims a repository, by comparing and setting: of several at once, one gets it. Undefined when it is not due (unless that
 * does not matter) or another look holds it.
 */
export async function claimRepository(
  db: Db,
  { source, fullName }: RepositoryId,
  { now, until, whenever }: { readonly now: number; readonly until: number; readonly whenever: boolean },
): Promise<Claim | undefined> {
  const { rows } = await sql<ClaimedRow>`
    update source_repositories set polling_until = ${new Date(until)}
    where source = ${source} and full_name = ${fullName}
      and (${whenever} or poll_at is null or poll_at <= ${new Date(now)})
      and (polling_until is null or polling_until <= ${new Date(now)})
    returning project_id, hook_id, redelivered_until, etags, poll_failures, poll_failure`.execute(db);
  const [row] = rows;
  if (row === undefined) return undefined;
  return {
    source,
    fullName,
    projectId: row.project_id,
    hookId: row.hook_id,
    redeliveredUntil: row.redelivered_until?.getTime() ?? null,
    memory: row.etags,
    failures: row.poll_failures,
    failure: row.poll_failure,
    until,
  };
}

/** Holds a claim for longer; false when it is another's by now. */
export async function renewClaim(db: Db, claim: Claim, until: number): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update source_repositories set polling_until = ${new Date(until)} where ${isHeld(claim)}`.execute(db);
  return numAffectedRows === 1n;
}

/** Gives a repository back as it was, for another to look at. */
export async function releaseClaim(db: Db, claim: Claim): Promise<void> {
  await sql`update source_repositories set polling_until = null where ${isHeld(claim)}`.execute(db);
}

function isHeld({ source, fullName, until }: Claim) {
  return sql<boolean>`source = ${source} and full_name = ${fullName} and polling_until = ${new Date(until)}`;
}

export interface Ending {
  readonly projectId: string | null;
  readonly memory: Memory;
  readonly redeliveredUntil: number | null;
  readonly pollAt: number;
  /** Null: it was not seen this time, and the time before stays. */
  readonly polledAt: number | null;
  readonly failures: number;
  readonly failure: string | null;
}

/** Notes what a look found and when the next one is, and gives the repository back; false when it is another's by now. */
export async function endLook(trx: Trx, claim: Claim, ending: Ending): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update source_repositories set polling_until = null, project_id = ${ending.projectId}, etags = ${toJson(ending.memory)},
      redelivered_until = ${dateOf(ending.redeliveredUntil)}, poll_at = ${new Date(ending.pollAt)},
      polled_at = coalesce(${dateOf(ending.polledAt)}, polled_at), poll_failures = ${ending.failures}, poll_failure = ${ending.failure}
    where ${isHeld(claim)}`.execute(trx);
  return numAffectedRows === 1n;
}

function dateOf(time: number | null): Date | null {
  return time === null ? null : new Date(time);
}

/** Refs as they were at the last look: what each pointed at, by its full name. */
export async function selectRefs(db: Db, { source, fullName }: RepositoryId): Promise<ReadonlyMap<string, string>> {
  const { rows } = await sql<{ ref: string; sha: string }>`
    select ref, sha from source_refs where source = ${source} and full_name = ${fullName}`.execute(db);
  return new Map(rows.map(({ ref, sha }) => [ref, sha]));
}

/** Remembers refs that are new or moved, and forgets those that are gone. */
export async function saveRefs(
  trx: Trx,
  { source, fullName }: RepositoryId,
  refs: { readonly moved: ReadonlyMap<string, string>; readonly gone: readonly string[]; readonly at: number },
): Promise<void> {
  if (refs.gone.length > 0) {
    await sql`
      delete from source_refs
      where source = ${source} and full_name = ${fullName} and ref = any(${[...refs.gone]}::text[])`.execute(trx);
  }
  if (refs.moved.size === 0) return;
  await sql`
    insert into source_refs (source, full_name, ref, sha, seen_at)
    select ${source}, ${fullName}, ref, sha, ${new Date(refs.at)}
    from unnest(${[...refs.moved.keys()]}::text[], ${[...refs.moved.values()]}::text[]) as moved (ref, sha)
    on conflict (source, full_name, ref) do update set sha = excluded.sha, seen_at = excluded.seen_at`.execute(trx);
}

/** Which of these ids of deliveries of a source are stored. */
export async function selectStored(
  db: Db,
  source: string,
  deliveryIds: readonly string[],
): Promise<ReadonlySet<string>> {
  if (deliveryIds.length === 0) return new Set();
  const { rows } = await sql<{ delivery_id: string }>`
    select delivery_id from deliveries
    where source = ${source} and delivery_id = any(${[...deliveryIds]}::text[])`.execute(db);
  return new Set(rows.map((row) => row.delivery_id));
}

/** The newest webhook of a source and its newest failed verification; looks at so many deliveries and no more. */
export async function selectSigns(
  db: Db,
  source: string,
): Promise<{ readonly lastWebhookAt: number | null; readonly lastFailureAt: number | null }> {
  const { rows } = await sql<{ webhook: Date | null; failure: Date | null }>`
    select
      (select max(received_at) from (
        select via, replay_of, received_at from deliveries where source = ${source} order by id desc limit 500) as newest
        where via = 'webhook' and replay_of is null) as webhook,
      (select last_failure_at from sources where name = ${source}) as failure`.execute(db);
  return { lastWebhookAt: rows[0]?.webhook?.getTime() ?? null, lastFailureAt: rows[0]?.failure?.getTime() ?? null };
}
