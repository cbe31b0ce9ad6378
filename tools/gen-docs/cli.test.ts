import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { subcommands } from './cli.ts';

const HELP = `Usage: funade [options] [command]

Options:
  -h, --help              show this help
  no-command              stands under options

Daily:
  ship [options] <app>    release a ref of an application and follow it
                          to its end
  status                  what is live
Look and manage:
  app                     applications
`;

test('commands are read from under the headings of a help, arguments and options are not', () => {
  expect(subcommands(HELP)).toEqual(['ship', 'status', 'app']);
});

test.each(['docs/reference/cli.md', 'docs/ja/reference/cli.md'])(
  '%s has the daily commands and the commands of the nouns',
  async (path) => {
    const page = await readFile(new URL(`../../${path}`, import.meta.url), 'utf8');
    const documented = [...page.matchAll(/^## `funade ?([a-z -]*)`$/gm)].map(([, name]) => name);
    for (const name of ['', 'ship', 'watch', 'rollback', 'serve', 'app add', 'token create', 'config show']) {
      expect(documented).toContain(name);
    }
  },
);
