import { rollbackAnswer } from '../../api/contract/index.ts';
import { segment } from '../client.ts';
import { followRollout } from '../follow-run.ts';
import { resolveEnvironment } from '../resolve.ts';
import { type AddCommand, given, textOption } from '../shell.ts';

/** `funade rollback [app] [environment] [--to]`: a safety act, so it never asks whether it is meant. */
export const addRollback: AddCommand = (parent, { text, action }) => {
  parent
    .command('rollback')
    .description(text('about.rollback'))
    .argument('[app]', text('arg.app'))
    .argument('[environment]', text('arg.environment'))
    .option('--to <release>', text('option.to'))
    .option('--reason <text>', text('option.reason'))
    .action(
      action(async (context, invocation) => {
        const [name, place] = invocation.args;
        const { app, environment } = await resolveEnvironment(context, {
          verb: 'rollback',
          app: name,
          environment: place,
          kind: 'kind.environment',
          fits: (found) => found.live !== null,
        });
        const client = await context.client();
        const path = `/api/v1/environments/${segment(app)}/${segment(environment)}/rollback`;
        const body = given({ to: textOption(invocation, 'to'), reason: textOption(invocation, 'reason') });
        const { rolloutId } = await client.post(path, body, rollbackAnswer);
        context.note(text('told.rollingBack', { app, environment }));
        if (context.flags.wait !== false) return followRollout(context, rolloutId);
        if (context.flags.json) context.json({ rolloutId });
        else context.print([rolloutId]);
        return undefined;
      }),
    );
};
