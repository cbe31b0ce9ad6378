import { appConfigJsonSchema } from '../../config/index.ts';
import { renderSchemaDocs } from '../render/schema-docs.ts';
import type { AddCommand } from '../shell.ts';

/** `funade config docs`: every setting of `funade.yaml`, from the schema that the parser uses. */
export const addConfigDocs: AddCommand = (parent, { text, action }) => {
  parent
    .command('docs')
    .description(text('about.config.docs'))
    .action(
      action(async (context) => {
        const schema = appConfigJsonSchema();
        context.show(schema, (screen) => renderSchemaDocs(schema, screen));
      }),
    );
};
