import { type TaskView, pageOf, taskView } from '../api/contract/index.ts';
import { choose } from './ask.ts';
import type { Context } from './context.ts';
import { subjectOf } from './render/tasks.ts';

/** `owner/name#7`, `group/name!7`, `#7`; both marks mean the same, since shells treat them differently. */
const SUBJECT = /^(?<project>[\w.-]+(?:\/[\w.-]+)+)?[#!](?<number>[1-9]\d{0,9})$/u;

/** Id of the task that is meant: an id as it is, or the newest task of an issue or change. */
export async function resolveTask(context: Context, verb: string, name: string): Promise<string> {
  const { project, number } = SUBJECT.exec(name)?.groups ?? {};
  if (number === undefined) return name;
  const client = await context.client();
  const query = { project, number: Number(number), limit: 200 };
  const { items } = await client.get('/api/v1/tasks', pageOf(taskView), query);
  const newest = newestOfEach(items);
  const { id } = await choose(context, {
    kind: context.text('kind.of', { kind: context.text('kind.task'), place: name }),
    choices: newest.map((task) => ({
      value: task,
      label: `${subjectOf(task)} ${task.title}`,
      command: `funade tasks ${verb} ${task.id}`,
    })),
    look: [{ command: 'funade tasks list' }],
  });
  return id;
}

/** The list has the newest first. */
function newestOfEach(tasks: readonly TaskView[]): readonly TaskView[] {
  const seen = new Map<string, TaskView>();
  for (const task of tasks) {
    const subject = `${task.source} ${task.project} ${task.kind} ${task.number}`;
    if (!seen.has(subject)) seen.set(subject, task);
  }
  return [...seen.values()];
}
