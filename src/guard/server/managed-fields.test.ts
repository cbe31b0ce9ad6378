import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { withoutManagedFields } from './managed-fields.ts';

function emptied(text: string): unknown {
  return JSON.parse(withoutManagedFields(Buffer.from(text))) as unknown;
}

describe('lists of managed fields are emptied', () => {
  test.each([
    [
      'in both objects',
      { object: { managedFields: [{ a: 1 }], b: 2 }, oldObject: { managedFields: [[['x']]] } },
      { object: { managedFields: [], b: 2 }, oldObject: { managedFields: [] } },
    ],
    [
      'with brackets and quotes in texts',
      { managedFields: [{ 'k:{"a":"]"}': '\\"]' }], b: '[' },
      { managedFields: [], b: '[' },
    ],
    ['that are empty', { managedFields: [], b: 1 }, { managedFields: [], b: 1 }],
    ['with Japanese around them', { a: '船', managedFields: ['出'], b: '帆' }, { a: '船', managedFields: [], b: '帆' }],
  ])('%s', (_name, given, expected) => {
    expect(emptied(JSON.stringify(given))).toEqual(expected);
  });

  test.each([
    ['a text that says so', { a: '"managedFields":[1,2]', b: 1 }],
    ['something else than a list', { managedFields: { a: [1] } }],
    ['another key', { unmanagedFields: [1], 'x"managedFields': [1] }],
  ])('but not %s', (_name, given) => {
    expect(emptied(JSON.stringify(given))).toEqual(given);
  });
});

test.each(['{"managedFields":[', '{"managedFields":["a]', '{"managedFields":[[]', '{"managedFields":[]'])(
  '%s stays no JSON',
  (text) => {
    expect(() => emptied(text)).toThrow(SyntaxError);
  },
);

test('whatever else a value says stays as it is', () => {
  const key = fc.oneof(fc.constant('managedFields'), fc.string());
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      fc.string(),
      fc.constant('"managedFields":['),
      fc.integer(),
      fc.array(tie('tree')),
      fc.dictionary(key, tie('tree')),
    ),
  }));
  fc.assert(
    fc.property(tree, (value) => {
      const text = JSON.stringify(value);
      const expected = JSON.parse(text, (name, each: unknown) =>
        name === 'managedFields' && Array.isArray(each) ? [] : each,
      ) as unknown;
      expect(emptied(text)).toEqual(expected);
    }),
    { numRuns: 500 },
  );
});
