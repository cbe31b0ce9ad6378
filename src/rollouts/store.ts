import { sql } from 'kysely';
import { type Db, type Trx, toJson } from '../store/index.ts';
import type { Hold, Initiator, Wait } from './admit.ts';
import type { Command } from './decide/decision.ts';
import type { MetricResult } from './judge/index.ts';
import type { RolloutPlan } from './plan.ts';
import type { Phase, RolloutState } from './state.ts';

export interface RolloutTables {
  environments: {
    app: string;
    name: string;
    target: string;
    live_release: string | null;
    warm_release: string | null;
    warm_until: Date | null;
    hold: Hold | null;
    drift: string | null;
  };
  rollouts: {
    sequence: number;
    id: string;
    app: string;
    environment: string;
    kind: 'deploy' | 'rollback';
    release_id: string;
    stable_id: string | null;
    run_id: string | null;
    initiator: Initiator;
    reason: string | null;
    phase: Phase;
    wait: Wait | null;
    plan: RolloutPlan;
    state: RolloutState;
    metrics: readonly MetricResult[];
    revision: number;
    created_at: Date;
    started_at: Date | null;
    finished_at: Date | null;
  };
  deployments: {
    id: string;
    rollout_id: string;
    app: string;
    environment: string;
    kind: 'deploy' | 'rollback';
    status: DeploymentStatus;
    release_id: string;
    previous_release_id: string | null;
    by_user: string;
    commit_sha: string;
    reason: string | null;
    evidence: readonly string[];
    started_at: Date;
    finished_at: Date | null;
  };
}

export type DeploymentStatus =
  | 'pending'
  | 'in_progress'
  | 'succeeded'
  | 'failed'
  | 'rolled_back'
  | 'aborted'
  | 'superseded';
export type EnvironmentRow = RolloutTables['environments'];
export type RolloutRow = RolloutTables['rollouts'];
export type DeploymentRow = RolloutTables['deployments'];

export interface EnvironmentKey {
  readonly app: string;
  readonly environment: string;
}

const ENDED = ['succeeded', 'aborted', 'rolled_back', 'rollback_failed', 'superseded', 'cancelled'] as const;

function tables<T extends Db | Trx>(db: T) {
  return (db as Db).withTables<{ [Name in keyof RolloutTables]: RolloutTables[Name] }>();
}

/** Makes the environment known; the target of one where something is live or on its way stays. Returns the target it has. */
export async function upsertEnvironment(trx: Trx, key: EnvironmentKey, target: string): Promise<string> {
  const { rows } = await sql<{ target: string }>`
    insert into environments as present (app, name, target) values (${key.app}, ${key.environment}, ${target})
    on conflict (app, name) do update set target = case
      when present.live_release is null and not exists (
        select from rollouts where app = present.app and environment = present.name and finished_at is null)
      then excluded.target else present.target end
    returning target`.execute(trx);
  return rows[0]?.target ?? target;
}

/** The environment, locked until the transaction ends. */
export async function lockEnvironment(trx: Trx, key: EnvironmentKey): Promise<EnvironmentRow | undefined> {
  await sql`select from environments where app = ${key.app} and name = ${key.environment} for update`.execute(trx);
  return readEnvironment(trx, key);
}

export function readEnvironment(db: Db | Trx, key: EnvironmentKey): Promise<EnvironmentRow | undefined> {
  return tables(db)
    .selectFrom('environments')
    .selectAll()
    .where('app', '=', key.app)
    .where('name', '=', key.environment)
    .executeTakeFirst() as Promise<EnvironmentRow | undefined>;
}

export function listEnvironments(db: Db, app?: string): Promise<readonly EnvironmentRow[]> {
  const query = tables(db)
    .selectFrom('environments')
    .selectAll()
    .orderBy('created_at' as 'name');
  return (app === undefined ? query : query.where('app', '=', app)).execute() as Promise<EnvironmentRow[]>;
}

export async function insertRollout(
  trx: Trx,
  rollout: Pick<
    RolloutRow,
    'id' | 'app' | 'environment' | 'kind' | 'release_id' | 'run_id' | 'initiator' | 'reason' | 'plan' | 'state'
  >,
): Promise<void> {
  await sql`
    insert into rollouts (id, app, environment, kind, release_id, run_id, initiator, reason, phase, plan, state)
    values (${rollout.id}, ${rollout.app}, ${rollout.environment}, ${rollout.kind}, ${rollout.release_id}, ${rollout.run_id},
      ${toJson(rollout.initiator)}, ${rollout.reason}, 'queued', ${toJson(rollout.plan)}, ${toJson(rollout.state)})`.execute(
    trx,
  );
}

export function readRollout(db: Db | Trx, id: string): Promise<RolloutRow | undefined> {
  return tables(db).selectFrom('rollouts').selectAll().where('id', '=', id).executeTakeFirst() as Promise<
    RolloutRow | undefined
  >;
}

export function readRollouts(db: Db, ids: readonly string[]): Promise<readonly RolloutRow[]> {
  if (ids.length === 0) return Promise.resolve([]);
  return tables(db)
    .selectFrom('rollouts')
    .selectAll()
    .where('id', 'in', [...ids])
    .execute() as Promise<RolloutRow[]>;
}

/** The rollout of a run in an environment, if it has asked for one. */
export function readRolloutOfRun(db: Db | Trx, runId: string, environment: string): Promise<RolloutRow | undefined> {
  return tables(db)
    .selectFrom('rollouts')
    .selectAll()
    .where('run_id', '=', runId)
    .where('environment', '=', environment)
    .orderBy('sequence', 'desc')
    .executeTakeFirst() as Promise<RolloutRow | undefined>;
}

/** Every rollout of an environment that has not ended, in the order of their requests. */
export function readOpenRollouts(db: Db | Trx, key: EnvironmentKey): Promise<readonly RolloutRow[]> {
  return tables(db)
    .selectFrom('rollouts')
    .selectAll()
    .where('app', '=', key.app)
    .where('environment', '=', key.environment)
    .where('phase', 'not in', ENDED)
    .orderBy('sequence')
    .execute() as Promise<RolloutRow[]>;
}

export function listRollouts(
  db: Db,
  filter: Partial<EnvironmentKey> & { readonly limit: number; readonly before?: number | undefined },
): Promise<readonly RolloutRow[]> {
  let query = tables(db).selectFrom('rollouts').selectAll().orderBy('sequence', 'desc').limit(filter.limit);
  if (filter.app !== undefined) query = query.where('app', '=', filter.app);
  if (filter.environment !== undefined) query = query.where('environment', '=', filter.environment);
  if (filter.before !== undefined) query = query.where('sequence', '<', filter.before);
  return query.execute() as Promise<RolloutRow[]>;
}

/** Writes a round's result if nobody else did since it was read; false = somebody did, so read again. */
export async function saveRound(
  trx: Trx,
  row: Pick<RolloutRow, 'id' | 'revision'>,
  next: { readonly state: RolloutState; readonly metrics: readonly MetricResult[]; readonly finished: boolean },
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update rollouts set state = ${toJson(next.state)}, phase = ${next.state.phase}, metrics = ${toJson(next.metrics)},
      finished_at = case when ${next.finished} then clock_timestamp() else finished_at end, revision = revision + 1
    where id = ${row.id} and revision = ${row.revision}`.execute(trx);
  return numAffectedRows === 1n;
}

type Read = Pick<RolloutRow, 'id' | 'revision'>;

/** Gives the environment to a waiting rollout unless it was changed since it was read. The unique index refuses a second one. */
export async function startRollout(
  trx: Trx,
  row: Read,
  start: { readonly stable: string | null; readonly plan: RolloutPlan; readonly state: RolloutState },
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update rollouts set stable_id = ${start.stable}, plan = ${toJson(start.plan)}, state = ${toJson(start.state)}, phase = ${start.state.phase},
      wait = null, started_at = clock_timestamp(), revision = revision + 1
    where id = ${row.id} and revision = ${row.revision}`.execute(trx);
  return numAffectedRows === 1n;
}

export async function saveWait(trx: Trx, row: Read, phase: Phase, wait: Wait): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update rollouts set phase = ${phase}, state = jsonb_set(state, '{phase}', to_jsonb(${phase}::text)), wait = ${toJson(wait)}, revision = revision + 1
    where id = ${row.id} and revision = ${row.revision}`.execute(trx);
  return numAffectedRows === 1n;
}

export async function endWaiting(trx: Trx, row: Read, state: RolloutState): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update rollouts set phase = ${state.phase}, state = ${toJson(state)}, wait = null, finished_at = clock_timestamp(), revision = revision + 1
    where id = ${row.id} and revision = ${row.revision}`.execute(trx);
  return numAffectedRows === 1n;
}

export async function updateEnvironment(
  trx: Trx,
  key: EnvironmentKey,
  change: {
    readonly live?: string | null;
    readonly warm?: { readonly release: string; readonly until: number } | null;
    readonly hold?: Hold | null;
    readonly drift?: string | null;
  },
): Promise<void> {
  const sets = [];
  if (change.live !== undefined) sets.push(sql`live_release = ${change.live}`);
  if (change.warm !== undefined) {
    const until = change.warm === null ? sql`null` : sql`to_timestamp(${change.warm.until / 1000})`;
    sets.push(sql`warm_release = ${change.warm?.release ?? null}, warm_until = ${until}`);
  }
  if (change.hold !== undefined) sets.push(sql`hold = ${change.hold === null ? null : toJson(change.hold)}::jsonb`);
  if (change.drift !== undefined) sets.push(sql`drift = ${change.drift}`);
  if (sets.length === 0) return;
  await sql`update environments set ${sql.join(sets)} where app = ${key.app} and name = ${key.environment}`.execute(
    trx,
  );
}

/** Commits the intent of a call before it is made. An intent that is there already stays as it is. */
export async function intend(
  trx: Trx,
  intent: EnvironmentKey & {
    readonly key: string;
    readonly rolloutId: string | null;
    readonly kind: string;
    readonly detail: object;
    readonly fence: number;
  },
): Promise<void> {
  await sql`
    insert into rollout_effects (key, app, environment, rollout_id, kind, detail, fence)
    values (${intent.key}, ${intent.app}, ${intent.environment}, ${intent.rolloutId}, ${intent.kind}, ${toJson(intent.detail)}, ${intent.fence})
    on conflict (key) do update set fence = greatest(rollout_effects.fence, excluded.fence)`.execute(trx);
}

export async function markSent(db: Db, key: string): Promise<void> {
  await sql`update rollout_effects set sent_at = coalesce(sent_at, clock_timestamp()), attempts = attempts + 1 where key = ${key}`.execute(
    db,
  );
}

/** Keys of a rollout whose call has returned. */
export async function readSent(db: Db, rolloutId: string): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{
    key: string;
  }>`select key from rollout_effects where rollout_id = ${rolloutId} and sent_at is not null`.execute(db);
  return new Set(rows.map((row) => row.key));
}

export interface StoredCommand extends Command {
  readonly id: number;
}

export async function insertCommand(trx: Trx, rolloutId: string, command: Command): Promise<void> {
  await sql`insert into rollout_commands (rollout_id, kind, by_user, reason, step)
    values (${rolloutId}, ${command.kind}, ${command.by}, ${command.reason}, ${command.step ?? null})`.execute(trx);
}

export async function readCommands(db: Db, rolloutId: string): Promise<readonly StoredCommand[]> {
  const { rows } = await sql<Omit<StoredCommand, 'step'> & { step: number | null }>`
    select id, kind, by_user as by, reason, step from rollout_commands where rollout_id = ${rolloutId} and applied_at is null order by id`.execute(
    db,
  );
  return rows.map(({ step, ...command }) => (step === null ? command : { ...command, step }));
}

export async function markApplied(trx: Trx, commands: readonly StoredCommand[]): Promise<void> {
  if (commands.length === 0) return;
  await sql`update rollout_commands set applied_at = clock_timestamp() where id in (${sql.join(commands.map((command) => command.id))})`.execute(
    trx,
  );
}

export async function insertDeployment(
  trx: Trx,
  row: Omit<DeploymentRow, 'started_at' | 'finished_at' | 'evidence' | 'status'>,
): Promise<void> {
  await sql`
    insert into deployments (id, rollout_id, app, environment, kind, status, release_id, previous_release_id, by_user, commit_sha, reason)
    values (${row.id}, ${row.rollout_id}, ${row.app}, ${row.environment}, ${row.kind}, 'pending', ${row.release_id}, ${row.previous_release_id},
      ${row.by_user}, ${row.commit_sha}, ${row.reason})`.execute(trx);
}

export async function updateDeployment(
  trx: Trx,
  rolloutId: string,
  change: {
    readonly status: DeploymentStatus;
    readonly previous?: string | null;
    readonly evidence?: readonly string[];
    readonly reason?: string;
    readonly finished?: boolean;
  },
): Promise<void> {
  await sql`
    update deployments set status = ${change.status},
      previous_release_id = case when ${change.previous !== undefined} then ${change.previous ?? null} else previous_release_id end,
      evidence = coalesce(${change.evidence === undefined ? null : toJson(change.evidence)}::jsonb, evidence),
      reason = coalesce(${change.reason ?? null}, reason),
      finished_at = case when ${change.finished === true} then clock_timestamp() else finished_at end
    where rollout_id = ${rolloutId}`.execute(trx);
}

export function listDeployments(
  db: Db,
  filter: Partial<EnvironmentKey> & { readonly limit: number },
): Promise<readonly DeploymentRow[]> {
  let query = tables(db).selectFrom('deployments').selectAll().orderBy('started_at', 'desc').limit(filter.limit);
  if (filter.app !== undefined) query = query.where('app', '=', filter.app);
  if (filter.environment !== undefined) query = query.where('environment', '=', filter.environment);
  return query.execute() as Promise<DeploymentRow[]>;
}

/** Releases that were live in the environment before, newest first, without those that were taken back. */
export async function readEarlierReleases(
  db: Db | Trx,
  key: EnvironmentKey,
  live: string | null,
): Promise<readonly string[]> {
  const { rows } = await sql<{ release_id: string }>`
    select release_id, max(finished_at) as at from deployments
    where app = ${key.app} and environment = ${key.environment} and status = 'succeeded' and release_id is distinct from ${live}
    group by release_id order by at desc limit 20`.execute(db);
  return rows.map((row) => row.release_id);
}

/** How what is live came there: the newest row of the ledger that ended with its release live. */
export async function readLastArrival(
  db: Db | Trx,
  key: EnvironmentKey,
): Promise<{ readonly kind: 'deploy' | 'rollback' } | undefined> {
  const { rows } = await sql<{ kind: 'deploy' | 'rollback' }>`
    select kind from deployments where app = ${key.app} and environment = ${key.environment}
      and (status = 'succeeded' or (kind = 'rollback' and status = 'rolled_back'))
    order by finished_at desc limit 1`.execute(db);
  return rows[0];
}

/** After a rollback the ledger shows which success it undid. */
export async function markTakenBack(trx: Trx, key: EnvironmentKey, releaseId: string): Promise<void> {
  await sql`
    update deployments set status = 'rolled_back'
    where app = ${key.app} and environment = ${key.environment} and release_id = ${releaseId} and status = 'succeeded'`.execute(
    trx,
  );
}

/** Whether the release has ever been live there. A ledger row alone can't tell: one that failed while baking is `rolled_back`, too. */
export async function hasSucceeded(db: Db | Trx, key: EnvironmentKey, releaseId: string): Promise<boolean> {
  const { rows } = await sql`
    select from rollouts where app = ${key.app} and environment = ${key.environment} and release_id = ${releaseId}
      and ((kind = 'deploy' and phase = 'succeeded') or (kind = 'rollback' and phase = 'rolled_back')) limit 1`.execute(
    db,
  );
  return rows.length > 0;
}
