import { shipAnswer } from '../../api/contract/index.ts';
import { followRun } from '../follow-run.ts';
import { type AddCommand, given, required, textOption } from '../shell.ts';

/** `funade ship <app>`: releases a ref and follows the run; `--no-wait` prints the run's id. */
export const addShip: AddCommand = (parent, { text, action }) => {
  parent
    .command('ship')
    .description(text('about.ship'))
    .argument('<app>', text('arg.app'))
    .option('--ref <ref>', text('option.ref'))
    .option('--sha <sha>', text('option.sha'))
    .action(
      action(async (context, invocation) => {
        const client = await context.client();
        const fields = given({ ref: textOption(invocation, 'ref'), sha: textOption(invocation, 'sha') });
        const body = { app: required(invocation, 0), ...fields };
        const { runId } = await client.post('/api/v1/releases', body, shipAnswer);
        if (context.flags.wait !== false) return followRun(context, runId);
        if (context.flags.json) context.json({ runId });
        else context.print([runId]);
        return undefined;
      }),
    );
};
