import { describeGuardConfig, guardConfigTemplate } from '../../config/index.ts';
import { renderSettings } from '../render/settings.ts';
import type { AddCommand } from '../shell.ts';
import { readGuardConfig, withSettings } from './guard-settings.ts';

/** `funade guard config`: the merged settings with where each comes from; faulty ones end with 78. */
export const addGuardConfig: AddCommand = (parent, { text, action }) => {
  withSettings(parent.command('config'), text)
    .description(text('about.guard.config'))
    .option('--example', text('guard.option.example'))
    .action(
      action(async (context, invocation) => {
        if (invocation.options['example'] === true) {
          context.print(guardConfigTemplate(context.language).trimEnd().split('\n'));
          return;
        }
        const rows = describeGuardConfig(readGuardConfig(context, invocation), context.language);
        context.show(rows, (screen) => renderSettings(rows, { origin: true }, screen));
      }),
    );
};
