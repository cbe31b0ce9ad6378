import { runView } from '../../api/contract/index.ts';
import { ProblemError, segment } from '../client.ts';
import type { Context } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { followRollout, followRun } from '../follow-run.ts';
import { followTask } from '../follow-task.ts';
import { isId, resolveRun } from '../resolve.ts';
import type { AddCommand } from '../shell.ts';

const TASK = 'task_';

/** `funade watch [run]`: follows a run, rollout or task until it ends and ends with its exit code. */
export const addWatch: AddCommand = (parent, { text, action }) => {
  parent
    .command('watch')
    .description(text('about.watch'))
    .argument('[run]', text('arg.watch'))
    .action(
      action(async (context, { args: [name] }) => {
        const id = await resolveRun(context, name);
        if (id.startsWith(TASK)) return followTask(context, id);
        if (name !== undefined && isId(name)) return watchEither(context, id);
        return followRun(context, id);
      }),
    );
};

/** Runs and rollouts share the command: what is not a run is looked up as a rollout. */
async function watchEither(context: Context, id: string): Promise<ExitCode> {
  const client = await context.client();
  try {
    await client.get(`/api/v1/runs/${segment(id)}`, runView);
  } catch (thrown) {
    if (!(thrown instanceof ProblemError) || thrown.problem.status !== 404) throw thrown;
    try {
      return await followRollout(context, id);
    } catch (second) {
      const unknown = second instanceof ProblemError && second.problem.status === 404;
      throw unknown ? thrown : second;
    }
  }
  return followRun(context, id);
}
