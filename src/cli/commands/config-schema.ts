import { appConfigJsonSchema } from '../../config/index.ts';
import type { AddCommand } from '../shell.ts';

/** `funade config schema`: for editors; JSON with or without `--json`. */
export const addConfigSchema: AddCommand = (parent, { text, action }) => {
  parent
    .command('schema')
    .description(text('about.config.schema'))
    .action(
      action(async (context) => {
        context.print([JSON.stringify(appConfigJsonSchema(), null, 2)]);
      }),
    );
};
