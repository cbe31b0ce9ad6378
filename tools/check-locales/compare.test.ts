import { expect, test } from 'vitest';
import { compareTexts, flatten } from './compare.ts';

function compare(en: object, ja: object): readonly string[] {
  return compareTexts(flatten(en), flatten(ja));
}

test('equal keys and placeholders are no fault, whatever their order', () => {
  expect(compare({ a: '{x} of {y}', b: { c: 'text' } }, { b: { c: '文' }, a: '{y} のうち {x}' })).toEqual([]);
});

test.each([
  ['a key that Japanese lacks', { a: 'x', b: 'y' }, { a: 'x' }, 'b: only in English'],
  ['a key that English lacks', { a: 'x' }, { a: 'x', b: 'y' }, 'b: only in Japanese'],
  ['a nested key', { a: { b: 'x' } }, { a: {} }, 'a.b: only in English'],
  ['a placeholder that Japanese lacks', { a: '{x}' }, { a: '文' }, 'a: Japanese lacks {x}'],
  ['a placeholder that English lacks', { a: 'x' }, { a: '{x}' }, 'a: English lacks {x}'],
  ['a text that is empty in one language', { a: 'x' }, { a: '' }, 'a: empty in one language'],
])('%s is told', (_what, en, ja, fault) => {
  expect(compare(en, ja)).toEqual([fault]);
});
