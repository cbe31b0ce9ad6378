import { expect } from 'vitest';
import { type Clock, silentLogger, systemClock } from '../../src/kernel/index.ts';
import { createMemoryQueue } from '../../src/queue/index.ts';
import {
  type DeployRequest,
  type EnvironmentRow,
  type MetricsProvider,
  type Phase,
  type RolloutRow,
  type Rollouts,
  type Target,
  createRollouts,
  isTerminal,
  listDeployments,
  readEnvironment,
  readRollout,
} from '../../src/rollouts/index.ts';
import { type StoredEvent, type Trx, readEvents, transaction } from '../../src/store/index.ts';
import { type NoopOptions, type NoopTarget, createNoopMetrics, createNoopTarget } from '../../src/targets/index.ts';
import type { TestDatabase } from '../database.ts';
import { type TestCatalog, createTestCatalog, releaseId } from './catalog.ts';
import { type PlanOptions, SECOND, canary, environmentConfig, pause, weight } from './plans.ts';

/** One application with one environment, and the engine that moves it. Target, metrics and database outlive the engine. */
export interface Rig {
  readonly key: { readonly app: string; readonly environment: string };
  readonly rollouts: Rollouts;
  readonly target: NoopTarget;
  readonly catalog: TestCatalog;
  /** What the metrics provider `noop` answers from now on. */
  measure(read: MetricsProvider['read']): void;
  /** A release whose environment is configured so; replaces one of the same number. */
  release(number: number, options?: PlanOptions): void;
  deploy(number: number, initiator?: Partial<DeployRequest['initiator']>): Promise<string>;
  /** Requests that become visible in the same moment. */
  deployTogether(numbers: readonly number[]): Promise<readonly string[]>;
  /** Deploys and waits for the end. */
  ship(number: number): Promise<RolloutRow>;
  row(id: string): Promise<RolloutRow>;
  environment(): Promise<EnvironmentRow>;
  /** Waits for a phase; when the rollout ends otherwise, the failure says how. */
  reaches(id: string, phase: Phase): Promise<RolloutRow>;
  holds(id: string, weight: number): Promise<RolloutRow>;
  ledger(): Promise<readonly { readonly release: string; readonly status: string; readonly kind: string }[]>;
  events(): Promise<readonly StoredEvent[]>;
  /** Weights of the candidate as the router was given them, in order. */
  routed(): readonly (number | null)[];
  /** The process goes away and another one comes. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface RigOptions extends Partial<NoopOptions> {
  /** Puts something around the target that the engine sees. */
  readonly wrap?: (target: Target) => Target;
  readonly clock?: Clock;
}

const INSTANT = canary([weight(100)], 0);
/** Ten percent for a while, so that there is time to do something to it. */
export const SLOW = canary([weight(10), pause(60 * SECOND), weight(50)], 0);
export const WAIT = { timeout: 15_000, interval: 25 };

let rigs = 0;

export async function createRig(database: TestDatabase, options: RigOptions = {}): Promise<Rig> {
  rigs += 1;
  const key = { app: `app-${rigs}`, environment: 'production' };
  const { db } = database;
  const clock = options.clock ?? systemClock;
  const { wrap = (target: Target) => target, ...noop } = options;
  const target = createNoopTarget({ ...noop, clock });
  const catalog = createTestCatalog();
  let answer: MetricsProvider['read'] = () => Promise.resolve({ kind: 'no_data', reason: 'nothing measured' });
  let rollouts = await start();

  async function start(): Promise<Rollouts> {
    const room = createRollouts({
      db,
      clock,
      logger: silentLogger,
      queue: createMemoryQueue(silentLogger),
      sweepMs: 50,
      targets: new Map([['noop', wrap(target)]]),
      metrics: new Map([['noop', createNoopMetrics((query) => answer(query))]]),
      catalog,
      listener: { ended: () => Promise.resolve() },
    });
    await room.start({ alone: true });
    return room;
  }

  async function request(trx: Trx, number: number, initiator: Partial<DeployRequest['initiator']> = {}) {
    const release = await catalog.get(releaseId(number), key.environment);
    const who = { kind: 'automation' as const, user: 'github', approvedBy: [], ...initiator };
    return rollouts.requestDeploy(trx, { ...key, releaseId: release.release.id, runId: null, initiator: who }, release);
  }

  const rig: Rig = {
    key,
    get rollouts() {
      return rollouts;
    },
    target,
    catalog,
    measure: (read) => {
      answer = read;
    },
    release: (number, config = { strategy: INSTANT }) => void catalog.add(number, environmentConfig(config)),
    deploy: (number, initiator) => transaction(db, (trx) => request(trx, number, initiator)),
    deployTogether: (numbers) =>
      transaction(db, async (trx) => {
        const ids: string[] = [];
        for (const number of numbers) ids.push(await request(trx, number));
        return ids;
      }),
    async ship(number) {
      const id = await rig.deploy(number);
      return rig.reaches(id, 'succeeded');
    },
    async row(id) {
      const row = await readRollout(db, id);
      if (row === undefined) throw new Error(`there is no rollout ${id}`);
      return row;
    },
    async environment() {
      const row = await readEnvironment(db, key);
      if (row === undefined) throw new Error('there is no environment');
      return row;
    },
    async reaches(id, phase) {
      await expect
        .poll(async () => {
          const row = await rig.row(id);
          return isTerminal(row.phase) && row.phase !== phase
            ? `${row.phase} instead: ${row.state.outcome?.reason} ${row.state.outcome?.evidence.join()}`
            : row.phase;
        }, WAIT)
        .toBe(phase);
      return rig.row(id);
    },
    async holds(id, percent) {
      await expect.poll(async () => (await rig.row(id)).state.weight, WAIT).toBe(percent);
      return rig.row(id);
    },
    async ledger() {
      const rows = await listDeployments(db, { ...key, limit: 50 });
      return rows.map((row) => ({ release: row.release_id, status: row.status, kind: row.kind })).toReversed();
    },
    events: () => readEvents(db, { after: 0, limit: 1000, app: key.app }),
    routed: () => target.effects().flatMap(({ verb, weight: percent }) => (verb === 'shift' ? [percent] : [])),
    async restart() {
      await rollouts.stop();
      rollouts = await start();
    },
    async stop() {
      await rollouts.stop();
      // The next rig on this database has another target: what this one left behind is none of its business.
      await db.withTables<{ work: { kind: string } }>().deleteFrom('work').execute();
    },
  };
  return rig;
}
