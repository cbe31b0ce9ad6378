import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseAppConfig } from '../../config/index.ts';
import { FunadeError, messageOf } from '../../kernel/index.ts';
import { SourceError } from '../source-error.ts';
import type { AddCommand } from '../shell.ts';

/** `funade config lint [file]`: every fault with its line; exit code 2 when there are any. */
export const addConfigLint: AddCommand = (parent, { text, action }) => {
  parent
    .command('lint')
    .description(text('about.config.lint'))
    .argument('[file]', text('arg.file'))
    .action(
      action(async (context, { args: [name] }) => {
        const file = name ?? 'funade.yaml';
        const source = await readSource(resolve(context.terminal.directory, file), file);
        const parsed = parseAppConfig(source, file, { language: context.language });
        if (!parsed.ok) throw new SourceError(file, source, parsed.error);
        if (context.flags.json) context.json({ file, faults: [] });
        else context.print([text('told.lintOk', { file })]);
      }),
    );
};

async function readSource(path: string, file: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    const next = [{ command: 'funade config init' }];
    throw new FunadeError('FUN_FILE_UNREADABLE', { file, reason: messageOf(thrown) }, { cause: thrown, next });
  }
}
