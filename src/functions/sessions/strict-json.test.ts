import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_NESTING, checkJson, findUnrepresentable, sliceMembers } from './strict-json.ts';

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function escaped(text: string): string {
  return text.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** JSON as others write it: white space anywhere, escapes that are not needed, unusual numbers. */
const space = fc.string({ unit: fc.constantFrom(' ', '\n', '\r', '\t'), maxLength: 2 });
const literal = fc.oneof(
  fc.string({ unit: 'grapheme' }).map((text) => JSON.stringify(text)),
  fc.string().map((text) => `"${escaped(text)}"`),
  fc.constantFrom('"\\/\\b\\f\\n\\r\\t\\"\\\\"', '""', '"]}{[,:"', '"\\\\"', '"\\ud800"', '"\u{1f600}\u2028"'),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => JSON.stringify(number)),
  fc.constantFrom('0', '-0', '-0.0e-0', '1E5', '1e+5', '12.50', '1e400', 'true', 'false', 'null'),
);
// Without backslashes: one that Node parsed as a key makes it read others wrongly afterwards (nodejs/node#63785).
const anyName = fc.string({ unit: 'grapheme', maxLength: 3 }).filter((name) => !name.includes('\\'));
const { json } = fc.letrec<{ json: string; array: string; object: string }>((tie) => ({
  json: fc.oneof({ depthSize: 'small' }, literal, tie('array'), tie('object')),
  array: fc
    .array(fc.tuple(space, tie('json'), space), { maxLength: 4 })
    .map((items) => `[${items.map((item) => item.join('')).join(',')}]`),
  object: fc
    .array(fc.tuple(space, anyName, space, tie('json'), space), { maxLength: 4 })
    .map(
      (members) =>
        `{${members.map(([a, name, b, value, c]) => `${a}${JSON.stringify(name)}${b}:${c}${value}`).join(',')}}`,
    ),
}));

test('what JSON.parse takes is JSON', () => {
  fc.assert(
    fc.property(space, json, space, (before, text, after) => {
      expect(checkJson(before + text + after)).toEqual({ ok: true });
      expect(parses(before + text + after)).toBe(true);
    }),
  );
});

test('of a text that was damaged, JSON.parse says the same', () => {
  const noise = fc.constantFrom(...'{}[]",:\\/+-.eEu0129tfn \n\u0000\u001f\u00a0\ufeffx'.split(''));
  const edit = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 2 }), noise);
  fc.assert(
    fc.property(json, fc.array(edit, { minLength: 1, maxLength: 3 }), (text, edits) => {
      let damaged = text;
      for (const [position, removed, added] of edits) {
        const at = position % (damaged.length + 1);
        damaged = damaged.slice(0, at) + added + damaged.slice(at + removed);
      }
      const verdict = checkJson(damaged);
      expect(verdict.ok).toBe(parses(damaged));
      if (!verdict.ok) expect(verdict.offset).toBeLessThanOrEqual(damaged.length);
    }),
    { numRuns: 2000 },
  );
});

test('of any short text of JSON characters, JSON.parse says the same', () => {
  const text = fc.string({ unit: fc.constantFrom(...'{}[]",:\\u0-1.e+ tn'.split('')), maxLength: 8 });
  fc.assert(
    fc.property(text, (each) => {
      expect(checkJson(each).ok).toBe(parses(each));
    }),
    { numRuns: 5000 },
  );
});

test.each([
  ['', 'ends_too_early', 0],
  ['  ', 'ends_too_early', 2],
  ['{"a":', 'ends_too_early', 5],
  ['[1,', 'ends_too_early', 3],
  ['"abc', 'ends_too_early', 4],
  ['"\\u12', 'ends_too_early', 5],
  ['tru', 'ends_too_early', 3],
  ['-', 'ends_too_early', 1],
  ['1.', 'ends_too_early', 2],
  ['[1,]', 'unexpected_character', 3],
  ['{,}', 'unexpected_character', 1],
  ['{"a" 1}', 'unexpected_character', 5],
  ['{a:1}', 'unexpected_character', 1],
  ['[1}', 'unexpected_character', 2],
  ['1 2', 'unexpected_character', 2],
  ['01', 'unexpected_character', 1],
  ['+1', 'unexpected_character', 0],
  ['.5', 'unexpected_character', 0],
  ['1.e5', 'unexpected_character', 2],
  ['nulL', 'unexpected_character', 3],
  ['NaN', 'unexpected_character', 0],
  ["'a'", 'unexpected_character', 0],
  ['\ufeff{}', 'unexpected_character', 0],
  ['"a\nb"', 'bad_string', 2],
  ['{"a\\x":1}', 'bad_string', 3],
  ['"\\u12g4"', 'bad_string', 1],
])('%j stops being JSON where it does', (text, reason, offset) => {
  expect(checkJson(text)).toEqual({ ok: false, reason, offset });
});

test.each([600, 100_000])('nesting of %d levels overflows nothing', (depth) => {
  const arrays = '['.repeat(depth) + ']'.repeat(depth);
  const objects = `${'{"a":['.repeat(depth / 2)}1${']}'.repeat(depth / 2)}`;
  for (const text of [arrays, objects]) {
    expect(checkJson(text)).toEqual({ ok: true });
    expect(checkJson(text.slice(0, -1))).toEqual({ ok: false, reason: 'ends_too_early', offset: text.length - 1 });
    expect(sliceMembers(`{"params":${text}}`, ['params']).get('params')).toBe(text);
    expect(findUnrepresentable(text) === null).toBe(depth <= MAX_NESTING);
  }
});

test('a mismatch below many levels is seen', () => {
  const text = `${'['.repeat(500)}}`;
  expect(checkJson(text)).toEqual({ ok: false, reason: 'unexpected_character', offset: 500 });
});

test('members are the text that stands there, the last of a name, and mean what JSON.parse reads', () => {
  const name = fc.constantFrom('params', 'a', 'b', '__proto__', 'é', '"', '');
  const written = fc.boolean().chain((isEscaped) =>
    name.map((each) =>
      isEscaped
        ? {
            name: each,
            source: `"${escaped(each)}"`,
          }
        : { name: each, source: JSON.stringify(each) },
    ),
  );
  const member = fc.record({ name: written, value: json, spaces: fc.array(space, { minLength: 4, maxLength: 4 }) });
  fc.assert(
    fc.property(fc.array(member, { maxLength: 6 }), space, (members, outer) => {
      const inner = members.map(
        ({ name: { source }, value, spaces: [a, b, c, d] }) => `${a}${source}${b}:${c}${value}${d}`,
      );
      const text = `${outer}{${inner.join(',')}${outer}}${outer}`;
      const expected = new Map(members.map((each) => [each.name.name, each.value]));
      const slices = sliceMembers(text, [...expected.keys(), 'absent']);
      expect([...slices].sort()).toEqual([...expected].sort());
      const parsed = new Map(Object.entries(JSON.parse(text) as object));
      for (const [key, source] of slices) expect(JSON.parse(source)).toEqual(parsed.get(key));
      expect(sliceMembers(text, []).size).toBe(0);
    }),
  );
});

test('what a member says is not changed by passing it on', () => {
  const text = '{ "params" : {"b":1.50, "a":"\\u00e9\\/", "a":1E2} , "other":1}';
  expect(sliceMembers(text, ['params']).get('params')).toBe('{"b":1.50, "a":"\\u00e9\\/", "a":1E2}');
});

test('names are told apart by what they mean, however they are written', () => {
  const text = String.raw`{"\\":1,"\"":2,"\u005c":3,"a\/b":4,"\u0061/b":5,"\ud83d\ude00":6}`;
  const names = ['\\', '"', 'a/b', '\u{1f600}'];
  expect([...sliceMembers(text, names)].sort()).toEqual([
    ['"', '2'],
    ['\\', '3'],
    ['a/b', '5'],
    ['\u{1f600}', '6'],
  ]);
});

test('what is no object has no members', () => {
  for (const text of ['[]', '[{"a":1}]', '"a"', '1', 'null', ' {} ']) expect(sliceMembers(text, ['a']).size).toBe(0);
});

test('text that is not JSON neither hangs nor throws', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'{}[]",:\\u0-1.e+ tn'.split('')) }), (inner) => {
      expect(() => sliceMembers(`{${inner}`, ['a'])).not.toThrow();
      expect(() => findUnrepresentable(inner)).not.toThrow();
    }),
  );
});

test.each([
  ['1e400', 0],
  ['-1E+0400', 0],
  ['[1,2.5e999]', 3],
  [`{"a":1${'0'.repeat(309)}}`, 5],
  [`1${'0'.repeat(300)}e9`, 0],
  [`[1${'0'.repeat(220)}.5e99]`, 1],
  [`["${'x'.repeat(3000)}",1e309]`, 3004],
])('%.20s has a number that no double holds', (text, offset) => {
  expect(findUnrepresentable(text)).toEqual({ reason: 'number_out_of_range', offset });
});

test.each([
  '1e308',
  '1.7976931348623157e308',
  '1e-400',
  `0.${'0'.repeat(400)}1e400`,
  `"${'1'.repeat(400)}"`,
  '"1e400"',
  '{"1e400":"\\"1e999"}',
])('%.30s holds nothing that is out of range', (text) => {
  expect(findUnrepresentable(text)).toBeNull();
});

test('numbers are out of range exactly when JSON.parse makes them infinite', () => {
  const digits = (maxLength: number) =>
    fc.string({ unit: fc.constantFrom(...'0123456789'.split('')), minLength: 1, maxLength });
  const integer = fc.oneof(digits(8), digits(330)).map((each) => each.replace(/^0+(?=\d)/, ''));
  const exponent = fc.tuple(fc.constantFrom('e', 'E', 'e+', 'e-'), digits(4)).map((each) => each.join(''));
  const number = fc.tuple(
    fc.constantFrom('', '-'),
    integer,
    fc.constantFrom('', '.5', '.0'),
    fc.option(exponent, { nil: '' }),
  );
  fc.assert(
    fc.property(number, fc.nat({ max: 300 }), (parts, padding) => {
      const text = `[${' '.repeat(padding)}${parts.join('')}]`;
      const [value] = JSON.parse(text) as [number];
      expect(findUnrepresentable(text)?.reason).toBe(Number.isFinite(value) ? undefined : 'number_out_of_range');
    }),
    { numRuns: 2000 },
  );
});

test('the bracket that opens one level too many is told', () => {
  const levels = (count: number) => `${'['.repeat(count)}"[[[["${']'.repeat(count)}`;
  expect(findUnrepresentable(levels(MAX_NESTING))).toBeNull();
  expect(findUnrepresentable(levels(MAX_NESTING + 1))).toEqual({ reason: 'nested_too_deeply', offset: MAX_NESTING });
  expect(findUnrepresentable(`[${'[],'.repeat(5000)}1]`)).toBeNull();
});
