import { expect, test } from 'vitest';
import { isTooDeep } from './nesting.ts';

test.each([
  ['an object of a few levels', JSON.stringify({ a: [{ b: 'x'.repeat(18_000) }] }), false],
  ['brackets in a text', JSON.stringify({ a: '['.repeat(18_000), b: '"'.repeat(10), c: '\\"[' }), false],
  ['many objects beside each other', JSON.stringify(Array.from({ length: 3000 }, () => [])), false],
  ['thousands of open brackets', '['.repeat(18_000), true],
  ['thousands of objects in each other', '{"a":'.repeat(6000), true],
  ['brackets after a text that ends with a backslash', `{"a":"\\\\",${'['.repeat(18_000)}`, true],
])('%s', (_name, json, expected) => {
  expect(isTooDeep(Buffer.from(json))).toBe(expected);
});
