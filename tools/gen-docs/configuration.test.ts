import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { serverOptions } from '../../src/config/index.ts';

test.each(['docs/reference/configuration.md', 'docs/ja/reference/configuration.md'])(
  '%s names every setting of the server and no other',
  async (path) => {
    const page = await readFile(new URL(`../../${path}`, import.meta.url), 'utf8');
    const documented = [...page.matchAll(/^\| `([\w.]+)`/gm)].map(([, name]) => name);
    expect(documented).toEqual(serverOptions.map((option) => option.name));
  },
);
