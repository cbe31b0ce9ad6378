import { FunadeError, newId } from '../kernel/index.ts';
import { type Trx, afterCommit, appendEvents, transaction } from '../store/index.ts';
import { queuedEvent } from './admission.ts';
import type { AgentMetrics, Task } from './port.ts';
import type { SteerMeans } from './steer.ts';
import { type NewTask, insertTasks, lockSubjects, readHistories, readTask, subjectOf } from './store.ts';
import { hasTaskEnded } from './steering.ts';
import { withAttempts } from './task.ts';

interface RetryMeans extends SteerMeans {
  readonly metrics?: AgentMetrics | undefined;
}

/** Hands the subject of an ended task over once more. */
export async function retryTask(means: RetryMeans, id: string, actor: string): Promise<Task> {
  return transaction(means.db, (trx) => retryIn(trx, means, id, actor));
}

/** The same within a transaction. Throws before it has written anything. */
export async function retryIn(
  trx: Trx,
  { clock, schedule, metrics }: Omit<RetryMeans, 'db'>,
  id: string,
  actor: string,
): Promise<Task> {
  const first = await readTask(trx, id);
  if (first === undefined) throw new FunadeError('FUN_NOT_FOUND', { kind: 'task', id, list: 'funade tasks list' });
  const subject = subjectOf(first);
  await lockSubjects(trx, [subject]);
  const history = await readHistories(trx, [subject]);
  const alive = history.find(({ state }) => !hasTaskEnded(state));
  if (alive !== undefined) throw new FunadeError('FUN_TASK_ALIVE', { id, alive: alive.id, state: alive.state });
  const now = clock.now();
  const task: NewTask = {
    ...pick(first),
    id: newId('task', now),
    generation: (history[0]?.generation ?? 0) + 1,
    actor,
    actor_id: null,
    via: 'retry',
    triggered_by: 'retry',
    delivery_id: null,
    triggered_at: new Date(now),
    queued_at: new Date(now),
  };
  await insertTasks(trx, [task]);
  await appendEvents(trx, [
    {
      kind: 'task.retried',
      subject: id,
      actor,
      data: { task: task.id, project: first.project, number: first.number },
    },
    queuedEvent(task),
  ]);
  await schedule(trx, task.id);
  afterCommit(trx, () => metrics?.queued(task.forge, task.kind, task.via));
  const row = await readTask(trx, task.id);
  const [made] = row === undefined ? [] : await withAttempts(trx, [row]);
  if (made === undefined) throw new Error(`task ${task.id} vanished in its own transaction`);
  return made;
}

type Kept = 'source' | 'forge' | 'host' | 'project_id' | 'project' | 'kind' | 'number' | 'title' | 'url' | 'label';

function pick(row: Pick<NewTask, Kept>): Pick<NewTask, Kept> {
  const { source, forge, host, project_id, project, kind, number, title, url, label } = row;
  return { source, forge, host, project_id, project, kind, number, title, url, label };
}
