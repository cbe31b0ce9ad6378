import { type SteeringAct, type TaskView, taskView } from '../../api/contract/index.ts';
import { segment } from '../client.ts';
import type { Context } from '../context.ts';
import { type ExitCode, exitCodeOfPause, exitCodeOfStop, exitCodeOfTask } from '../exit-codes.ts';
import { followTask } from '../follow-task.ts';
import type { TextKey } from '../locales/index.ts';
import { renderTask } from '../render/task.ts';
import { subjectOf } from '../render/tasks.ts';
import { resolveTask } from '../resolve-task.ts';
import { type AddCommand, given, required, textOption } from '../shell.ts';

interface Act {
  readonly about: TextKey;
  readonly told: TextKey;
  /** What a wait is for; null while it is not so. */
  readonly exitCode: (task: TaskView) => ExitCode | null;
  /** Whether it waits unless it is told not to: what takes effect within seconds. */
  readonly waits: boolean;
}

const ACTS: Readonly<Record<SteeringAct, Act>> = {
  pause: { about: 'about.tasks.pause', told: 'told.taskPausing', exitCode: exitCodeOfPause, waits: true },
  resume: { about: 'about.tasks.resume', told: 'told.taskResumed', exitCode: exitCodeOfTask, waits: false },
  stop: { about: 'about.tasks.stop', told: 'told.taskStopping', exitCode: exitCodeOfStop, waits: true },
  approve: { about: 'about.tasks.approve', told: 'told.taskApproved', exitCode: exitCodeOfTask, waits: false },
};

/** `funade tasks pause|resume|stop|approve <task>`: none of them asks, since a stopped task can be handed over again. */
export const addTaskActs: AddCommand = (parent, { text, action }) => {
  for (const verb of Object.keys(ACTS) as readonly SteeringAct[]) {
    parent
      .command(verb)
      .description(text(ACTS[verb].about))
      .argument('<task>', text('arg.task'))
      .option('--reason <text>', text('option.reason'))
      .action(
        action(async (context, invocation) => {
          const id = await resolveTask(context, verb, required(invocation, 0));
          return act(context, { verb, id, reason: textOption(invocation, 'reason') });
        }),
      );
  }
};

async function act(
  context: Context,
  { verb, id, reason }: { readonly verb: SteeringAct; readonly id: string; readonly reason: string | undefined },
): Promise<ExitCode | undefined> {
  const { told, exitCode, waits } = ACTS[verb];
  const client = await context.client();
  const task = await client.post(`/api/v1/tasks/${segment(id)}/${verb}`, given({ reason }), taskView);
  context.note(context.text(told, { subject: subjectOf(task) }));
  if (context.flags.wait ?? waits) return followTask(context, id, exitCode);
  context.show(task, (screen) => renderTask(task, screen));
  return undefined;
}
