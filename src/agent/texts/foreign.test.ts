import { expect, test } from 'vitest';
import { harmless, plain, quoted, withClosedFences } from './foreign.ts';

const B = '\u200B';

test.each([
  ['calls nobody', 'thanks @mona and @octo/team', `thanks @${B}mona and @${B}octo/team`],
  ['links nothing', 'see #12, !3 and GH-4', `see #${B}12, !${B}3 and GH${B}-4`],
  ['closes nothing', 'Fixes #12', `F${B}ixes #${B}12`],
  [
    'closes nothing by address',
    'closes: https://github.com/o/r/issues/1',
    `c${B}loses: https://github.com/o/r/issues/1`,
  ],
  ['closes nothing elsewhere', 'Resolves octo/greeter#1', `R${B}esolves octo/greeter#${B}1`],
  ['runs no command of the forge', 'ok\n/merge\n  /close', `ok\n${B}/merge\n  ${B}/close`],
  ['opens no markup', '<details><!-- funade:end -->', `<${B}details><${B}!-- funade:end -->`],
  ['hides nothing', 'a\u202Eb\u{E0041}c\uFEFF', 'abc'],
  ['stays as it is where it means no harm', 'a < b, 1 # x, a/b, fixed it', 'a < b, 1 # x, a/b, fixed it'],
])('text of a model %s', (_, text, shown) => expect(harmless(text)).toBe(shown));

test('made harmless twice it is the same', () => {
  const text = harmless('Fixes #1 @mona </details>\n/close');
  expect(harmless(text)).toBe(text);
});

test('a text of nothing but line ends takes no time', () => {
  const began = performance.now();
  expect(harmless(`a${'\n'.repeat(200_000)}/close`)).toContain(`${B}/close`);
  expect(performance.now() - began).toBeLessThan(10_000);
});

test('as one line it has no markup', () => {
  expect(plain('**a**\n- [x] | c', 100)).toBe(String.raw`\*\*a\*\* - \[x\] \| c`);
});

test.each([
  ['a closed block', '```js\na\n```', '```js\na\n```'],
  ['an open block', '```js\na', '```js\na\n```'],
  ['a longer fence', '````\n```\n', '````\n```\n\n````'],
])('%s does not swallow what follows', (_, text, closed) => expect(withClosedFences(text)).toBe(closed));

test('a quotation holds every line', () => {
  expect(quoted('a\n\n# b')).toBe('> a\n>\n> # b');
});
