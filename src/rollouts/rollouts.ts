import { FunadeError } from '../kernel/index.ts';
import { type Driver, type Queue, createDriver } from '../queue/index.ts';
import { type Db, type Trx, appendEvent, transaction } from '../store/index.ts';
import { type Hold, type Initiator, heldBecause } from './admit.ts';
import { refusalOf } from './decide/commands.ts';
import type { Command } from './decide/decision.ts';
import { type EngineDependencies, targetOf } from './dependencies.ts';
import { createRound, environmentId } from './engine.ts';
import type { CatalogRelease, TargetState } from './port.ts';
import { type DeployRequest, requestDeploy, targetFault } from './request.ts';
import { type RollbackReadiness, type RollbackRequest, requestRollback, rollbackReadiness } from './rollback.ts';
import * as store from './store.ts';

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
  dependencies: EngineDependencies & { readonly queue: Queue; readonly owner?: string; readonly sweepMs?: number },
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
    const faults = (await target.check(release)).map((message) => ({ message }));
    const present = await store.readEnvironment(db, { app, environment });
    if (present !== undefined && present.live_release !== null && present.target !== config.target)
      faults.push({ message: targetFault(present.target, config.target) });
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
    await store.insertCommand(trx, rolloutId, { ...command, step: row.state.step });
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
