import { type ManualClock, createManualClock, silentLogger } from '../../src/kernel/index.ts';
import type { Driver, Lease } from '../../src/queue/index.ts';
import type { EngineDependencies } from '../../src/rollouts/dependencies.ts';
import { createRound } from '../../src/rollouts/engine.ts';
import type { Target } from '../../src/rollouts/port.ts';
import { requestDeploy } from '../../src/rollouts/request.ts';
import { requestRollback } from '../../src/rollouts/rollback.ts';
import * as store from '../../src/rollouts/store.ts';
import { type Db, transaction } from '../../src/store/index.ts';
import { type NoopTarget, createNoopTarget } from '../../src/targets/index.ts';
import { type TestCatalog, createTestCatalog, releaseId } from './catalog.ts';
import { type Death, createMortal } from './crashing.ts';
import { HOUR, SECOND, canary, environmentConfig, pause, weight } from './plans.ts';

export const AT_ONCE = environmentConfig({ strategy: canary([weight(100)], 0) });
const STEPS = [weight(10), pause(SECOND), weight(25), weight(50), weight(75)];
const CANARY = environmentConfig({ strategy: canary(STEPS, 2 * SECOND) });

const NO_DRIVER = { schedule: () => Promise.resolve() } as unknown as Driver;

/** One environment that a process moves which may die at any boundary; the next one gets a new fence and knows only the database. */
export interface Place {
  readonly app: string;
  readonly key: store.EnvironmentKey;
  readonly clock: ManualClock;
  readonly target: NoopTarget;
  readonly catalog: TestCatalog;
  readonly death: Death;
  readonly calls: readonly string[];
  readonly unannounced: readonly string[];
  readonly ended: string[];
  deploy(number: number): Promise<string>;
  rollback(): Promise<string>;
  abort(rolloutId: string): Promise<void>;
  /** Moves on, through as many deaths as there are, until the condition holds. */
  until(condition: () => Promise<boolean>): Promise<void>;
  /** Two processes that both believe that the environment is theirs make a round at the same time. */
  roundOfTwo(): Promise<void>;
  /** A process that has read everything and then stands still, as a machine does that is put to sleep; `wake` lets it go on. */
  sleepyRound(): { wake(): Promise<unknown> };
  /** Until nothing is open and nothing is to be retired any more. */
  untilIdle(): Promise<void>;
}

export function createPlace(db: Db, app: string): Place {
  const clock = createManualClock(Date.now());
  const target = createNoopTarget({ clock, readyAfter: 50 });
  const catalog = createTestCatalog();
  catalog.add(1, AT_ONCE);
  catalog.add(2, CANARY);
  const mortal = createMortal(db, target);
  const ended: string[] = [];
  const key = { app, environment: 'production' };
  const dependencies: EngineDependencies = {
    db: mortal.db,
    clock,
    logger: silentLogger,
    targets: new Map([['noop', mortal.target]]),
    metrics: new Map(),
    catalog,
    listener: { ended: async (_trx, { id, phase }) => void ended.push(`${id} ${phase}`) },
  };
  let round = createRound(dependencies);
  let fence = 0;

  function claim(): Lease {
    fence += 1;
    return { id: `${app}/production`, fence, signal: new AbortController().signal };
  }

  async function roundOfTwo(): Promise<void> {
    const leases = [claim(), claim()];
    const results = await Promise.allSettled(leases.map((lease) => createRound(dependencies)(lease)));
    const wakeUps = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value ?? 0] : []));
    clock.set(Math.max(clock.now() + 1, ...wakeUps));
  }

  function sleepyRound(): { wake(): Promise<unknown> } {
    let wakeUp = (): void => {};
    const asleep = new Promise<void>((resolve) => {
      wakeUp = resolve;
    });
    const sleepy: Target = { ...target, observe: async (place) => asleep.then(() => target.observe(place)) };
    const asleepRound = createRound({ ...dependencies, targets: new Map([['noop', sleepy]]) });
    const outcome = asleepRound(claim()).catch((thrown: unknown) => thrown);
    return {
      wake: () => {
        wakeUp();
        return outcome;
      },
    };
  }

  async function oneRound(): Promise<void> {
    const lease = claim();
    try {
      const wakeAt = await round(lease);
      if (wakeAt !== null) clock.set(Math.max(clock.now() + 1, wakeAt));
    } catch (thrown) {
      if (!mortal.death.isDead) throw thrown;
      mortal.death.revive();
      round = createRound(dependencies);
      clock.advance(3 * SECOND); // how long a restart takes
    }
  }

  async function until(condition: () => Promise<boolean>): Promise<void> {
    for (let rounds = 0; rounds < 500; rounds += 1) {
      if (await condition()) return;
      await oneRound();
    }
    throw new Error(`${app} did not come to rest; it died ${mortal.death.place}`);
  }

  return {
    app,
    key,
    clock,
    target,
    catalog,
    death: mortal.death,
    calls: mortal.calls,
    unannounced: mortal.unannounced,
    ended,
    deploy: (number) =>
      transaction(db, async (trx) => {
        const release = await catalog.get(releaseId(number), 'production');
        const initiator = { kind: 'automation' as const, user: 'github', approvedBy: [] };
        const request = { ...key, releaseId: release.release.id, runId: null, initiator };
        return requestDeploy(trx, { driver: NO_DRIVER, clock, request, release });
      }),
    rollback: () =>
      requestRollback({ ...dependencies, db }, NO_DRIVER, { ...key, to: null, by: 'mei', reason: 'it is slow' }),
    abort: (id) =>
      transaction(db, (trx) => store.insertCommand(trx, id, { kind: 'abort', by: 'mei', reason: 'it is bad' })),
    until,
    roundOfTwo,
    sleepyRound,
    untilIdle: async () => {
      await until(async () => (await store.readOpenRollouts(db, key)).length === 0);
      clock.advance(HOUR);
      await until(async () => (await target.observe(key)).versions.length <= 1);
    },
  };
}
