import { expect, test } from 'vitest';
import { evaluateCel } from './cel.ts';

const scope = { a: { b: 1, list: [{ kind: 'x' }], text: 'apps/v1' }, n: null };

test.each([
  ['a.b == 1 && !has(a.c)', true],
  ['has(a.c) ? a.c : 7', 7],
  ['a.b < 2 || a.c', true],
  ['a.text.startsWith(\'apps/\') && a.text.contains("/")', true],
  ['a.list.exists(each, each.kind == "x")', true],
  ["a.text in ['apps/v1', 'v1']", true],
  ['"n: " + string(a.b)', 'n: 1'],
  ['(has(a.missing) ? a.missing : []) != a.list', true],
])('%s is %j', (expression, value) => {
  expect(evaluateCel(expression, scope)).toEqual(value);
});

test.each([['a.c == 1'], ['a.b && true'], ['b == 1'], ['"x" + a.b'], ['a.text < 2'], ['n.x == 1'], ['a.b == 1 )']])(
  '%s is refused',
  (expression) => {
    expect(() => evaluateCel(expression, scope)).toThrow(Error);
  },
);
