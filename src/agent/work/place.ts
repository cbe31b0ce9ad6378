import type { AgentDefaults, AgentLabels } from '../../config/index.ts';
import type { Forge, ForgeWebhook, SubjectKey, SubjectState } from '../../forges/index.ts';
import type { Clock, Language, Logger } from '../../kernel/index.ts';
import type { Lease } from '../../queue/index.ts';
import { type Db, type Trx, afterCommit, appendEvent, transaction } from '../../store/index.ts';
import type { AgentMetrics, Job, Runner } from '../port.ts';
import type { TaskEnding, TaskRow } from '../store.ts';
import { hasTaskEnded } from '../steering.ts';
import type { Workspaces } from '../workspace/port.ts';
import { StaleHolder, unlessInterrupted } from './interruption.ts';
import type { Held } from './store.ts';
import * as store from './store.ts';
import type { Backoff } from './trouble.ts';

export interface WorkMeans {
  readonly db: Db;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Asks for a round of a task when the transaction commits. */
  readonly schedule: (trx: Trx, id: string) => Promise<void>;
  readonly forges: ReadonlyMap<string, Pick<ForgeWebhook, 'labelKey'>>;
  /** The API of a source; null when it has no credentials. */
  readonly forgeOf: (source: string) => Forge | null;
  readonly labels: AgentLabels;
  readonly runner: Runner | null;
  /** Those that a repository may choose among, the default one included, by their id. */
  readonly runners: ReadonlyMap<string, Runner>;
  /** Null where only runners that need no checkout are used. */
  readonly workspaces: Workspaces | null;
  /** Runs the checks of a repository; null where nothing can, and then a repository that has some is not worked on. */
  readonly runCheck: CheckRunner | null;
  readonly defaults: AgentDefaults;
  /** Only subjects of these, `owner/name`, are worked on; empty: of all. */
  readonly repositories: readonly string[];
  /** Whether Funade itself opened the issue and put the label on. */
  readonly isOwnIssue: (issue: {
    readonly source: string;
    readonly projectId: string;
    readonly number: number;
  }) => Promise<boolean>;
  /** Values that must never be shown or pushed. */
  readonly secrets: () => readonly string[];
  /** Of what people read on the forge. */
  readonly language: Language;
  readonly pace: Pace;
  readonly backoff: Backoff;
  /** Time that a runner gets to end when it is interrupted, in milliseconds. */
  readonly graceMs: number;
  /** Names this process. */
  readonly worker: string;
  readonly metrics?: AgentMetrics | undefined;
}

/**
 * Runs a shell command in the checkout of a job, in the same box as its agent. `output`: both streams, masked, its end where it is long.
 */
export type CheckRunner = (command: string, job: Job) => Promise<{ readonly ok: boolean; readonly output: string }>;

/** How often a task at work is looked at, in milliseconds. */
export interface Pace {
  /** At its row: whether somebody steers it, or told of news; 1 s. */
  readonly row: number;
  /** At its subject on the forge, without any news; 10 s. */
  readonly subject: number;
  /** Between two edits of the progress comment; 15 s. */
  readonly comment: number;
  /** How long it may stay paused, or wait for approval; 14 days. */
  readonly paused: number;
  /** Between two looks at the subject of a task that rests; 60 s. */
  readonly resting: number;
}

/** One attempt at a task, as its holder. */
export interface Place {
  readonly means: WorkMeans;
  readonly task: TaskRow;
  readonly lease: Lease;
}

export function heldBy({ task, lease }: Place): Held {
  return { id: task.id, fence: lease.fence };
}

export function keyOf(task: TaskRow): SubjectKey {
  return { repository: { id: task.project_id, fullName: task.project }, kind: task.kind, number: task.number };
}

/** Asks the forge, unless the lease ends first. */
export function ask<T>({ lease }: Place, work: () => Promise<T>): Promise<T> {
  return unlessInterrupted(lease.signal, work);
}

/** The label as the subject has it written; null when it is not there. */
export function labelOn({ means, task }: Place, subject: SubjectState, wanted: string): string | null {
  const key = means.forges.get(task.forge)?.labelKey ?? ((label: string) => label);
  return subject.labels.find((label) => key(label) === key(wanted)) ?? null;
}

/** Writes as the holder; when somebody has taken over, nothing at all is written. */
export function writing(place: Place, work: (trx: Trx, held: Held) => Promise<boolean>): Promise<void> {
  return transaction(place.means.db, async (trx) => {
    if (!(await work(trx, heldBy(place)))) throw new StaleHolder();
  });
}

/** Writes an event of a task, in the transaction of the change that it tells of. */
export function tell(
  trx: Trx,
  task: TaskRow,
  kind: string,
  data: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const { source, project, kind: subject, number, generation } = task;
  const facts = { source, project, kind: subject, number, generation };
  return appendEvent(trx, { kind, subject: task.id, actor: 'automation', data: { ...facts, ...data } });
}

export interface End {
  readonly ending: TaskEnding;
  readonly reason: string | null;
  readonly errorId: string | null;
  /** What the attempt says where it says more than the task. */
  readonly detail?: string | undefined;
}

const OUTCOMES = {
  succeeded: 'succeeded',
  awaiting_approval: 'succeeded',
  failed: 'failed',
  dead: 'failed',
  cancelled: 'cancelled',
  stopped: 'cancelled',
  expired: 'cancelled',
  paused: 'cancelled',
} as const;

/** Decides how a task ends. Labels and comment follow, by this process or another. */
export function conclude(place: Place, end: End): Promise<void> {
  return writing(place, async (trx, held) => {
    const now = place.means.clock.now();
    await store.endAttempt(trx, held.id, {
      ...end,
      outcome: OUTCOMES[end.ending],
      reason: end.detail ?? end.reason,
      now,
    });
    return store.decideEnding(trx, held, end);
  });
}

/** Makes the decided end, or rest, the state of the task. */
export function settle(place: Place): Promise<void> {
  return writing(place, async (trx, held) => {
    const state = await store.endTask(trx, held, place.means.clock.now());
    if (state === null) return false;
    const { reason, error_id: errorId, attempts } = place.task;
    await tell(trx, place.task, `task.${state}`, { reason, errorId, attempts });
    if (hasTaskEnded(state)) afterCommit(trx, () => place.means.metrics?.ended(state));
    return true;
  });
}
