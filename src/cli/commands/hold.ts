import { segment } from '../client.ts';
import { resolveEnvironment } from '../resolve.ts';
import { type AddCommand, given, textOption } from '../shell.ts';

/** `funade hold release [app] [environment]` */
export const addHold: AddCommand = (parent, { text, action }) => {
  const hold = parent.command('hold').description(text('about.hold'));
  hold
    .command('release')
    .description(text('about.hold.release'))
    .argument('[app]', text('arg.app'))
    .argument('[environment]', text('arg.environment'))
    .option('--reason <text>', text('option.reason'))
    .action(
      action(async (context, invocation) => {
        const [name, place] = invocation.args;
        const { app, environment } = await resolveEnvironment(context, {
          verb: 'hold release',
          app: name,
          environment: place,
          kind: 'kind.hold',
          fits: (found) => found.hold !== null,
        });
        const client = await context.client();
        const path = `/api/v1/environments/${segment(app)}/${segment(environment)}/release-hold`;
        await client.act(path, given({ reason: textOption(invocation, 'reason') }));
        context.note(text('told.holdReleased', { app, environment }));
        if (context.flags.json) context.json({ app, environment });
      }),
    );
};
