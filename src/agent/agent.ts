import type { AgentDefaults, AgentLabels } from '../config/index.ts';
import type { Forge, ForgeWebhook } from '../forges/index.ts';
import { type Clock, type Language, type Logger, newId } from '../kernel/index.ts';
import { type Driver, type Queue, createDriver } from '../queue/index.ts';
import type { Db, Trx } from '../store/index.ts';
import { planAdmission } from './admission.ts';
import { readLog } from './log.ts';
import type { Agent, AgentMetrics, Runner } from './port.ts';
import { retryTask } from './retry.ts';
import { steerTask } from './steer.ts';
import { listTasks, readResting, readTask } from './store.ts';
import { withAttempts } from './task.ts';
import { createTaskRound } from './work/engine.ts';
import type { CheckRunner, Pace, WorkMeans } from './work/place.ts';
import { type Backoff, DEFAULT_BACKOFF } from './work/trouble.ts';
import type { Workspaces } from './workspace/port.ts';

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
  /** Those that a repository may choose among; the default one alone when left out. */
  readonly runners?: ReadonlyMap<string, Runner>;
  /** Where checkouts are made; without it only runners that need none can work. */
  readonly workspaces?: Workspaces;
  /** Runs the checks of repositories in the sandbox. */
  readonly runCheck?: CheckRunner;
  /** What the server allows; see `agentSettings`. */
  readonly defaults?: AgentDefaults;
  /** Only subjects of these, `owner/name`, are worked on; all when left out or empty. */
  readonly repositories?: readonly string[];
  readonly isOwnIssue?: WorkMeans['isOwnIssue'];
  /** Values that must never be shown or pushed. */
  readonly secrets?: () => readonly string[];
  readonly language?: Language;
  readonly pace?: Partial<Pace>;
  /** Tasks that this process works on at the same time. */
  readonly slots: number;
  readonly metrics?: AgentMetrics;
  /** Milliseconds after which a task of a process that is gone is taken over; 60 s. */
  readonly leaseMs?: number;
  readonly sweepMs?: number;
  /** Who is told of a new task: this process if it works on tasks (`here`), or whoever takes the job (`queue`). */
  readonly hint?: 'here' | 'queue';
  /** Milliseconds that a runner gets to end when it is interrupted; 9 s. */
  readonly graceMs?: number;
  readonly backoff?: Backoff;
}

const LEASE = 60_000;
const GRACE = 9000;
const DAY = 86_400_000;
const PACE: Pace = { row: 1000, subject: 10_000, comment: 15_000, paused: 14 * DAY, resting: 60_000 };
const DEFAULTS: Omit<AgentDefaults, 'runner'> = {
  budget: { steps: 200, tokens: 4_000_000, money: null, time: 3_600_000 },
  branchPrefix: 'funade/',
  planApproval: 'never',
};

/** Agent tasks: stored by admission in any process, worked on by processes that `start`. */
export function createAgent(options: AgentOptions): Agent {
  const { db, clock, owner, runner } = options;
  const schedule = (trx: Trx, id: string) => driver.schedule(trx, id);
  const round = createTaskRound({
    ...options,
    schedule,
    runners: options.runners ?? new Map(runner === null ? [] : [[runner.id, runner]]),
    workspaces: options.workspaces ?? null,
    runCheck: options.runCheck ?? null,
    defaults: options.defaults ?? { ...DEFAULTS, runner: (runner?.id ?? 'none') as AgentDefaults['runner'] },
    repositories: options.repositories ?? [],
    isOwnIssue: options.isOwnIssue ?? (() => Promise.resolve(false)),
    secrets: options.secrets ?? (() => []),
    language: options.language ?? 'en',
    pace: { ...PACE, ...options.pace },
    backoff: options.backoff ?? DEFAULT_BACKOFF,
    graceMs: options.graceMs ?? GRACE,
    worker: owner ?? newId('worker', clock.now()),
  });
  const driver: Driver = createDriver({
    ...options,
    kind: 'task',
    concurrency: options.slots,
    reserve: { places: 2, quick: (ids) => readResting(db, ids) },
    leaseMs: options.leaseMs ?? LEASE,
    round,
  });
  return {
    planAdmission: (trx, arrivals) => planAdmission({ ...options, driver }, trx, arrivals),
    pausedFor: options.pace?.paused ?? PACE.paused,
    list: async (page) => {
      const items = await withAttempts(db, await listTasks(db, page));
      return { items, next: items.length === page.limit ? (items.at(-1)?.id ?? null) : null };
    },
    get: async (id) => {
      const row = await readTask(db, id);
      return row === undefined ? undefined : (await withAttempts(db, [row]))[0];
    },
    retry: (id, actor) => retryTask({ ...options, schedule }, id, actor),
    readLog: (id, after) => readLog(db, id, after),
    steer: (id, act, by) => steerTask({ ...options, schedule }, id, act, by),
    start: (how) => driver.start(how),
    stop: () => driver.stop(),
    progress: () => driver.progress(),
  };
}
