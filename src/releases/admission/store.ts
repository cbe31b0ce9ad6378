import { sql } from 'kysely';
import { type Trx, toJson } from '../../store/index.ts';
import type { Trigger } from '../store.ts';
import type { ProjectOfApp } from './repository.ts';

/**
 * Makes whoever admits pushes of these applications at the same moment wait for this transaction. Always in the order of their
 * names, so that two never wait for each other.
 */
export async function lockApps(trx: Trx, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  await sql`select 1 from apps where name = any(${[...names]}::text[]) order by name for no key update`.execute(trx);
}

/** Remembers which repositories applications come from. The applications must be locked. */
export async function noteProjects(trx: Trx, projects: readonly ProjectOfApp[]): Promise<void> {
  if (projects.length === 0) return;
  await sql`
    update apps set project_host = told.host, project_id = told.id
    from json_to_recordset(${toJson(projects)}::json) as told (app text, host text, id text)
    where apps.name = told.app`.execute(trx);
}

/** A branch or tag as one application knows it. */
export interface RefOfApp {
  readonly app: string;
  readonly kind: 'push' | 'tag';
  readonly ref: string;
}

export interface RefRun extends RefOfApp {
  readonly sha: string | null;
  readonly trigger: Trigger;
  readonly created_at: Date;
}

/**
 * The newest run of each ref that tells where the ref pointed: by a push, a tag or `ship`. A retry does not: it repeats what
 * was.
 */
export async function readNewestRuns(trx: Trx, refs: readonly RefOfApp[]): Promise<readonly RefRun[]> {
  const { rows } = await sql<RefRun>`
    select wanted.app, wanted.kind, wanted.ref, run.sha, run.trigger, run.created_at
    from json_to_recordset(${toJson(refs)}::json) as wanted (app text, kind text, ref text)
    cross join lateral (
      select sha, trigger, created_at from runs
      where app = wanted.app and trigger ->> 'ref' = wanted.ref and trigger ->> 'kind' in (wanted.kind, 'ship')
      order by sequence desc limit 1
    ) as run`.execute(trx);
  return rows;
}

/** Whether a run of this tag was made lately: a forge may tell of one tag twice. The application must be locked. */
export async function hasRecentTagRun(trx: Trx, app: string, tag: string, sha: string | null): Promise<boolean> {
  const { rows } = await sql`
    select 1 from runs where app = ${app} and trigger ->> 'kind' = 'tag' and trigger ->> 'ref' = ${tag}
      and created_at > clock_timestamp() - interval '10 minutes' and (${sha}::text is null or sha is null or sha = ${sha}) limit 1`.execute(
    trx,
  );
  return rows.length > 0;
}
