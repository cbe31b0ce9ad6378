import type { AgentLabels } from '../../config/index.ts';
import type { Forge, ForgeWebhook, SubjectKey, SubjectState } from '../../forges/index.ts';
import type { Clock, Logger } from '../../kernel/index.ts';
import type { Lease } from '../../queue/index.ts';
import { type Db, type Trx, afterCommit, appendEvent, transaction } from '../../store/index.ts';
import type { AgentMetrics, Runner } from '../port.ts';
import type { TaskEnding, TaskRow } from '../store.ts';
import { StaleHolder, unlessInterrupted } from './interruption.ts';
import type { Held } from './store.ts';
import * as store from './store.ts';
import type { Backoff } from './trouble.ts';

export interface WorkMeans {
  readonly db: Db;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly forges: ReadonlyMap<string, Pick<ForgeWebhook, 'labelKey'>>;
  /** The API of a source; null when it has no credentials. */
  readonly forgeOf: (source: string) => Forge | null;
  readonly labels: AgentLabels;
  readonly runner: Runner | null;
  readonly backoff: Backoff;
  /** Time that a runner gets to end when it is interrupted, in milliseconds. */
  readonly graceMs: number;
  /** Names this process. */
  readonly worker: string;
  readonly metrics?: AgentMetrics | undefined;
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

const OUTCOMES = { succeeded: 'succeeded', failed: 'failed', dead: 'failed', cancelled: 'cancelled' } as const;

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

/** Makes the decided end the state of the task. */
export function settle(place: Place): Promise<void> {
  return writing(place, async (trx, held) => {
    const state = await store.endTask(trx, held, place.means.clock.now());
    if (state === null) return false;
    const { reason, error_id: errorId, attempts } = place.task;
    await tell(trx, place.task, `task.${state}`, { reason, errorId, attempts });
    afterCommit(trx, () => place.means.metrics?.ended(state));
    return true;
  });
}
