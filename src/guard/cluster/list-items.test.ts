import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createListItems } from './list-items.ts';

/** Takes the text apart, cut into pieces of that many bytes. */
function takeApart(text: string, bytes: number, limit = 1000) {
  const items: unknown[] = [];
  const splitter = createListItems({
    item: (one) => items.push(JSON.parse(one)),
    tooLarge: () => items.push('too large'),
    limit,
  });
  const all = Buffer.from(text);
  for (let at = 0; at < all.length; at += bytes) splitter.push(all.subarray(at, at + bytes));
  const envelope = splitter.end();
  return { items, envelope: envelope === null ? null : (JSON.parse(envelope) as unknown) };
}

test('items come one by one, and the rest is what stands around them', () => {
  const text =
    '{"kind":"DeploymentList","metadata":{"continue":"a[]"},"items" : [\n{"a":[1,{"items":[]}]} , {"b":"}]\\\\"}],"more":[1]}';
  for (let bytes = 1; bytes <= text.length; bytes += 1) {
    expect(takeApart(text, bytes)).toEqual({
      items: [{ a: [1, { items: [] }] }, { b: '}]\\' }],
      envelope: { kind: 'DeploymentList', metadata: { continue: 'a[]' }, items: [], more: [1] },
    });
  }
});

test('whatever is in the items, and wherever the pieces are cut', () => {
  const item = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 2 }));
  fc.assert(
    fc.property(
      fc.array(item, { maxLength: 5 }),
      fc.integer({ min: 1, max: 40 }),
      fc.boolean(),
      (list, bytes, isPretty) => {
        const around = { metadata: { resourceVersion: '1', remaining: ['x'] } };
        const text = JSON.stringify({ ...around, items: list, last: {} }, null, isPretty ? 2 : 0);
        const again = JSON.parse(JSON.stringify(list)) as unknown;
        expect(takeApart(text, bytes, 1_000_000)).toEqual({
          items: again,
          envelope: { ...around, items: [], last: {} },
        });
      },
    ),
  );
});

test('an item that is too large is left out, the others come', () => {
  const text = JSON.stringify({ items: [{ a: 1 }, { a: 'x'.repeat(100) }, { a: 2 }] });
  for (const bytes of [1, 7, 1000]) expect(takeApart(text, bytes, 50).items).toEqual([{ a: 1 }, 'too large', { a: 2 }]);
});

test.each([
  ['no items', '{"items":null,"metadata":{}}', { items: null, metadata: {} }],
  ['an empty list', '{"items":[],"metadata":{}}', { items: [], metadata: {} }],
  ['a list that is cut off', '{"items":[{"a":1}', null],
  ['a text that is cut off', '{"kind":"a', null],
])('%s', (_, text, envelope) => {
  expect(takeApart(text, 3).envelope).toEqual(envelope);
});
