import { sql } from 'kysely';
import type { AppConfig, StageConfig, TriggerConfig } from '../config/index.ts';
import { type Db, type Trx, appendEvent } from '../store/index.ts';
import type { RunState, StageState } from './pipeline.ts';
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

export async function insertApp(trx: Trx, app: Omit<AppRow, 'created_at' | 'removed_at'>): Promise<void> {
  await sql`
    insert into apps (name, source, forge, repository, triggers, added_by)
    values (${app.name}, ${app.source}, ${app.forge}, ${app.repository}, ${JSON.stringify(app.triggers)}, ${app.added_by})
    on conflict (name) do update set source = excluded.source, forge = excluded.forge, repository = excluded.repository,
      triggers = excluded.triggers, added_by = excluded.added_by, removed_at = null`.execute(trx);
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

/** Applications of a repository, by its name on the forge or by one of its clone addresses. */
export async function findApps(trx: Trx, repository: string, addresses: readonly string[]): Promise<readonly AppRow[]> {
  const { rows } = await sql<AppRow>`
    select * from apps where removed_at is null and (repository = ${repository.toLowerCase()} or source = any(${[...addresses]}))`.execute(
    trx,
  );
  return rows;
}

export async function markAppRemoved(trx: Trx, name: string): Promise<void> {
  await sql`update apps set removed_at = clock_timestamp() where name = ${name}`.execute(trx);
}

export async function updateTriggers(trx: Trx, name: string, triggers: TriggerConfig): Promise<void> {
  await sql`update apps set triggers = ${JSON.stringify(triggers)} where name = ${name}`.execute(trx);
}

// runs and their stages

export async function insertRun(
  trx: Trx,
  run: Pick<RunRow, 'id' | 'app' | 'trigger' | 'sha' | 'commit'>,
): Promise<void> {
  await sql`
    insert into runs (id, app, trigger, sha, commit, state)
    values (${run.id}, ${run.app}, ${JSON.stringify(run.trigger)}, ${run.sha}, ${run.commit === null ? null : JSON.stringify(run.commit)}, 'queued')`.execute(
    trx,
  );
}

/** Whether a run of this tag was made lately: a forge may tell of one tag twice. */
export async function hasRecentTagRun(trx: Trx, app: string, tag: string, sha: string | null): Promise<boolean> {
  const { rows } = await sql`
    select 1 from runs where app = ${app} and trigger ->> 'kind' = 'tag' and trigger ->> 'ref' = ${tag}
      and created_at > clock_timestamp() - interval '10 minutes' and (${sha}::text is null or sha is null or sha = ${sha}) limit 1`.execute(
    trx,
  );
  return rows.length > 0;
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

export async function planRun(
  trx: Trx,
  id: string,
  plan: { readonly commit: Commit; readonly config: AppConfig },
): Promise<void> {
  await sql`
    update runs set commit = ${JSON.stringify(plan.commit)}, sha = ${plan.commit.sha}, config = ${JSON.stringify(plan.config)} where id = ${id}`.execute(
    trx,
  );
  for (const [index, stage] of plan.config.pipeline.entries()) {
    await sql`
      insert into stages (run_id, index, name, config, state) values (${id}, ${index}, ${stage.name}, ${JSON.stringify(stage)}, 'pending')
      on conflict do nothing`.execute(trx);
  }
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
  await sql`update runs set state = ${state} where id = ${id} and state <> ${state}`.execute(trx);
}

export async function endRun(trx: Trx, id: string, state: RunState, failure: StageFailure | null): Promise<void> {
  await sql`
    update runs set state = ${state}, failure = ${failure === null ? null : JSON.stringify(failure)}, finished_at = clock_timestamp()
    where id = ${id} and finished_at is null`.execute(trx);
}

export async function setRunRelease(trx: Trx, id: string, releaseId: string): Promise<void> {
  await sql`update runs set release_id = ${releaseId} where id = ${id}`.execute(trx);
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

/** Begins an attempt. A stage that was running when its process died begins again, one attempt later. */
export async function beginStage(trx: Trx, stage: StageKey): Promise<void> {
  await sql`
    update stages set state = 'running', attempt = attempt + 1, started_at = coalesce(started_at, clock_timestamp()), wait = null
    where run_id = ${stage.run_id} and index = ${stage.index}`.execute(trx);
}

export async function setStageWaiting(trx: Trx, stage: StageKey, wait: StageWait): Promise<void> {
  await sql`
    update stages set state = 'waiting', wait = ${JSON.stringify(wait)}, started_at = coalesce(started_at, clock_timestamp())
    where run_id = ${stage.run_id} and index = ${stage.index}`.execute(trx);
}

export async function setStageRollout(trx: Trx, stage: StageKey, rolloutId: string): Promise<void> {
  await sql`update stages set rollout_id = ${rolloutId} where run_id = ${stage.run_id} and index = ${stage.index}`.execute(
    trx,
  );
}

export async function endStage(
  trx: Trx,
  stage: StageKey,
  state: StageState,
  failure: StageFailure | null,
): Promise<void> {
  await sql`
    update stages set state = ${state}, failure = ${failure === null ? null : JSON.stringify(failure)}, wait = null, finished_at = clock_timestamp()
    where run_id = ${stage.run_id} and index = ${stage.index}`.execute(trx);
}

// releases

/** Inserts a release or finds the one with the same content; numbers count up per application without gaps. */
export async function upsertRelease(trx: Trx, release: Omit<ReleaseRow, 'number' | 'created_at'>): Promise<ReleaseRow> {
  await sql`select 1 from apps where name = ${release.app} for update`.execute(trx);
  const existing = await readRelease(trx, release.id);
  if (existing !== undefined) return existing;
  await sql`
    insert into releases (id, app, number, commit_sha, commit, range, artifact_digest, config_hash, config)
    select ${release.id}, ${release.app}, coalesce(max(number), 0) + 1, ${release.commit_sha}, ${JSON.stringify(release.commit)}::jsonb,
      ${JSON.stringify(release.range)}::jsonb, ${release.artifact_digest}, ${release.config_hash}, ${JSON.stringify(release.config)}::jsonb
    from releases where app = ${release.app}`.execute(trx);
  const created = await readRelease(trx, release.id);
  if (created === undefined) throw new Error(`release ${release.id} vanished in its own transaction`);
  return created;
}

export async function appendReleaseEvent(
  trx: Trx,
  release: ReleaseRow,
  run: Pick<RunRow, 'id' | 'trigger'>,
): Promise<void> {
  const data = { number: release.number, commit: release.commit_sha, artifact: release.artifact_digest, runId: run.id };
  await appendEvent(trx, {
    kind: 'release.sealed',
    app: release.app,
    subject: release.id,
    actor: run.trigger.actor,
    data,
  });
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

export function listReleases(
  db: Db,
  filter: { readonly app?: string | undefined; readonly limit: number },
): Promise<readonly ReleaseRow[]> {
  let query = tables(db).selectFrom('releases').selectAll().orderBy('created_at', 'desc').limit(filter.limit);
  if (filter.app !== undefined) query = query.where('app', '=', filter.app);
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

// logs

export async function appendLog(db: Db, stage: StageKey, text: string): Promise<void> {
  await sql`insert into stage_logs (run_id, stage, text) values (${stage.run_id}, ${stage.index}, ${text.replaceAll('\u0000', '\uFFFD')})`.execute(
    db,
  );
}

export interface LogChunk {
  readonly position: number;
  readonly stage: number;
  readonly at: number;
  readonly text: string;
}

/** Chunks of a run's log after a position, oldest first. */
export async function readLog(
  db: Db,
  runId: string,
  filter: { readonly after: number; readonly stage?: number | undefined; readonly limit: number },
): Promise<readonly LogChunk[]> {
  const stage = filter.stage === undefined ? sql`true` : sql`stage = ${filter.stage}`;
  const { rows } = await sql<{ position: number; stage: number; at: Date; text: string }>`
    select position, stage, at, text from stage_logs where run_id = ${runId} and position > ${filter.after} and ${stage} order by position limit ${filter.limit}`.execute(
    db,
  );
  return rows.map((row) => ({ ...row, at: row.at.getTime() }));
}

/** The last lines of a stage, for evidence. */
export async function readLogTail(db: Db, stage: StageKey, lines: number): Promise<readonly string[]> {
  const { rows } = await sql<{ text: string }>`
    select text from stage_logs where run_id = ${stage.run_id} and stage = ${stage.index} order by position desc limit 20`.execute(
    db,
  );
  const text = rows
    .toReversed()
    .map((row) => row.text)
    .join('');
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-lines);
}
