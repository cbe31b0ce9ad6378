import { FunadeError, newId } from '../kernel/index.ts';
import { type Driver, type Queue, createDriver } from '../queue/index.ts';
import { type Db, type Trx, appendEvent, transaction } from '../store/index.ts';
import { type Admitted, type PlannedAdmission, type RefUpdate, planAdmission } from './admission.ts';
import { type DecisionRequest, decideApproval } from './approvals/approvals.ts';
import { type NewApp, absolute, addApp, removeApp } from './apps.ts';
import type { ReleasesDependencies, RunDependencies } from './dependencies.ts';
import { createRunRound } from './engine.ts';
import { pruneLogs } from './logs/store.ts';
import { hasRunEnded } from './pipeline.ts';
import { type AppRow, type Trigger, insertRuns, readApp, readRun } from './store.ts';

export interface ShipOrder {
  readonly app: string;
  /** Branch, tag or commit; the default branch when null. */
  readonly ref: string | null;
  /** Where the caller believes that the application comes from; refused when it comes from elsewhere. */
  readonly source?: string | undefined;
  readonly by: string;
}

/** The door of the room: applications, runs, approvals. */
export interface Releases {
  start(options: { readonly alone: boolean }): Promise<void>;
  stop(): Promise<void>;
  progress: Driver['progress'];
  addApp(request: NewApp): Promise<AppRow>;
  removeApp(name: string, by: string): Promise<void>;
  /** Makes the runs of one update. */
  admit(trx: Trx, update: RefUpdate): Promise<Admitted>;
  /** Decides about many, and writes the runs of those that are named then. */
  planAdmission(trx: Trx, updates: readonly RefUpdate[]): Promise<PlannedAdmission>;
  ship(order: ShipOrder): Promise<string>;
  retry(runId: string, by: string): Promise<string>;
  decideApproval(request: DecisionRequest): Promise<void>;
  /** Lets a run go on, in the transaction of what it waited for. */
  wake(trx: Trx, runId: string): Promise<void>;
  /** Forgets the output of runs that ended before `at` (epoch ms); answers how many pieces went. */
  pruneLogs(at: number): Promise<number>;
}

export function createReleases(
  dependencies: ReleasesDependencies & { readonly queue: Queue; readonly owner?: string; readonly sweepMs?: number },
): Releases {
  const { db, clock, source } = dependencies;
  const driver: Driver = createDriver({ ...dependencies, kind: 'run', concurrency: 8, round: (lease) => round(lease) });
  const complete: RunDependencies = { ...dependencies, driver };
  const round = createRunRound(complete);

  async function queueRun(app: string, trigger: Trigger, sha: string | null): Promise<string> {
    const id = newId('run', clock.now());
    await transaction(db, async (trx) => {
      await insertRuns(trx, [{ id, app, trigger, sha, commit: null }]);
      await appendEvent(trx, { kind: 'run.queued', app, subject: id, actor: trigger.actor, data: { trigger, sha } });
      await driver.schedule(trx, id);
    });
    return id;
  }

  return {
    start: (options) => driver.start(options),
    stop: () => driver.stop(),
    progress: () => driver.progress(),
    addApp: (request) => addApp(dependencies, request),
    removeApp: (name, by) => removeApp(complete, name, by),
    admit: async (trx, update) => {
      const { decisions, write } = await planAdmission({ driver, clock }, trx, [update]);
      await write([0]);
      return decisions[0] ?? { kind: 'ignored', reason: 'unknown_repository' };
    },
    planAdmission: (trx, updates) => planAdmission({ driver, clock }, trx, updates),
    ship: async ({ app, ref, source: believed, by }) => {
      const row = await knownApp(db, app);
      if (believed !== undefined && (await absolute(believed)) !== row.source)
        throw new FunadeError('FUN_CONFLICT', {
          action: `ship ${app} from ${believed}`,
          reason: `it comes from ${row.source}`,
          look: 'funade app list',
        });
      await source.fetchMirror(app, row.source, {});
      const resolved = await source.resolveRef(app, ref ?? undefined);
      return queueRun(app, { kind: 'ship', actor: by, ref: resolved.ref, deliveryId: null }, resolved.sha);
    },
    retry: async (runId, by) => {
      const run = await readRun(db, runId);
      if (run === undefined) throw new FunadeError('FUN_NOT_FOUND', { kind: 'run', id: runId, list: 'funade status' });
      if (!hasRunEnded(run.state))
        throw new FunadeError('FUN_CONFLICT', {
          action: `retry ${runId}`,
          reason: 'it has not ended',
          look: `funade watch ${runId}`,
        });
      await knownApp(db, run.app);
      const author = run.trigger.author ?? run.trigger.actor;
      return queueRun(run.app, { kind: 'retry', actor: by, author, ref: run.trigger.ref, deliveryId: null }, run.sha);
    },
    decideApproval: (request) => decideApproval(complete, request),
    wake: (trx, runId) => driver.schedule(trx, runId),
    pruneLogs: (at) => pruneLogs(db, at),
  };
}

async function knownApp(db: Db, name: string): Promise<AppRow> {
  const app = await readApp(db, name);
  if (app === undefined)
    throw new FunadeError('FUN_NOT_FOUND', { kind: 'application', id: name, list: 'funade app list' });
  return app;
}
