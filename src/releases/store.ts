import { sql } from 'kysely';
import type { AppConfig, StageConfig, TriggerConfig } from '../config/index.ts';
import type { Db, Trx } from '../store/index.ts';
import type { RunState, StageState } from './pipeline.ts';
import { toJson } from './json.ts';
import type { ReleaseSecrets } from './pinning.ts';
import type { StageFailure, StageWait } from './port.ts';

export interface Commit {
  readonly sha: string;
  readonly message: string;
  readonly author: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly ref: string | null;
}

export interface Trigger {
  readonly kind: 'push' | 'tag' | 'ship' | 'retry';
  readonly actor: string;
  /** Branch or tag name, or the text that was asked for. */
  readonly ref: string;
  readonly deliveryId: string | null;
  /** Only of a push or tag that polling found. */
  readonly via?: 'poll' | undefined;
  /** Which hook of the forge told of it, where that is known. */
  readonly hook?: string | undefined;
  /** Only of a tag: what it pointed at, which for an annotated one is not the commit; null when that was not told. */
  readonly pointsAt?: string | null | undefined;
  /** Only of a retry: who started the first run of the commit. */
  readonly author?: string | undefined;
}

export interface ReleaseTables {
  apps: {
    name: string;
    source: string;
    forge: 'github' | 'gitlab' | 'local';
    repository: string;
    triggers: TriggerConfig;
    added_by: string;
    created_at: Date;
    removed_at: Date | null;
    /** Host and id of its repository, once a delivery told of them; they stay when it is renamed. */
    project_host: string | null;
    project_id: string | null;
  };
  releases: {
    id: string;
    app: string;
    number: number;
    commit_sha: string;
    commit: Commit;
    range: readonly { readonly sha: string; readonly message: string }[];
    artifact_digest: string;
    config_hash: string;
    config: AppConfig;
    /** By environment: the versions of the secrets that it refers to. */
    secrets: ReleaseSecrets;
    created_at: Date;
  };
  runs: {
    sequence: number;
    id: string;
    app: string;
    trigger: Trigger;
    sha: string | null;
    commit: Commit | null;
    config: AppConfig | null;
    release_id: string | null;
    state: RunState;
    failure: StageFailure | null;
    /** Trouble that is being waited out. */
    trouble: StageWait | null;
    created_at: Date;
    started_at: Date | null;
    finished_at: Date | null;
  };
  stages: {
    run_id: string;
    index: number;
    name: string;
    config: StageConfig;
    state: StageState;
    attempt: number;
    started_at: Date | null;
    finished_at: Date | null;
    wait: StageWait | null;
    failure: StageFailure | null;
    rollout_id: string | null;
  };
}

export type AppRow = ReleaseTables['apps'];
export type ReleaseRow = ReleaseTables['releases'];
export type RunRow = ReleaseTables['runs'];
export type StageRow = ReleaseTables['stages'];

function tables(db: Db | Trx) {
  return (db as Db).withTables<{ [Name in keyof ReleaseTables]: ReleaseTables[Name] }>();
}

// applications

type NewAppRow = Pick<AppRow, 'name' | 'source' | 'forge' | 'repository' | 'triggers' | 'added_by'>;

/** Registers an application, or one that was removed again; false when the name is taken by another source. */
export async function insertApp(trx: Trx, app: NewAppRow): Promise<boolean> {
  const { numAffectedRows } = await sql`
    insert into apps (name, source, forge, repository, triggers, added_by)
    values (${app.name}, ${app.source}, ${app.forge}, ${app.repository}, ${toJson(app.triggers)}, ${app.added_by})
    on conflict (name) do update set source = excluded.source, forge = excluded.forge, repository = excluded.repository,
      triggers = excluded.triggers, added_by = excluded.added_by, removed_at = null, project_host = null, project_id = null
    where apps.removed_at is not null or apps.source = excluded.source`.execute(trx);
  return numAffectedRows === 1n;
}

export function readApp(db: Db | Trx, name: string): Promise<AppRow | undefined> {
  return tables(db)
    .selectFrom('apps')
    .selectAll()
    .where('name', '=', name)
    .where('removed_at', 'is', null)
    .executeTakeFirst() as Promise<AppRow | undefined>;
}

export function listApps(db: Db): Promise<readonly AppRow[]> {
  return tables(db).selectFrom('apps').selectAll().where('removed_at', 'is', null).orderBy('name').execute() as Promise<
    AppRow[]
  >;
}

/** Applications that may come from these repositories: their names, clone addresses or ids fit, maybe on another host. */
export async function findApps(
  trx: Trx,
  told: {
    readonly names: readonly string[];
    readonly addresses: readonly string[];
    readonly ids: readonly string[];
  },
): Promise<readonly AppRow[]> {
  const { names, addresses, ids } = told;
  const { rows } = await sql<AppRow>`
    select * from apps where removed_at is null
      and (repository = any(${[...names]}::text[]) or source = any(${[...addresses]}::text[])
        or project_id = any(${[...ids]}::text[]))`.execute(trx);
  return rows;
}

export async function markAppRemoved(trx: Trx, name: string): Promise<void> {
  await sql`update apps set removed_at = clock_timestamp() where name = ${name}`.execute(trx);
}

export async function updateTriggers(trx: Trx, name: string, triggers: TriggerConfig): Promise<void> {
  await sql`update apps set triggers = ${toJson(triggers)} where name = ${name}`.execute(trx);
}

// runs and their stages

/** Inserts runs in their order, with one statement. */
export async function insertRuns(
  trx: Trx,
  runs: readonly Pick<RunRow, 'id' | 'app' | 'trigger' | 'sha' | 'commit'>[],
): Promise<void> {
  await sql`
    insert into runs (id, app, trigger, sha, commit, state)
    select r.id, r.app, r.trigger, r.sha, r.commit, 'queued'
    from rows from (json_to_recordset(${toJson(runs)}::json) as (id text, app text, trigger jsonb, sha text, commit jsonb))
      with ordinality as r (id, app, trigger, sha, commit, place)
    order by r.place`.execute(trx);
}

export function readRun(db: Db | Trx, id: string): Promise<RunRow | undefined> {
  return tables(db).selectFrom('runs').selectAll().where('id', '=', id).executeTakeFirst() as Promise<
    RunRow | undefined
  >;
}

export function listRuns(
  db: Db,
  filter: { readonly app?: string | undefined; readonly limit: number; readonly before?: number | undefined },
): Promise<readonly RunRow[]> {
  let query = tables(db).selectFrom('runs').selectAll().orderBy('sequence', 'desc').limit(filter.limit);
  if (filter.app !== undefined) query = query.where('app', '=', filter.app);
  if (filter.before !== undefined) query = query.where('sequence', '<', filter.before);
  return query.execute() as Promise<RunRow[]>;
}

/** Keeps what was found out about a run and makes its stages; false when somebody else has done so. */
export async function planRun(
  trx: Trx,
  id: string,
  plan: { readonly commit: Commit; readonly config: AppConfig },
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update runs set commit = ${toJson(plan.commit)}, sha = ${plan.commit.sha}, config = ${toJson(plan.config)}, trouble = null
    where id = ${id} and config is null and finished_at is null`.execute(trx);
  if (numAffectedRows !== 1n) return false;
  for (const [index, stage] of plan.config.pipeline.entries()) {
    await sql`
      insert into stages (run_id, index, name, config, state) values (${id}, ${index}, ${stage.name}, ${toJson(stage)}, 'pending')`.execute(
      trx,
    );
  }
  return true;
}

/** Notes that work on a run began; false when it had begun before. */
export async function beginRun(trx: Trx, id: string): Promise<boolean> {
  const { numAffectedRows } =
    await sql`update runs set state = 'running', started_at = clock_timestamp() where id = ${id} and started_at is null`.execute(
      trx,
    );
  return numAffectedRows === 1n;
}

export async function setRunState(trx: Trx, id: string, state: RunState): Promise<void> {
  await sql`update runs set state = ${state} where id = ${id} and state <> ${state} and finished_at is null`.execute(
    trx,
  );
}

export async function setRunTrouble(trx: Trx, id: string, trouble: StageWait | null): Promise<void> {
  await sql`
    update runs set trouble = ${trouble === null ? null : toJson(trouble)} where id = ${id} and finished_at is null`.execute(
    trx,
  );
}

/** False when it had ended before. */
export async function endRun(trx: Trx, id: string, state: RunState, failure: StageFailure | null): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update runs set state = ${state}, failure = ${failure === null ? null : toJson(failure)}, trouble = null, finished_at = clock_timestamp()
    where id = ${id} and finished_at is null`.execute(trx);
  return numAffectedRows === 1n;
}

export async function setRunRelease(trx: Trx, id: string, releaseId: string): Promise<void> {
  await sql`update runs set release_id = ${releaseId} where id = ${id}`.execute(trx);
}

export async function readOpenRuns(trx: Trx, app: string): Promise<readonly string[]> {
  const { rows } = await sql<{ id: string }>`select id from runs where app = ${app} and finished_at is null`.execute(
    trx,
  );
  return rows.map((row) => row.id);
}

export function readStages(db: Db | Trx, runIds: readonly string[]): Promise<readonly StageRow[]> {
  if (runIds.length === 0) return Promise.resolve([]);
  return tables(db)
    .selectFrom('stages')
    .selectAll()
    .where('run_id', 'in', [...runIds])
    .orderBy('run_id')
    .orderBy('index')
    .execute() as Promise<StageRow[]>;
}

export interface StageKey {
  readonly run_id: string;
  readonly index: number;
}

/**
 * A stage as it was read. Whoever writes it names the attempt that he read, and writes nothing when another process has begun
 * or ended the stage since; each of these functions then answers false (or undefined).
 */
export type StageRevision = Pick<StageRow, 'run_id' | 'index' | 'attempt'>;

/** Begins an attempt. A stage that was running when its process died begins again, one attempt later. */
export async function beginStage(trx: Trx, stage: StageRevision): Promise<StageRow | undefined> {
  const { rows } = await sql<StageRow>`
    update stages set state = 'running', attempt = attempt + 1, started_at = coalesce(started_at, clock_timestamp()), wait = null
    where run_id = ${stage.run_id} and index = ${stage.index} and attempt = ${stage.attempt} and state in ('pending', 'running')
    returning *`.execute(trx);
  return rows[0];
}

/** `failure`: what has been found already and stands when the wait is over. */
export async function setStageWaiting(
  trx: Trx,
  stage: StageRevision,
  { wait, failure }: { readonly wait: StageWait; readonly failure: StageFailure | null },
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update stages set state = 'waiting', wait = ${toJson(wait)}, failure = ${failure === null ? null : toJson(failure)}
    where run_id = ${stage.run_id} and index = ${stage.index} and attempt = ${stage.attempt} and state in ('running', 'waiting')`.execute(
    trx,
  );
  return numAffectedRows === 1n;
}

export async function setStageRollout(trx: Trx, stage: StageKey, rolloutId: string): Promise<void> {
  await sql`update stages set rollout_id = ${rolloutId} where run_id = ${stage.run_id} and index = ${stage.index}`.execute(
    trx,
  );
}

export async function endStage(
  trx: Trx,
  stage: StageRevision,
  state: StageState,
  failure: StageFailure | null,
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update stages set state = ${state}, failure = ${failure === null ? null : toJson(failure)}, wait = null, finished_at = clock_timestamp()
    where run_id = ${stage.run_id} and index = ${stage.index} and attempt = ${stage.attempt} and state in ('pending', 'running', 'waiting')`.execute(
    trx,
  );
  return numAffectedRows === 1n;
}

/** For a run that ends before its pipeline does: what had begun is aborted, the rest is skipped. */
export async function endOpenStages(trx: Trx, runId: string): Promise<void> {
  await sql`
    update stages set state = case when state = 'pending' then 'skipped' else 'aborted' end, wait = null, finished_at = clock_timestamp()
    where run_id = ${runId} and state in ('pending', 'running', 'waiting')`.execute(trx);
}

// releases

/** Inserts a release or finds the one with the same content; numbers count up per application without gaps. */
export async function upsertRelease(
  trx: Trx,
  release: Omit<ReleaseRow, 'number' | 'created_at'>,
): Promise<{ readonly release: ReleaseRow; readonly isNew: boolean }> {
  await sql`select 1 from apps where name = ${release.app} for no key update`.execute(trx);
  const existing = await readRelease(trx, release.id);
  if (existing !== undefined) return { release: existing, isNew: false };
  await sql`
    insert into releases (id, app, number, commit_sha, commit, range, artifact_digest, config_hash, config, secrets)
    select ${release.id}, ${release.app}, coalesce(max(number), 0) + 1, ${release.commit_sha}, ${toJson(release.commit)}::jsonb,
      ${toJson(release.range)}::jsonb, ${release.artifact_digest}, ${release.config_hash}, ${toJson(release.config)}::jsonb, ${toJson(release.secrets)}::jsonb
    from releases where app = ${release.app}`.execute(trx);
  const created = await readRelease(trx, release.id);
  if (created === undefined) throw new Error(`release ${release.id} vanished in its own transaction`);
  return { release: created, isNew: true };
}

export function readRelease(db: Db | Trx, id: string): Promise<ReleaseRow | undefined> {
  return tables(db).selectFrom('releases').selectAll().where('id', '=', id).executeTakeFirst() as Promise<
    ReleaseRow | undefined
  >;
}

export function readReleaseByNumber(db: Db, app: string, number: number): Promise<ReleaseRow | undefined> {
  return tables(db)
    .selectFrom('releases')
    .selectAll()
    .where('app', '=', app)
    .where('number', '=', number)
    .executeTakeFirst() as Promise<ReleaseRow | undefined>;
}

export function readReleases(db: Db, ids: readonly string[]): Promise<readonly ReleaseRow[]> {
  if (ids.length === 0) return Promise.resolve([]);
  return tables(db)
    .selectFrom('releases')
    .selectAll()
    .where('id', 'in', [...ids])
    .execute() as Promise<ReleaseRow[]>;
}

/** Newest first; `before`: only what stands after this release in that order. */
export function listReleases(
  db: Db,
  filter: { readonly app?: string | undefined; readonly limit: number; readonly before?: string | undefined },
): Promise<readonly ReleaseRow[]> {
  let query = tables(db)
    .selectFrom('releases')
    .selectAll()
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(filter.limit);
  if (filter.app !== undefined) query = query.where('app', '=', filter.app);
  if (filter.before !== undefined) {
    query = query.where(
      sql<boolean>`(created_at, id) < (select created_at, id from releases where id = ${filter.before})`,
    );
  }
  return query.execute() as Promise<ReleaseRow[]>;
}

export function readPreviousRelease(db: Db, app: string): Promise<ReleaseRow | undefined> {
  return tables(db)
    .selectFrom('releases')
    .selectAll()
    .where('app', '=', app)
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst() as Promise<ReleaseRow | undefined>;
}
