import type { AgentSettings } from '../config/index.ts';
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

export interface PlanItem {
  readonly text: string;
  readonly done: boolean;
}

/** What the agent has used, over all attempts of a task. */
export interface TaskUsage {
  readonly steps: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** US dollars; null where no price is configured. */
  readonly money: number | null;
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
  /** What a person can do about it now, the gentlest first. */
  readonly acts: readonly TaskAct[];
  /** Branch with the work; null before something was pushed to it. */
  readonly branch: string | null;
  /** Pull or merge request with the work; `adopted`: it was there before. */
  readonly change: { readonly number: number; readonly url: string; readonly adopted: boolean } | null;
  /** Checklist as the agent keeps it. */
  readonly plan: readonly PlanItem[];
  /** What waits for a person's approval, or was approved: Markdown. */
  readonly planText: string | null;
  readonly planApprovedBy: string | null;
  /** Last line that the agent said of its progress. */
  readonly note: string | null;
  /** What the agent says that it did: Markdown. */
  readonly summary: string | null;
  /** What its failure is about: the end of a check's output, lines of a faulty file, an exit code. Masked; text of others. */
  readonly detail: string | null;
  readonly usage: TaskUsage;
  readonly pausedAt: number | null;
  /** Who paused, resumed, stopped … it last, and why. */
  readonly steeredBy: string | null;
  readonly steerReason: string | null;
}

/**
 * What a person may ask for while a task is alive. `pause` frees the slot and keeps branch, comment and conversation; `stop` ends it and keeps
 * the work; `approve` is for the plan that it waits with.
 */
export const STEERING_ACTS = ['pause', 'resume', 'stop', 'approve'] as const;
export type SteeringAct = (typeof STEERING_ACTS)[number];

/** What a person can do about a task; an ended one can be handed over once more. */
export type TaskAct = SteeringAct | 'retry';

/** Why a runner is told to end; the `reason` of its signal. */
export type Interruption = 'pause' | 'stop' | 'drain' | 'lost';

/** A comment of somebody with a write role. Text of others: data, never instruction to Funade itself. */
export interface InboxMessage {
  readonly author: string;
  readonly body: string;
  readonly edited: boolean;
}

/**
 * What the agent is to do in this run. `work`: begin; `resume`: go on, after a pause or a lost process; `feedback`: go on, because
 * checks failed or comments came. The prompt is whole: a runner without a memory of its own needs nothing else.
 */
export interface Instruction {
  readonly kind: 'plan' | 'work' | 'resume' | 'feedback';
  readonly prompt: string;
}

export interface Progress {
  readonly plan: readonly PlanItem[];
  readonly note: string;
  /** Used since the last report. */
  readonly used: Partial<TaskUsage>;
}

/** What a runner gets: the task as it is now, the subject as the forge shows it, a place to work, and the right to go on. */
export interface Job {
  readonly task: Task;
  readonly key: SubjectKey;
  readonly subject: SubjectState;
  readonly labeler: Actor;
  readonly forge: Forge;
  /** Number of the lease; every outside call that can be told apart by it carries it. */
  readonly fence: number;
  /** Aborted with an `Interruption` as its reason. */
  readonly signal: AbortSignal;
  /** Absolute path of the checkout: a git repository of the agent's own, whose `.git` nobody else reads. Empty for a runner without. */
  readonly directory: string;
  /** Absolute path of a directory that stays with the task over pauses and attempts; HOME of command-line agents. */
  readonly home: string;
  readonly settings: AgentSettings;
  readonly instruction: Instruction;
  /** What the runner saved last; null when it begins anew. */
  readonly memory: string | null;
  /** Saves the runner's memory (a conversation). Messages of the inbox that were handed over before count as delivered with it. */
  save(memory: string): Promise<void>;
  /** Comments that arrived since; each is handed over once, and once more by the next run when `save` did not follow. */
  inbox(): Promise<readonly InboxMessage[]>;
  /** For the progress comment, the dashboard and the budget; cheap, and never throws. */
  report(progress: Partial<Progress>): void;
  /** Appends to the task's log, whole lines or parts of them; masked and capped by the receiver. */
  log(text: string): void;
}

export type RunnerEnd =
  /** Markdown; what the pull request says was done. */
  | { readonly kind: 'succeeded'; readonly summary: string }
  /** Answer to an instruction of kind `plan`. */
  | { readonly kind: 'planned'; readonly plan: string; readonly items: readonly PlanItem[] }
  /** It has stopped because its signal said so, and saved what it needs to go on. */
  | { readonly kind: 'interrupted' }
  /**
   * Trying again may help (`transient`: without counting an attempt, not before `at`), or can't (`permanent`). `reason` is a code with a text;
   * `detail` is for log and dashboard.
   */
  | {
      readonly kind: 'failed';
      readonly reason: string;
      readonly detail?: string;
      readonly blame: 'agent' | 'transient' | 'permanent';
      readonly at?: number | null;
    };

/** Works on a task. May throw: that counts as a failure of the agent. */
export interface Runner {
  readonly id: string;
  /** Whether it works in a checkout; without one nothing is cloned, pushed or proposed. */
  readonly needsCheckout: boolean;
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
    /** `owner/name` */
    readonly project?: string | undefined;
    readonly number?: number | undefined;
  }): Promise<{ readonly items: readonly Task[]; readonly next: string | null }>;
  get(id: string): Promise<Task | undefined>;
  /** Hands the subject of an ended task over once more, as a new generation. `FUN_NOT_FOUND`, `FUN_TASK_ALIVE`. */
  retry(id: string, actor: string): Promise<Task>;
  /** `FUN_NOT_FOUND`; `FUN_TASK_STATE` where the state of the task does not allow it. Answers the task as it then is. */
  steer(id: string, act: SteeringAct, by: { readonly actor: string; readonly reason: string | null }): Promise<Task>;
  /** How long a task may stay paused, or wait for approval, in milliseconds. */
  readonly pausedFor: number;
  /** The log from a position on (0: from the start), masked; at most some hundred kilobytes at once. `next`: position to go on from. */
  readLog(
    id: string,
    after: number,
  ): Promise<{ readonly text: string; readonly next: number; readonly ended: boolean }>;
  /** Begins to claim and work; without it tasks are only stored. */
  start(options: { readonly alone: boolean }): Promise<void>;
  stop(): Promise<void>;
  progress(): Promise<{ readonly sinceSweep: number; readonly overdue: number }>;
}
