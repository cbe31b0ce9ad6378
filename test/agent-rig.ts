import { sql } from 'kysely';
import {
  type Agent,
  type AgentOptions,
  type Runner,
  type Task,
  type TaskAdmitted,
  type TaskArrival,
  createAgent,
  hasTaskEnded,
} from '../src/agent/index.ts';
import type { Actor, TaskEvent } from '../src/forges/index.ts';
import { silentLogger, systemClock } from '../src/kernel/index.ts';
import { createMemoryQueue } from '../src/queue/index.ts';
import { transaction } from '../src/store/index.ts';
import { FORGES, LABELS } from './agent-labels.ts';
import { type TestDatabase, createTestDatabase } from './database.ts';
import { MONA, type MemoryForge, createMemoryForge } from './memory-forge.ts';
import { until } from './release-rig.ts';

export { LABELS } from './agent-labels.ts';

/** Pauses that tests do not have to wait for. */
export const QUICK = {
  attempts: [20, 40],
  trouble: { first: 20, longest: 50, patience: 60_000 },
  random: () => 0.5,
} as const;

/** Looks that come soon. */
export const QUICK_PACE = { row: 20, subject: 100, comment: 20, paused: 3_600_000, resting: 100 } as const;

export const succeeding: Runner = {
  id: 'test',
  needsCheckout: false,
  run: () => Promise.resolve({ kind: 'succeeded', summary: 'done' }),
};

interface Told {
  readonly source?: string;
  readonly forge?: string;
  readonly deliveryId?: string;
  readonly via?: TaskArrival['via'];
  readonly projectId?: string | null;
  /** Of the source's pages. */
  readonly host?: string;
  /** As the payload names it; the source's where it is not given. */
  readonly payloadHost?: string | null;
  readonly isReplay?: boolean;
  readonly number?: number;
  readonly actor?: Actor;
  readonly at?: number | null;
  readonly open?: boolean;
  readonly labels?: readonly string[];
}

let deliveries = 0;

function arrival(told: Told, part: object): TaskArrival {
  deliveries += 1;
  const { number = 1, projectId = '7', host = 'github.com', actor = MONA } = told;
  const event = {
    repository: {
      host: told.payloadHost === undefined ? host : told.payloadHost,
      id: projectId,
      fullName: 'octo/greeter',
      cloneUrls: [],
    },
    subject: {
      kind: 'issue',
      number,
      title: `Title of ${number}`,
      url: `https://github.com/octo/greeter/issues/${number}`,
      open: told.open ?? true,
      author: MONA,
      labels: told.labels ?? [LABELS.trigger],
      assignees: [],
    },
    actor,
    at: told.at === undefined ? Date.now() : told.at,
    ...part,
  } as unknown as TaskEvent;
  return {
    event,
    source: told.source ?? 'github',
    forge: told.forge ?? 'github',
    host,
    deliveryId: told.deliveryId ?? `delivery-${deliveries}`,
    via: told.via ?? 'webhook',
    isReplay: told.isReplay ?? false,
  };
}

export function labelled(told: Told & { readonly added?: readonly string[] } = {}): TaskArrival {
  return arrival(told, { kind: 'label_added', added: told.added ?? [LABELS.trigger] });
}

export function opened(told: Told & { readonly again?: boolean } = {}): TaskArrival {
  return arrival(told, { kind: 'opened', again: told.again ?? false });
}

export function closed(told: Told = {}): TaskArrival {
  return arrival({ ...told, open: false }, { kind: 'closed', merged: false });
}

export function assigned(told: Told = {}): TaskArrival {
  return arrival(told, { kind: 'assigned', assignee: MONA });
}

export function unassigned(told: Told = {}): TaskArrival {
  return arrival(told, { kind: 'unassigned', assignee: MONA });
}

export function commented(body: string, told: Told = {}): TaskArrival {
  return arrival(told, { kind: 'comment', comment: { id: '1', body, edited: false } });
}

export interface AgentRig {
  readonly database: TestDatabase;
  readonly forge: MemoryForge;
  /** Stores tasks only; `start` makes others that work. */
  readonly agent: Agent;
  /** Another process over the same database and forge. */
  start(options?: Partial<AgentOptions>): Promise<Agent>;
  /** Adds to the time that the room sees. */
  advance(milliseconds: number): void;
  /** Decides and writes in one transaction, as intake does. */
  admit(...arrivals: readonly TaskArrival[]): Promise<readonly TaskAdmitted[]>;
  /** Admits one arrival, whose label is put on in the forge as well, and answers the task's id. */
  hand(told?: Told): Promise<string>;
  tasks(): Promise<readonly Task[]>;
  task(id: string): Promise<Task>;
  taskWhere(id: string, is: (task: Task) => boolean): Promise<Task>;
  ended(id: string): Promise<Task>;
  /** Kinds of the events of a task, in order. */
  events(id: string): Promise<readonly string[]>;
  /** Ends the agents, and forgets tasks and subjects: as good as a new rig, and quicker. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

export async function createAgentRig(): Promise<AgentRig> {
  const database = await createTestDatabase();
  const forge = createMemoryForge();
  const started: Agent[] = [];
  let offset = 0;
  const clock = { now: () => systemClock.now() + offset };

  function make(options: Partial<AgentOptions>): Agent {
    return createAgent({
      db: database.db,
      clock,
      logger: silentLogger,
      queue: createMemoryQueue(silentLogger),
      forges: FORGES,
      forgeOf: (source) => (source === 'no-token' ? null : forge),
      labels: LABELS,
      runner: succeeding,
      slots: 4,
      sweepMs: 50,
      graceMs: 200,
      backoff: QUICK,
      pace: QUICK_PACE,
      ...options,
    });
  }

  const agent = make({});
  const rig: AgentRig = {
    database,
    forge,
    agent,
    start: async (options = {}) => {
      const another = make(options);
      started.push(another);
      await another.start({ alone: false });
      return another;
    },
    advance: (milliseconds) => {
      offset += milliseconds;
    },
    admit: (...arrivals) =>
      transaction(database.db, async (trx) => {
        const { decisions, write } = await agent.planAdmission(trx, arrivals);
        await write(arrivals.map((_, place) => place));
        return decisions;
      }),
    hand: async (told = {}) => {
      forge.label(told.number ?? 1, LABELS.trigger, told.actor);
      const [decision] = await rig.admit(labelled(told));
      const [id] = decision?.kind === 'queued' ? decision.taskIds : [];
      if (id === undefined) throw new Error(`not queued: ${JSON.stringify(decision)}`);
      return id;
    },
    tasks: async () => (await agent.list({ limit: 200 })).items,
    task: async (id) => {
      const found = await agent.get(id);
      if (found === undefined) throw new Error(`no task ${id}`);
      return found;
    },
    taskWhere: (id, is) => until(() => rig.task(id), is, 60_000),
    ended: (id) => rig.taskWhere(id, ({ state }) => hasTaskEnded(state)),
    events: async (id) => {
      const { rows } = await sql<{
        kind: string;
      }>`select kind from events where subject = ${id} order by position`.execute(database.db);
      return rows.map(({ kind }) => kind);
    },
    reset: async () => {
      await Promise.all(started.splice(0).map((each) => each.stop()));
      await sql`truncate tasks, task_attempts, task_memories, task_comments, task_logs, work`.execute(database.db);
      forge.reset();
      offset = 0;
    },
    close: async () => {
      await Promise.all(started.map((each) => each.stop()));
      await database.drop();
    },
  };
  return rig;
}
