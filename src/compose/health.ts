import type { Agent } from '../agent/index.ts';
import type { ComponentHealth, HealthSource } from '../api/index.ts';
import { type Clock, formatDuration, messageOf } from '../kernel/index.ts';
import type { Loop } from '../loop/index.ts';
import type { Releases } from '../releases/index.ts';
import type { Duties } from '../roles.ts';
import type { Rollouts } from '../rollouts/index.ts';
import type { Sandbox } from '../sandbox/index.ts';
import { type Db, databaseNow } from '../store/index.ts';
import type { Queues } from './queues.ts';

/** An engine that has not looked for work for this long, or left due work lying, is stuck. */
const STUCK_MS = 15_000;
const OVERDUE_MS = 30_000;

export interface Health extends HealthSource {
  started(): void;
  databaseAway(reason: string): void;
  databaseBack(): void;
}

export function createHealth(rooms: {
  readonly db: Db;
  readonly clock: Clock;
  readonly duties: Duties;
  readonly releases: Releases;
  readonly rollouts: Rollouts;
  readonly sandbox: Sandbox;
  readonly agent: Pick<Agent, 'progress'>;
  readonly loop: Pick<Loop, 'progress'>;
  readonly broker: Queues['broker'];
}): Health {
  let isStarted = false;
  let away: string | null = null;

  async function database(): Promise<ComponentHealth> {
    if (away !== null) return { name: 'database', status: 'down', detail: away };
    try {
      const before = performance.now();
      await databaseNow(rooms.db);
      return { name: 'database', status: 'ok', detail: `answers in ${(performance.now() - before).toFixed(1)} ms` };
    } catch (thrown) {
      return { name: 'database', status: 'down', detail: messageOf(thrown) };
    }
  }

  async function engine(
    name: string,
    room: Pick<Releases, 'progress'>,
    longestOverdue: number = OVERDUE_MS,
  ): Promise<ComponentHealth> {
    try {
      const { sinceSweep, overdue } = await room.progress();
      if (sinceSweep > STUCK_MS)
        return { name, status: 'down', detail: `has not looked for work for ${formatDuration(sinceSweep)}` };
      if (overdue > longestOverdue)
        return { name, status: 'down', detail: `work has been due for ${formatDuration(overdue)}` };
      return { name, status: 'ok', detail: 'makes progress' };
    } catch (thrown) {
      return { name, status: 'down', detail: messageOf(thrown) };
    }
  }

  /** Never down: messages wait in the outbox, and consumers look into the database. */
  function broker(): readonly ComponentHealth[] {
    if (rooms.broker === null) return [];
    const trouble = rooms.broker.trouble();
    if (trouble === null) return [{ name: 'broker', status: 'ok', detail: 'takes messages' }];
    return [{ name: 'broker', status: 'degraded', detail: trouble }];
  }

  async function components(): Promise<readonly ComponentHealth[]> {
    const start: ComponentHealth = isStarted
      ? { name: 'server', status: 'ok', detail: 'started' }
      : { name: 'server', status: 'down', detail: away ?? 'is starting' };
    const store = await database();
    if (store.status === 'down' || !isStarted) return [start, store];
    const engines = rooms.duties.engine
      ? await Promise.all([
          engine('runs', rooms.releases),
          engine('rollouts', rooms.rollouts),
          engine('issues', rooms.loop),
        ])
      : [];
    // Tasks take hours: that some wait while all places are taken is no fault of this process.
    const consumers = rooms.duties.agent ? [await engine('tasks', rooms.agent, Infinity)] : [];
    const { tier, reason } = rooms.sandbox.isolation();
    const sandbox: ComponentHealth = {
      name: 'sandbox',
      status: tier === 'C' ? 'degraded' : 'ok',
      detail: `tier ${tier}: ${reason}`,
    };
    return [start, store, ...engines, ...consumers, ...broker(), sandbox];
  }

  return {
    components,
    ready: async () => {
      const down = (await components()).filter((component) => component.status === 'down');
      return { ready: down.length === 0, reasons: down.map((component) => `${component.name}: ${component.detail}`) };
    },
    started: () => {
      isStarted = true;
    },
    databaseAway: (reason) => {
      away = reason;
    },
    databaseBack: () => {
      away = null;
    },
  };
}
