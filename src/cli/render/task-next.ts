import type { TaskView } from '../../api/contract/index.ts';
import type { Language, NextCommand } from '../../kernel/index.ts';
import { textOf } from '../locales/index.ts';
import { isDrained } from './task-marks.ts';

type Verb = 'approve' | 'resume' | 'pause' | 'stop' | 'retry';

/** What a person can do about a task now, and where to read more. */
export function nextOfTask(task: TaskView, language: Language): readonly NextCommand[] {
  const text = textOf(language);
  const verbs = verbsOf(task).map((verb) => ({
    command: `funade tasks ${verb} ${task.id}`,
    why: text(`task.why.${verb}`),
  }));
  const follow = isAtWork(task) ? ' --follow' : '';
  const logs =
    task.attempts.length === 0
      ? []
      : [{ command: `funade tasks logs ${task.id}${follow}`, why: text('task.why.logs') }];
  const told = task.deliveryId === null ? [] : [{ command: `funade deliveries show ${task.deliveryId}` }];
  return [...verbs, ...logs, ...told];
}

function isAtWork({ state }: TaskView): boolean {
  return ['claimed', 'running', 'pausing', 'stopping'].includes(state);
}

function verbsOf(task: TaskView): readonly Verb[] {
  if (isDrained(task)) return ['pause', 'stop'];
  switch (task.state) {
    case 'queued':
    case 'claimed':
    case 'running':
      return ['pause', 'stop'];
    case 'pausing':
    case 'paused':
      return ['resume', 'stop'];
    case 'awaiting_approval':
      return ['approve', 'stop'];
    case 'failed':
    case 'dead':
    case 'cancelled':
    case 'stopped':
    case 'expired':
      return ['retry'];
    default:
      return [];
  }
}
