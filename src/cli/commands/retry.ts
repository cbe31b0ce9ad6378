import { shipAnswer } from '../../api/contract/index.ts';
import { segment } from '../client.ts';
import { followRun } from '../follow-run.ts';
import { resolveRun } from '../resolve.ts';
import type { AddCommand } from '../shell.ts';

/** `funade retry [run]`: runs the same commit again and follows the new run. */
export const addRetry: AddCommand = (parent, { text, action }) => {
  parent
    .command('retry')
    .description(text('about.retry'))
    .argument('[run]', text('arg.run'))
    .action(
      action(async (context, { args: [name] }) => {
        const client = await context.client();
        const id = await resolveRun(context, name);
        const answer = await client.post(`/api/v1/runs/${segment(id)}/retry`, {}, shipAnswer);
        const retried = answer.runId;
        if (context.flags.wait !== false) return followRun(context, retried);
        if (context.flags.json) context.json({ runId: retried });
        else context.print([retried]);
        return undefined;
      }),
    );
};
