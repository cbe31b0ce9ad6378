import fc from 'fast-check';
import { expect, test } from 'vitest';
import { matchesPattern } from './index.ts';

test.each([
  ['main', 'main', true],
  ['main', 'maine', false],
  ['main', 'Main', false],
  ['release/*', 'release/1.2', true],
  ['release/*', 'release/1/2', false],
  ['release/**', 'release/1/2', true],
  ['release/**', 'release', false],
  ['*', 'feature/x', false],
  ['**', 'feature/x', true],
  ['v*', 'v', true],
  ['v*.*.*', 'v1.22.3', true],
  ['v*.*.*', 'v1.22', false],
  ['*-hotfix', 'ann/x-hotfix', false],
  ['**/hotfix-*', 'ann/bob/hotfix-1', true],
  ['船/*', '船/出', true],
  ['a.c', 'abc', false],
  ['', '', true],
  ['', 'x', false],
])('pattern %j and name %j: %s', (pattern, ref, expected) => {
  expect(matchesPattern(pattern, ref)).toBe(expected);
});

test('a pattern matches what the same regular expression matches', () => {
  const text = (letters: readonly string[]) =>
    fc.array(fc.constantFrom(...letters), { maxLength: 8 }).map((all) => all.join(''));
  fc.assert(
    fc.property(text(['a', '.', '/', '*', '**']), text(['a', 'b', '.', '/']), (pattern, ref) => {
      const source = pattern.replaceAll(/\*{2,}|\*|\./g, (token) => ({ '.': '\\.', '*': '[^/]*' })[token] ?? '[^]*');
      expect(matchesPattern(pattern, ref)).toBe(new RegExp(`^${source}$`).test(ref));
    }),
  );
});

test('a pattern that makes backtracking explode is answered at once', () => {
  const began = performance.now();
  expect(matchesPattern('**a'.repeat(30), 'a'.repeat(2000) + 'b')).toBe(false);
  expect(performance.now() - began).toBeLessThan(500);
});
