import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { indentJson, readable } from './payload.ts';

describe('JSON is indented', () => {
  test('as JSON.stringify does it', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const indented = JSON.stringify(value, null, 2);
        expect(indentJson(JSON.stringify(value))).toBe(indented);
        expect(indentJson(indented)).toBe(indented);
      }),
    );
  });

  test('without a change to ids that are too large for a number, to keys that are there twice, or to escapes', () => {
    expect(indentJson('{"id":90071992547409931,"a":1,"a":"\\u003c\\"{[,:]}"}')).toBe(
      '{\n  "id": 90071992547409931,\n  "a": 1,\n  "a": "\\u003c\\"{[,:]}"\n}',
    );
  });
});

describe('a body', () => {
  test('that is no JSON is shown as it is', () => {
    expect(readable('payload=%7B%7D').text).toBe('payload=%7B%7D');
    expect(readable('{"a": <b>').text).toBe('{"a": <b>');
  });

  test('that is long is cut, and tells how long it is', () => {
    const { text, total } = readable(JSON.stringify({ text: 'x'.repeat(2_000_000) }));
    expect(text).toHaveLength(100_000);
    expect(total).toBe(2_000_011);
  });
});
