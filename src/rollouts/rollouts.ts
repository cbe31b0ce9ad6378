import { type Clock, FunadeError, newId } from '../kernel/index.ts';
import { type Driver, type Queue, createDriver } from '../queue/index.ts';
import { type Db, type Trx, appendEvent, transaction } from '../store/index.ts';
import { type Hold, type Initiator, heldBecause } from './admit.ts';
import { refusalOf } from './decide/commands.ts';
import type { Command } from './decide/decision.ts';
import { type EngineDependencies, targetOf } from './dependencies.ts';
import { createRound, environmentId } from './engine.ts';
import { planDeployment, planRollback } from './plan.ts';
import type { CatalogRelease, TargetState } from './port.ts';
import { initialState, isActive } from './state.ts';
import * as store from './store.ts';

export interface DeployRequest {
  readonly app: string;
  readonly environment: string;
  readonly releaseId: string;
  readonly runId: string | null;
  readonly initiator: Initiator;
}

export interface RollbackRequest {
  readonly app: string;
  readonly environment: string;
  /** Release id; the last one that succeeded there when null. */
  readonly to: string | null;
  readonly by: string;
  readonly reason: string;
}

export interface RollbackReadiness {
  readonly ready: boolean;
  readonly to: string | null;
  readonly reason: string | null;
}

/** The door of the room: requests and commands in, rows out. Everything that moves is moved by the engine behind it. */
export interface Rollouts {
  start(options: { readonly alone: boolean }): Promise<void>;
  stop(): Promise<void>;
  progress: Driver['progress'];
  /** Makes the environment known and checks that its target can run the release; faults are thrown all at once. */
  check(request: Pick<DeployRequest, 'app' | 'environment' | 'releaseId'>): Promise<void>;
  requestDeploy(trx: Trx, request: DeployRequest, release: CatalogRelease): Promise<string>;
  requestRollback(request: RollbackRequest): Promise<string>;
  rollbackReadiness(key: store.EnvironmentKey): Promise<RollbackReadiness>;
  command(rolloutId: string, command: Command): Promise<void>;
  releaseHold(key: store.EnvironmentKey, by: string, reason: string): Promise<void>;
  /** Why automation may not deploy this release there now; null when it may. */
  heldBecause(
    key: store.EnvironmentKey,
    releaseId: string,
    initiator: Initiator,
  ): Promise<{ readonly cause: string; readonly since: number } | null>;
  observe(environment: store.EnvironmentRow): Promise<TargetState>;
}

export function createRollouts(
  dependencies: EngineDependencies & { readonly queue: Queue; readonly sweepMs?: number },
): Rollouts {
  const { db, clock, catalog } = dependencies;
  const round = createRound(dependencies);
  const driver = createDriver({ ...dependencies, kind: 'environment', round, concurrency: 32 });

  async function check({
    app,
    environment,
    releaseId,
  }: Pick<DeployRequest, 'app' | 'environment' | 'releaseId'>): Promise<void> {
    const { release, config } = await catalog.get(releaseId, environment);
    const target = targetOf(dependencies, config.target);
    const faults = [...(await target.check(release)).map((message) => ({ message }))];
    if (config.strategy.kind === 'canary' && target.capabilities.weights !== 'any') {
      faults.push({ message: `target ${target.id} can't split traffic, so it can't do a canary; use rolling` });
    }
    if (config.strategy.kind === 'blueGreen' && !target.capabilities.preview) {
      faults.push({ message: `target ${target.id} has no preview address, so it can't do blueGreen; use rolling` });
    }
    for (const metric of config.analysis.metrics) {
      if (!dependencies.metrics.has(metric.provider))
        faults.push({ message: `analysis ${metric.name}: there is no metrics provider ${metric.provider}` });
    }
    if (faults.length > 0)
      throw new FunadeError(
        'FUN_TARGET_UNSUITABLE',
        { environment: `${app}/${environment}`, count: faults.length },
        { faults },
      );
  }

  return {
    start: (options) => driver.start(options),
    stop: () => driver.stop(),
    progress: () => driver.progress(),
    check,
    requestDeploy: (trx, request, release) => requestDeploy(trx, { driver, clock, request, release }),
    requestRollback: (request) => requestRollback(dependencies, driver, request),
    rollbackReadiness: (key) => rollbackReadiness(dependencies, key),
    command: (rolloutId, command) => giveCommand(db, driver, rolloutId, command),
    releaseHold: (key, by, reason) => releaseHold(db, driver, key, { by, reason }),
    heldBecause: async (key, releaseId, initiator) => {
      const hold = (await store.readEnvironment(db, key))?.hold ?? null;
      const cause = heldBecause(hold, releaseId, initiator);
      return cause === null || hold === null ? null : { cause, since: hold.since };
    },
    observe: (environment) =>
      targetOf(dependencies, environment.target).observe({ app: environment.app, environment: environment.name }),
  };
}

/** Puts a deployment in the environment's line, once per run and environment. */
async function requestDeploy(
  trx: Trx,
  {
    driver,
    clock,
    request,
    release,
  }: {
    readonly driver: Driver;
    readonly clock: Clock;
    readonly request: DeployRequest;
    readonly release: CatalogRelease;
  },
): Promise<string> {
  const existing =
    request.runId === null ? undefined : await store.readRolloutOfRun(trx, request.runId, request.environment);
  if (existing !== undefined) return existing.id;
  const id = newId('rollout', clock.now());
  await store.upsertEnvironment(trx, request, release.config.target);
  await insert(trx, {
    id,
    kind: 'deploy',
    request,
    release,
    plan: planDeployment(release.config),
    reason: null,
    now: clock.now(),
  });
  await driver.schedule(trx, environmentId(request));
  return id;
}

async function requestRollback(
  dependencies: EngineDependencies,
  driver: Driver,
  request: RollbackRequest,
): Promise<string> {
  const { db, clock, catalog } = dependencies;
  const name = environmentId(request);
  const environment = await store.readEnvironment(db, request);
  if (environment === undefined)
    throw new FunadeError('FUN_NOT_FOUND', { kind: 'environment', id: name, list: 'funade status' });
  const open = await store.readOpenRollouts(db, request);
  const running = open.find((rollout) => rollout.kind === 'rollback');
  if (running !== undefined && (request.to === null || request.to === running.release_id)) return running.id;
  const readiness =
    request.to === null
      ? await rollbackReadiness(dependencies, request)
      : await readinessOf(dependencies, request, request.to, environment.live_release);
  if (!readiness.ready || readiness.to === null) {
    throw new FunadeError('FUN_ROLLBACK_IMPOSSIBLE', {
      environment: `${request.app} ${request.environment}`,
      reason: readiness.reason ?? 'there is no earlier release',
    });
  }
  const release = await catalog.get(readiness.to, request.environment);
  const id = newId('rollout', clock.now());
  const initiator: Initiator = { kind: 'person', user: request.by, approvedBy: [] };
  await transaction(db, async (trx) => {
    const active = open.find((rollout) => rollout.kind === 'deploy' && isActive(rollout.phase));
    if (active !== undefined)
      await store.insertCommand(trx, active.id, {
        kind: 'abort',
        by: request.by,
        reason: `rollback requested: ${request.reason}`,
      });
    await insert(trx, {
      id,
      kind: 'rollback',
      request: { ...request, releaseId: release.release.id, runId: null, initiator },
      release,
      plan: planRollback(release.config),
      reason: request.reason,
      now: clock.now(),
    });
    await driver.schedule(trx, name);
  });
  return id;
}

interface NewRollout {
  readonly id: string;
  readonly kind: 'deploy' | 'rollback';
  readonly request: DeployRequest;
  readonly release: CatalogRelease;
  readonly plan: ReturnType<typeof planDeployment>;
  readonly reason: string | null;
  readonly now: number;
}

async function insert(trx: Trx, { id, kind, request, release, plan, reason, now }: NewRollout): Promise<void> {
  const { app, environment, releaseId, runId, initiator } = request;
  await store.insertRollout(trx, {
    id,
    app,
    environment,
    kind,
    release_id: releaseId,
    run_id: runId,
    initiator,
    reason,
    plan,
    state: initialState(now),
  });
  await store.insertDeployment(trx, {
    id: newId('deployment', now),
    rollout_id: id,
    app,
    environment,
    kind,
    release_id: releaseId,
    previous_release_id: null,
    by_user: initiator.user,
    commit_sha: release.commit,
    reason,
  });
  await appendEvent(trx, {
    kind: 'rollout.queued',
    app,
    environment,
    subject: id,
    actor: initiator.user,
    data: { kind, releaseId, runId, reason },
  });
}

/** Whether `rollback` without an argument would work right now, and to which release. */
async function rollbackReadiness(
  dependencies: EngineDependencies,
  key: store.EnvironmentKey,
): Promise<RollbackReadiness> {
  const { db } = dependencies;
  const environment = await store.readEnvironment(db, key);
  const live = environment?.live_release ?? null;
  if (live === null) return { ready: false, to: null, reason: 'nothing has been deployed there yet' };
  const [previous] = await store.readEarlierReleases(db, key, live);
  if (previous === undefined) return { ready: false, to: null, reason: 'no earlier release has succeeded there' };
  return readinessOf(dependencies, key, previous, live);
}

async function readinessOf(
  { db, catalog }: EngineDependencies,
  key: store.EnvironmentKey,
  to: string,
  live: string | null,
): Promise<RollbackReadiness> {
  if (to === live) return { ready: false, to, reason: 'that release is live already' };
  const earlier = await store.readEarlierReleases(db, key, live);
  if (!earlier.includes(to) && !(await store.hasSucceeded(db, key, to)))
    return { ready: false, to, reason: 'that release has never succeeded there' };
  const { ready, reason } = await catalog.preflight(to, key.environment);
  return { ready, to, reason };
}

async function giveCommand(db: Db, driver: Driver, rolloutId: string, command: Command): Promise<void> {
  await transaction(db, async (trx) => {
    const row = await store.readRollout(trx, rolloutId);
    if (row === undefined)
      throw new FunadeError('FUN_NOT_FOUND', { kind: 'rollout', id: rolloutId, list: 'funade rollout list' });
    const refusal = refusalOf(command.kind, row.phase, row.kind === 'rollback');
    const action = command.kind.replace('_', ' --');
    if (refusal !== null)
      throw new FunadeError('FUN_CONFLICT', {
        action: `${action} ${rolloutId}`,
        reason: refusal,
        look: `funade rollout show ${rolloutId}`,
      });
    await store.insertCommand(trx, rolloutId, command);
    await appendEvent(trx, {
      kind: 'rollout.command',
      app: row.app,
      environment: row.environment,
      subject: rolloutId,
      actor: command.by,
      data: { command: command.kind, reason: command.reason },
    });
    await driver.schedule(trx, environmentId(row));
  });
}

async function releaseHold(
  db: Db,
  driver: Driver,
  key: store.EnvironmentKey,
  { by, reason }: { readonly by: string; readonly reason: string },
): Promise<void> {
  const name = environmentId(key);
  await transaction(db, async (trx) => {
    const environment = await store.readEnvironment(trx, key);
    const hold: Hold | null = environment?.hold ?? null;
    if (hold === null)
      throw new FunadeError('FUN_CONFLICT', {
        action: `release the hold of ${name}`,
        reason: 'there is none',
        look: 'funade status',
      });
    await store.updateEnvironment(trx, key, { hold: null });
    await appendEvent(trx, {
      kind: 'environment.hold_released',
      ...key,
      subject: name,
      actor: by,
      data: { reason, hold },
    });
    await driver.schedule(trx, name);
  });
}
