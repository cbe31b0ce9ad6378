import { segment } from '../client.ts';
import { followRollout } from '../follow-run.ts';
import { resolveRollout } from '../resolve.ts';
import { type AddCommand, given, textOption } from '../shell.ts';

/** `funade resume [app] [environment]` */
export const addResume: AddCommand = (parent, { text, action }) => {
  parent
    .command('resume')
    .description(text('about.resume'))
    .argument('[app]', text('arg.appOrRollout'))
    .argument('[environment]', text('arg.environment'))
    .option('--reason <text>', text('option.reason'))
    .action(
      action(async (context, invocation) => {
        const { id, subject } = await resolveRollout(context, 'resume', invocation.args);
        const client = await context.client();
        await client.act(`/api/v1/rollouts/${segment(id)}/resume`, given({ reason: textOption(invocation, 'reason') }));
        context.note(text('told.resumed', { subject }));
        if (context.flags.wait === true) return followRollout(context, id);
        if (context.flags.json) context.json({ rolloutId: id });
        return undefined;
      }),
    );
};
