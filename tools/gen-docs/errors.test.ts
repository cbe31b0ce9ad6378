import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { type ErrorCode, FunadeError, catalogue, describeError } from '../../src/kernel/index.ts';

const PAGES = [
  ['en', new URL('../../docs/reference/errors.md', import.meta.url)],
  ['ja', new URL('../../docs/ja/reference/errors.md', import.meta.url)],
] as const;
const codes = Object.keys(catalogue) as ErrorCode[];

test.each(PAGES)('the %s page of errors names every code of the catalogue and no other', async (_language, file) => {
  const page = await readFile(file, 'utf8');
  const documented = [...page.matchAll(/^### `(FUN_\w+)`$/gm)].map(([, code]) => code);
  expect(documented.toSorted()).toEqual(codes.toSorted());
});

test.each(PAGES)('the %s page has message and fix of every code as users read them', async (language, file) => {
  const page = await readFile(file, 'utf8');
  for (const code of codes) {
    const { message, fix } = describeError(new FunadeError(code), language);
    expect(page, code).toContain(`### \`${code}\`\n\n> ${message}\n\n`);
    expect(page, code).toContain(fix);
  }
});

test('every error has a text of its own in Japanese, with the placeholders of the English one', () => {
  for (const code of codes) {
    const [english, japanese] = [
      describeError(new FunadeError(code), 'en'),
      describeError(new FunadeError(code), 'ja'),
    ];
    expect(japanese.message, code).not.toBe(english.message);
    expect(placeholders(japanese.message), code).toEqual(placeholders(english.message));
    expect(placeholders(japanese.fix), code).toEqual(placeholders(english.fix));
  }
});

test('an exit code of the catalogue is one that the reference explains', async () => {
  const page = await readFile(PAGES[0][1], 'utf8');
  for (const code of codes) expect(page, code).toContain(`\n| ${catalogue[code].exit} | `);
});

function placeholders(text: string): readonly string[] {
  return [...new Set(text.match(/\{\w+\}/g))].toSorted();
}
