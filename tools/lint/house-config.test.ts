import { beforeAll, expect, test } from 'vitest';
import { type Finding, houseConfig, lintFiles } from './run-oxlint.ts';

function lines(count: number): string {
  return Array.from({ length: count }, (_, index) => `export const a${index} = ${index};`).join('\n');
}

const FILES = {
  'src/rollouts/room.ts': "import { a } from '../functions/index.ts';\nexport const b = a;",
  'src/rollouts/database.ts': "import { sql } from 'kysely';\nexport const now = sql;",
  'src/rollouts/print.ts': "console.log('a');",
  'src/rollouts/utils.ts': 'export const a = 1;',
  'src/rollouts/many.ts': 'export function f(a: 1, b: 2, c: 3, d: 4, e: 5) {\n  return [a, b, c, d, e];\n}',
  'src/rollouts/four.ts': 'export function f(a: 1, b: 2, c: 3, d: 4) {\n  return [a, b, c, d];\n}',
  'src/rollouts/long.ts': lines(401),
  'src/rollouts/full.ts': lines(400),
  'src/rollouts/long.test.ts': lines(401),
  'src/kernel/errors.catalogue.ts': lines(401),
  'src/store/migrations/0001-long.ts': lines(401),
  'src/cli/locales/en.ts': lines(401),
  'src/rollouts/circle.ts': "import { b } from './back.ts';\nexport const a = b;",
  'src/rollouts/back.ts': "import { a } from './circle.ts';\nexport const b = a;",
  'src/rollouts/ternary.ts': 'export function f(a: number) {\n  return a > 1 ? 1 : a > 0 ? 2 : 3;\n}',
  'src/rollouts/camelCase.ts': 'export const a = 1;',
  'src/rollouts/any.ts': 'export const a = 1 as any;',
  'src/rollouts/expression.ts': 'export const f = function () {\n  return 1;\n};',
  'src/rollouts/focus.test.ts': "import { expect, test } from 'vitest';\ntest.only('a', () => expect(1).toBe(1));",
  'src/rollouts/silence.ts': '// @ts-ignore\nexport const a = 1;',
};

let findings: readonly Finding[];
beforeAll(async () => {
  findings = await lintFiles(FILES, await houseConfig());
});

test.each([
  ['an import across floor 2', 'src/rollouts/room.ts', 'funade(rooms)'],
  ['SQL outside store.ts', 'src/rollouts/database.ts', 'funade(sql-only-in-store)'],
  ['console outside the shell', 'src/rollouts/print.ts', 'funade(no-process-outside-shell)'],
  ['utils.ts', 'src/rollouts/utils.ts', 'funade(forbidden-names)'],
  ['five positional parameters', 'src/rollouts/many.ts', 'eslint(max-params)'],
  ['401 lines', 'src/rollouts/long.ts', 'eslint(max-lines)'],
  ['two files that import each other', 'src/rollouts/circle.ts', 'import(no-cycle)'],
  ['a nested ternary', 'src/rollouts/ternary.ts', 'eslint(no-nested-ternary)'],
  ['a file name that is not in kebab case', 'src/rollouts/camelCase.ts', 'unicorn(filename-case)'],
  ['any', 'src/rollouts/any.ts', 'typescript(no-explicit-any)'],
  ['a function expression where a declaration would do', 'src/rollouts/expression.ts', 'eslint(func-style)'],
  ['a test that runs alone', 'src/rollouts/focus.test.ts', 'vitest(no-focused-tests)'],
  ['a silenced compiler', 'src/rollouts/silence.ts', 'typescript(ban-ts-comment)'],
])('the configuration of the house refuses %s', (_what, file, rule) => {
  expect(findings.filter((finding) => finding.file === file).map((finding) => finding.rule)).toContain(rule);
});

test.each([
  ['four positional parameters', 'src/rollouts/four.ts'],
  ['400 lines', 'src/rollouts/full.ts'],
  ['a long test', 'src/rollouts/long.test.ts'],
  ['a long error catalogue', 'src/kernel/errors.catalogue.ts'],
  ['a long migration', 'src/store/migrations/0001-long.ts'],
  ['a long table of texts', 'src/cli/locales/en.ts'],
])('the configuration of the house accepts %s', (_what, file) => {
  expect(findings.filter((finding) => finding.file === file)).toEqual([]);
});
