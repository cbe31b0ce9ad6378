import { describeServerConfig } from '../../config/index.ts';
import { renderSettings } from '../render/settings.ts';
import { readServerConfig } from '../settings.ts';
import { type AddCommand, given, textOption } from '../shell.ts';

/** `funade config show [--origin]`: the merged settings of a server that would start here. */
export const addConfigShow: AddCommand = (parent, { text, action }) => {
  parent
    .command('show')
    .description(text('about.config.show'))
    .option('--origin', text('option.origin'))
    .option('--config <file>', text('option.config'))
    .action(
      action(async (context, invocation) => {
        const flags = given({
          config: textOption(invocation, 'config'),
          server: context.flags.server ?? undefined,
          lang: context.flags.language ?? undefined,
        });
        const rows = describeServerConfig(readServerConfig(context.terminal, flags), context.language);
        const origin = invocation.options['origin'] === true;
        const shown = rows.map((row) => (origin ? row : { key: row.key, value: row.value }));
        context.show(shown, (screen) => renderSettings(rows, { origin }, screen));
      }),
    );
};
