import { type Clock, FunadeError } from '../kernel/index.ts';
import { type Db, type Trx, appendEvent, transaction } from '../store/index.ts';
import type { SteeringAct, Task, TaskState } from './port.ts';
import { type TaskRow, lockSubjects, lockTask, readTask, setWanted, subjectOf } from './store.ts';
import { possibleActs, standingOf, steered } from './steering.ts';
import { withAttempts } from './task.ts';

export interface SteerMeans {
  readonly db: Db;
  readonly clock: Clock;
  /** Asks for a round of a task when the transaction commits. */
  readonly schedule: (trx: Trx, id: string) => Promise<void>;
}

interface SteeredBy {
  /** Name of a user or login on the forge; `automation`. */
  readonly actor: string;
  /** What they say of it. */
  readonly reason: string | null;
  /** Code of the task's reason, where it was no person's wish: `subject_closed`. */
  readonly cause?: string;
}

const EVENTS = {
  pause: 'task.pausing',
  resume: 'task.resumed',
  stop: 'task.stopping',
  approve: 'task.plan_approved',
} as const satisfies Readonly<Record<SteeringAct, string>>;

/** Says what a person wants of a task; whoever works on it, or the next round, does it. */
export function steerTask(means: SteerMeans, id: string, act: SteeringAct, by: SteeredBy): Promise<Task> {
  return transaction(means.db, async (trx) => {
    const seen = await readTask(trx, id);
    const row = seen === undefined ? undefined : await lockFor(trx, seen);
    if (row === undefined) throw new FunadeError('FUN_NOT_FOUND', { kind: 'task', id, list: 'funade tasks list' });
    const end = await steerIn(trx, means, row, { act, by });
    if (end === 'refused') throw refusal(act, id, standingOf(row));
    const after = await readTask(trx, id);
    const [task] = after === undefined ? [] : await withAttempts(trx, [after]);
    if (task === undefined) throw new Error(`task ${id} vanished in its own transaction`);
    return task;
  });
}

function refusal(act: SteeringAct, id: string, state: TaskState): FunadeError {
  const next = [...possibleActs(state), 'show'].map((each) => ({ command: `funade tasks ${each} ${id}` }));
  return new FunadeError('FUN_TASK_STATE', { act, id, state }, { next });
}

/** Locks subject and row, in the order in which everybody does. */
export async function lockFor(trx: Trx, seen: TaskRow): Promise<TaskRow | undefined> {
  await lockSubjects(trx, [subjectOf(seen)]);
  return lockTask(trx, seen.id);
}

/** The same within a transaction that has locked the row. */
export async function steerIn(
  trx: Trx,
  { schedule }: Pick<SteerMeans, 'schedule'>,
  row: TaskRow,
  { act, by }: { readonly act: SteeringAct; readonly by: SteeredBy },
): Promise<'done' | 'same' | 'refused'> {
  const verdict = steered(standingOf(row), act, { isPlanApproved: row.plan_approved_by !== null });
  if (verdict.kind !== 'becomes') return verdict.kind;
  const reason = reasonOf(act, by);
  await setWanted(trx, row.id, {
    state: verdict.state,
    reason,
    by: by.actor,
    why: by.reason,
    approvesPlan: act === 'approve',
  });
  const { source, project, kind, number, generation } = row;
  const data = { source, project, kind, number, generation, was: standingOf(row), reason, why: by.reason };
  await appendEvent(trx, { kind: EVENTS[act], subject: row.id, actor: by.actor, data });
  await schedule(trx, row.id);
  return 'done';
}

function reasonOf(act: SteeringAct, { cause }: SteeredBy): string | null {
  if (act === 'pause') return cause ?? 'paused_by_person';
  if (act === 'stop') return cause ?? 'stopped_by_person';
  return null;
}
