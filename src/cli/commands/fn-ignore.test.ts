import { expect, test } from 'vitest';
import { readIgnored } from './fn-ignore.ts';

test.each([
  ['tests', 'tests', true],
  ['tests', 'lib/tests', true],
  ['tests', 'latest', false],
  ['*.md', 'README.md', true],
  ['*.md', 'docs/a/README.md', true],
  ['/docs', 'docs', true],
  ['/docs', 'lib/docs', false],
  ['lib/*.map', 'lib/a.map', true],
  ['lib/*.map', 'src/lib/a.map', false],
  ['**/*.map', 'a.map', true],
  ['**/*.map', 'lib/deep/a.map', true],
  ['lib/**', 'lib/deep/a.js', true],
  ['# comment', '# comment', false],
])('the pattern %s and the path %s', (pattern, path, expected) => {
  expect(readIgnored(`\n${pattern}\n`, () => {})(path, false)).toBe(expected);
});

test('a pattern that ends with a slash means folders only', () => {
  const ignored = readIgnored('build/', () => {});
  expect([ignored('build', true), ignored('build', false)]).toEqual([true, false]);
});

test('what git and build tools keep is never part of a function', () => {
  const ignored = readIgnored('', () => {});
  const paths = [
    '.git',
    'lib/.git',
    'node_modules/.cache',
    'node_modules/.bin',
    'a/node_modules/.bin',
    '.funadeignore',
  ];
  expect(paths.filter((path) => !ignored(path, true))).toEqual([]);
  expect(ignored('node_modules', true)).toBe(false);
});

test('a negation is not taken for something else', () => {
  const refused: unknown[] = [];
  readIgnored('*.log\n!keep.log', (line, pattern) => refused.push([line, pattern]));
  expect(refused).toEqual([[2, '!keep.log']]);
});
