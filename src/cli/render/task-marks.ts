import type { TaskView } from '../../api/contract/index.ts';
import { assertNever } from '../../kernel/index.ts';
import type { Mark } from './marks.ts';

/** A task whose process was stopped in an orderly way waits for another process, not for a person. */
export function isDrained({ state, reason }: Pick<TaskView, 'state' | 'reason'>): boolean {
  return state === 'paused' && reason === 'drain';
}

export function markOfTask(task: Pick<TaskView, 'state' | 'reason'>): Mark {
  if (isDrained(task)) return { icon: 'waiting', word: 'task.queued' };
  const { state } = task;
  switch (state) {
    case 'queued':
      return { icon: 'waiting', word: 'task.queued' };
    case 'awaiting_approval':
      return { icon: 'paused', word: 'task.awaiting_approval' };
    case 'claimed':
      return { icon: 'running', word: 'task.claimed' };
    case 'running':
      return { icon: 'running', word: 'task.running' };
    case 'pausing':
      return { icon: 'running', word: 'task.pausing' };
    case 'stopping':
      return { icon: 'running', word: 'task.stopping' };
    case 'paused':
      return { icon: 'paused', word: 'task.paused' };
    case 'succeeded':
      return { icon: 'done', word: 'task.succeeded' };
    case 'failed':
      return { icon: 'failed', word: 'task.failed' };
    case 'dead':
      return { icon: 'failed', word: 'task.dead' };
    case 'stopped':
      return { icon: 'aborted', word: 'task.stopped' };
    case 'cancelled':
      return { icon: 'aborted', word: 'task.cancelled' };
    case 'expired':
      return { icon: 'aborted', word: 'task.expired' };
    default:
      return assertNever(state);
  }
}

export function markOfAttempt(outcome: TaskView['attempts'][number]['outcome']): Mark {
  switch (outcome) {
    case null:
      return { icon: 'running', word: 'task.running' };
    case 'succeeded':
      return { icon: 'done', word: 'task.succeeded' };
    case 'failed':
      return { icon: 'failed', word: 'task.failed' };
    case 'cancelled':
      return { icon: 'aborted', word: 'task.cancelled' };
    case 'lost':
      return { icon: 'failed', word: 'task.lost' };
    default:
      return assertNever(outcome);
  }
}
