import type { Actor, Forge, SubjectKey, SubjectKind, SubjectState, TaskEvent } from '../forges/index.ts';
import type { Trx } from '../store/index.ts';

/** An event of an issue or change, as intake hands it over in the transaction that stores its delivery. */
export interface TaskArrival {
  readonly event: TaskEvent;
  readonly source: string;
  /** Id of the forge's implementation. */
  readonly forge: string;
  /** Host of the source's pages, which subjects are known by. */
  readonly host: string;
  readonly deliveryId: string;
  readonly via: 'webhook' | 'poll';
  /** A person had a stored delivery admitted once more. */
  readonly isReplay: boolean;
}

export type TaskAdmitted =
  | { readonly kind: 'queued'; readonly taskIds: readonly string[] }
  | { readonly kind: 'ignored'; readonly reason: string };

export interface PlannedTasks {
  /** One for each arrival, in their order. */
  readonly decisions: readonly TaskAdmitted[];
  /** Writes what the arrivals at these places become. */
  write(places: readonly number[]): Promise<void>;
}

export const TASK_STATES = [
  'queued',
  'claimed',
  'running',
  'pausing',
  'paused',
  'stopping',
  'stopped',
  'awaiting_approval',
  'succeeded',
  'failed',
  'dead',
  'cancelled',
  'expired',
] as const;
export type TaskState = (typeof TASK_STATES)[number];

export interface TaskAttempt {
  readonly number: number;
  /** Process that worked on it. */
  readonly worker: string;
  readonly startedAt: number;
  readonly endedAt: number | null;
  /** Null while it runs; `lost`: its process vanished or its lease went to another. */
  readonly outcome: 'succeeded' | 'failed' | 'cancelled' | 'lost' | null;
  readonly reason: string | null;
  readonly errorId: string | null;
}

/** One handing over of an issue or change to the agent. Times are epoch milliseconds. */
export interface Task {
  readonly id: string;
  readonly source: string;
  readonly forge: 'github' | 'gitlab';
  readonly host: string;
  readonly projectId: string;
  readonly project: string;
  readonly kind: SubjectKind;
  readonly number: number;
  readonly title: string;
  readonly url: string;
  /** Counts the times this subject was handed over, from 1. */
  readonly generation: number;
  readonly state: TaskState;
  readonly reason: string | null;
  readonly errorId: string | null;
  readonly label: string;
  readonly actor: string;
  readonly actorId: string | null;
  readonly via: 'webhook' | 'poll' | 'retry';
  readonly deliveryId: string | null;
  readonly worker: string | null;
  readonly queuedAt: number;
  readonly notBefore: number | null;
  readonly claimedAt: number | null;
  readonly endedAt: number | null;
  readonly attempts: readonly TaskAttempt[];
}

/** What a runner gets: the task as it is now, the subject as the forge shows it, and the right to go on. */
export interface Job {
  readonly task: Task;
  readonly key: SubjectKey;
  readonly subject: SubjectState;
  readonly labeler: Actor;
  readonly forge: Forge;
  /** Number of the lease; every outside call that can be told apart by it carries it. */
  readonly fence: number;
  /** Aborted when the lease is lost or the process is stopping. */
  readonly signal: AbortSignal;
}

export type RunnerEnd =
  | { readonly kind: 'succeeded'; readonly summary: string }
  /** Trying again may help (`transient`: without counting an attempt), or can't (`permanent`). */
  | { readonly kind: 'failed'; readonly reason: string; readonly blame: 'agent' | 'transient' | 'permanent' };

/** Works on a task. May throw: that counts as a failure of the agent. */
export interface Runner {
  readonly id: string;
  run(job: Job): Promise<RunnerEnd>;
}

export interface AgentMetrics {
  /** A task was stored. */
  queued(forge: string, kind: SubjectKind, via: string): void;
  /** Seconds from the delivery to the claim. */
  claimed(seconds: number): void;
  ended(state: TaskState): void;
}

export interface Agent {
  /** Reads and decides, without writing anything; for intake's admission. Needs no token and does no I/O but SQL. */
  planAdmission(trx: Trx, arrivals: readonly TaskArrival[]): Promise<PlannedTasks>;
  /** Newest first. `cursor` is the `next` of the page before. */
  list(page: {
    readonly limit: number;
    readonly cursor?: string | undefined;
    readonly state?: TaskState | undefined;
  }): Promise<{ readonly items: readonly Task[]; readonly next: string | null }>;
  get(id: string): Promise<Task | undefined>;
  /** Hands the subject of an ended task over once more, as a new generation. `FUN_NOT_FOUND`, `FUN_TASK_ALIVE`. */
  retry(id: string, actor: string): Promise<Task>;
  /** Begins to claim and work; without it tasks are only stored. */
  start(options: { readonly alone: boolean }): Promise<void>;
  stop(): Promise<void>;
  progress(): Promise<{ readonly sinceSweep: number; readonly overdue: number }>;
}
