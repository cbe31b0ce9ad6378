import type { AgentLabels } from '../config/index.ts';
import type { Forge, ForgeWebhook } from '../forges/index.ts';
import { type Clock, type Logger, newId } from '../kernel/index.ts';
import { type Driver, type Queue, createDriver } from '../queue/index.ts';
import type { Db } from '../store/index.ts';
import { planAdmission } from './admission.ts';
import type { Agent, AgentMetrics, Runner } from './port.ts';
import { retryTask } from './retry.ts';
import { listTasks, readTask } from './store.ts';
import { withAttempts } from './task.ts';
import { createTaskRound } from './work/engine.ts';
import { type Backoff, DEFAULT_BACKOFF } from './work/trouble.ts';

export interface AgentOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly queue: Queue;
  /** Names this process among all on the database; see the driver of the queue room. */
  readonly owner?: string;
  /** By id of their implementation. */
  readonly forges: ReadonlyMap<string, Pick<ForgeWebhook, 'labelKey'>>;
  /** The API of a source, as its account; null when it has no credentials. */
  readonly forgeOf: (source: string) => Forge | null;
  readonly labels: AgentLabels;
  /** Null: nothing works on tasks, and they fail with that reason. */
  readonly runner: Runner | null;
  /** Tasks that this process works on at the same time. */
  readonly slots: number;
  readonly metrics?: AgentMetrics;
  /** Milliseconds after which a task of a process that is gone is taken over; 60 s. */
  readonly leaseMs?: number;
  readonly sweepMs?: number;
  /** Who is told of a new task: this process if it works on tasks (`here`), or whoever takes the job (`queue`). */
  readonly hint?: 'here' | 'queue';
  /** Milliseconds that a runner gets to end when it is interrupted; 5 s. */
  readonly graceMs?: number;
  readonly backoff?: Backoff;
}

const LEASE = 60_000;
const GRACE = 5000;

/** Agent tasks: stored by admission in any process, worked on by processes that `start`. */
export function createAgent(options: AgentOptions): Agent {
  const { db, clock, owner } = options;
  const round = createTaskRound({
    ...options,
    backoff: options.backoff ?? DEFAULT_BACKOFF,
    graceMs: options.graceMs ?? GRACE,
    worker: owner ?? newId('worker', clock.now()),
  });
  const driver: Driver = createDriver({
    ...options,
    kind: 'task',
    concurrency: options.slots,
    leaseMs: options.leaseMs ?? LEASE,
    round,
  });
  return {
    planAdmission: (trx, arrivals) => planAdmission({ ...options, driver }, trx, arrivals),
    list: async ({ limit, cursor, state }) => {
      const items = await withAttempts(db, await listTasks(db, { limit, cursor, state }));
      return { items, next: items.length === limit ? (items.at(-1)?.id ?? null) : null };
    },
    get: async (id) => {
      const row = await readTask(db, id);
      return row === undefined ? undefined : (await withAttempts(db, [row]))[0];
    },
    retry: (id, actor) => retryTask({ ...options, driver }, id, actor),
    start: (how) => driver.start(how),
    stop: () => driver.stop(),
    progress: () => driver.progress(),
  };
}
