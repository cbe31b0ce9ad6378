import { segment } from '../client.ts';
import { followRollout } from '../follow-run.ts';
import { resolveRollout } from '../resolve.ts';
import { type AddCommand, given, textOption } from '../shell.ts';

/** `funade promote [app] [environment]`: the next step; `--full --reason` skips the rest. */
export const addPromote: AddCommand = (parent, { text, action }) => {
  parent
    .command('promote')
    .description(text('about.promote'))
    .argument('[app]', text('arg.appOrRollout'))
    .argument('[environment]', text('arg.environment'))
    .option('--full', text('option.full'))
    .option('--reason <text>', text('option.reason'))
    .action(
      action(async (context, invocation) => {
        const { id, subject } = await resolveRollout(context, 'promote', invocation.args);
        const full = invocation.options['full'] === true ? true : undefined;
        const client = await context.client();
        const body = given({ full, reason: textOption(invocation, 'reason') });
        await client.act(`/api/v1/rollouts/${segment(id)}/promote`, body);
        context.note(text('told.promoted', { subject }));
        if (context.flags.wait === true) return followRollout(context, id);
        if (context.flags.json) context.json({ rolloutId: id });
        return undefined;
      }),
    );
};
