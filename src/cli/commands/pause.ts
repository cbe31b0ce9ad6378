import { segment } from '../client.ts';
import { followRollout } from '../follow-run.ts';
import { resolveRollout } from '../resolve.ts';
import { type AddCommand, given, textOption } from '../shell.ts';

/** `funade pause [app] [environment]` */
export const addPause: AddCommand = (parent, { text, action }) => {
  parent
    .command('pause')
    .description(text('about.pause'))
    .argument('[app]', text('arg.appOrRollout'))
    .argument('[environment]', text('arg.environment'))
    .option('--reason <text>', text('option.reason'))
    .action(
      action(async (context, invocation) => {
        const { id, subject } = await resolveRollout(context, 'pause', invocation.args);
        const client = await context.client();
        await client.act(`/api/v1/rollouts/${segment(id)}/pause`, given({ reason: textOption(invocation, 'reason') }));
        context.note(text('told.paused', { subject }));
        if (context.flags.wait === true) return followRollout(context, id);
        if (context.flags.json) context.json({ rolloutId: id });
        return undefined;
      }),
    );
};
