import type { TaskView } from '../../api/contract/index.ts';
import type { Language, NextCommand } from '../../kernel/index.ts';
import { textOf } from '../locales/index.ts';

/** What a person can do about a task now, and where to read more. */
export function nextOfTask(task: TaskView, language: Language): readonly NextCommand[] {
  const text = textOf(language);
  const acts = task.acts.map((act) => ({
    command: `funade tasks ${act} ${task.id}`,
    why: text(act === 'resume' && task.state === 'awaiting_approval' ? 'task.why.replan' : `task.why.${act}`),
  }));
  const follow = isAtWork(task) ? ' --follow' : '';
  const logs =
    task.attempts.length === 0
      ? []
      : [{ command: `funade tasks logs ${task.id}${follow}`, why: text('task.why.logs') }];
  const told = task.deliveryId === null ? [] : [{ command: `funade deliveries show ${task.deliveryId}` }];
  return [...acts, ...logs, ...told];
}

function isAtWork({ state }: TaskView): boolean {
  return ['claimed', 'running', 'pausing', 'stopping'].includes(state);
}
