import { TASK_STATES, taskView } from '../../api/contract/index.ts';
import { segment } from '../client.ts';
import { usage } from '../flags.ts';
import { followTask } from '../follow-task.ts';
import { showList } from '../listing.ts';
import { renderTask } from '../render/task.ts';
import { renderTasks } from '../render/tasks.ts';
import { resolveTask } from '../resolve-task.ts';
import { type AddCommand, required, textOption } from '../shell.ts';
import { addTaskActs } from './tasks-acts.ts';
import { addTaskLogs } from './tasks-logs.ts';

/** `funade tasks list|show|retry|pause|resume|stop|approve|logs` */
export const addTasks: AddCommand = (parent, shell) => {
  const { text, action } = shell;
  const tasks = parent.command('tasks').description(text('about.tasks'));
  tasks
    .command('list')
    .description(text('about.tasks.list'))
    .option('--state <state>', text('option.taskState'))
    .option('--limit <count>', text('option.limit'))
    .action(
      action((context, invocation) => {
        const state = textOption(invocation, 'state');
        if (state !== undefined && !(TASK_STATES as readonly string[]).includes(state)) {
          const values = { value: state, known: TASK_STATES.join(', ') };
          throw usage(text('usage.choice', values), 'funade tasks list --help');
        }
        const list = { path: '/api/v1/tasks', query: { state }, item: taskView, render: renderTasks };
        return showList(context, invocation, list);
      }),
    );
  tasks
    .command('show')
    .description(text('about.tasks.show'))
    .argument('<task>', text('arg.task'))
    .action(
      action(async (context, invocation) => {
        const id = await resolveTask(context, 'show', required(invocation, 0));
        const client = await context.client();
        const found = await client.get(`/api/v1/tasks/${segment(id)}`, taskView);
        context.show(found, (screen) => renderTask(found, screen));
      }),
    );
  tasks
    .command('retry')
    .description(text('about.tasks.retry'))
    .argument('<task>', text('arg.task'))
    .action(
      action(async (context, invocation) => {
        const id = await resolveTask(context, 'retry', required(invocation, 0));
        const client = await context.client();
        const made = await client.post(`/api/v1/tasks/${segment(id)}/retry`, {}, taskView);
        context.note(text('told.taskRetried', { id, made: made.id }));
        if (context.flags.wait === true) return followTask(context, made.id);
        context.show(made, (screen) => renderTask(made, screen));
        return undefined;
      }),
    );
  addTaskActs(tasks, shell);
  addTaskLogs(tasks, shell);
};
