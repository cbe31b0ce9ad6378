import { type TaskView, reasonText, taskView } from '../api/contract/index.ts';
import { segment } from './client.ts';
import type { Context } from './context.ts';
import { type ExitCode, exitCodeOfTask } from './exit-codes.ts';
import { type Followed, follow } from './follow.ts';
import { renderTask } from './render/task.ts';
import { renderTaskChanges } from './render/task-changes.ts';
import { isDrained } from './render/task-marks.ts';
import { nextOfTask } from './render/task-next.ts';
import { subjectOf } from './render/tasks.ts';

/** Follows a task until it has ended, or until `exitCode` says that what was waited for is so. */
export async function followTask(
  context: Context,
  id: string,
  exitCode: (task: TaskView) => ExitCode | null = exitCodeOfTask,
): Promise<ExitCode> {
  const client = await context.client();
  const path = `/api/v1/tasks/${segment(id)}`;
  const first = await client.get(path, taskView);
  const followed: Followed<TaskView> = {
    subject: subjectOf(first),
    command: `funade watch ${id}`,
    read: () => client.get(path, taskView),
    concerns: (event) => event === null || event.subject === id,
    exitCode,
    waitsForPerson: (task) => waitsForPerson(task, context),
    render: renderTask,
    changes: renderTaskChanges,
  };
  return follow(context, followed);
}

function waitsForPerson(task: TaskView, { language }: Context): ReturnType<Followed<TaskView>['waitsForPerson']> {
  const waits = task.state === 'awaiting_approval' || (task.state === 'paused' && !isDrained(task));
  if (!waits) return null;
  return { cause: reasonText('task', task.reason ?? task.state, language), next: nextOfTask(task, language) };
}
