import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { appConfigJsonSchema, appConfigTemplate } from '../../config/index.ts';
import { FunadeError, messageOf } from '../../kernel/index.ts';
import { type AddCommand, textOption } from '../shell.ts';

/** `funade config init`: a commented `funade.yaml` and its schema for editors; never over an existing file without `--yes`. */
export const addConfigInit: AddCommand = (parent, { text, action }) => {
  parent
    .command('init')
    .description(text('about.config.init'))
    .option('--app <name>', text('option.appName'))
    .action(
      action(async (context, invocation) => {
        const { directory } = context.terminal;
        const app = textOption(invocation, 'app') ?? appNameOf(directory);
        const files = [
          { name: 'funade.yaml', content: appConfigTemplate(app), replace: context.flags.yes },
          // The schema is ours to replace: nobody edits it.
          { name: 'funade.schema.json', content: `${JSON.stringify(appConfigJsonSchema(), null, 2)}\n`, replace: true },
        ];
        for (const { name, content, replace } of files) {
          await write(join(directory, name), content, { name, replace });
          context.note(text('told.written', { file: name }));
        }
        if (context.flags.json) context.json({ files: files.map((file) => file.name) });
      }),
    );
};

async function write(
  path: string,
  content: string,
  { name, replace }: { readonly name: string; readonly replace: boolean },
): Promise<void> {
  try {
    await writeFile(path, content, { flag: replace ? 'w' : 'wx' });
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') throw new FunadeError('FUN_FILE_EXISTS', { file: name });
    throw new FunadeError('FUN_FILE_NOT_WRITTEN', { file: name, reason: messageOf(thrown) }, { cause: thrown });
  }
}

/** The folder's name as far as it can be the name of an application. */
function appNameOf(directory: string): string {
  const name = basename(directory)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/gu, '-')
    .replace(/^[^a-z]+/u, '')
    .slice(0, 39)
    .replace(/-+$/u, '');
  return name === '' ? 'my-app' : name;
}
