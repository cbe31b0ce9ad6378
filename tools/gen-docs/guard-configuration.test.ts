import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { GUARD_PROFILES, type GuardOption, guardOptions } from '../../src/config/index.ts';

const pages = ['docs/reference/guard-configuration.md', 'docs/ja/reference/guard-configuration.md'];

test.each(pages)('%s names every setting of the guard and no other', async (path) => {
  const page = await readFile(new URL(`../../${path}`, import.meta.url), 'utf8');
  const documented = [...page.matchAll(/^\| `([\w.]+)`/gm)].map(([, name]) => name);
  expect(documented).toEqual(guardOptions.map((option) => option.name));
});

test.each(pages)('%s tells what each profile brings, and the variable of every setting', async (path) => {
  const page = await readFile(new URL(`../../${path}`, import.meta.url), 'utf8');
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  for (const [index, option] of (guardOptions as readonly GuardOption[]).entries()) {
    const { profiles } = option;
    expect(rows[index]).toContain(`\`${option.env}\``);
    if (profiles === undefined) continue;
    expect(rows[index]).toContain(GUARD_PROFILES.map((profile) => `\`${profiles[profile]}\``).join(', '));
  }
});
