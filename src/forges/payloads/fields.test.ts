import { expect, test } from 'vitest';
import { asId, asSha, asText, asTime, asUrl, hostOf, namesOf } from './fields.ts';

test.each([
  ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05.000Z'],
  ['2026-01-02T03:04:05.678Z', '2026-01-02T03:04:05.678Z'],
  ['2026-01-02T03:04:05.678901Z', '2026-01-02T03:04:05.678Z'],
  ['2026-01-02 03:04:05 UTC', '2026-01-02T03:04:05.000Z'],
  ['2026-01-02 03:04:05 +0900', '2026-01-01T18:04:05.000Z'],
  ['2026-01-02T03:04:05+09:00', '2026-01-01T18:04:05.000Z'],
  ['2026-01-02T03:04:05-0330', '2026-01-02T06:34:05.000Z'],
])('the time %s is %s', (text, iso) => {
  expect(asTime(text)).toBe(Date.parse(iso));
});

test.each([
  '2026-01-02',
  '2026-01-02 03:04:05',
  '2026-13-02 03:04:05 UTC',
  '2026-01-02 25:04:05 UTC',
  'yesterday',
  '',
  1_767_323_045,
  null,
])('%j is no time', (text) => {
  expect(asTime(text)).toBeNull();
});

test.each([
  [7, '7'],
  ['7', '7'],
  ['18446744073709551615', '18446744073709551615'],
  [0, null],
  [-1, null],
  [2 ** 53, null],
  ['007', null],
  ['7; drop', null],
  [{}, null],
])('the id of %j is %j', (value, id) => {
  expect(asId(value)).toBe(id);
});

test.each([
  ['https://gitlab.example.com:8443/a/b', 'gitlab.example.com:8443'],
  ['ssh://git@example.com/a/b', 'example.com'],
  ['file:///srv/git/a', null],
  ['not an address', null],
  [undefined, null],
])('the host of %j is %j', (url, host) => {
  expect(hostOf(url)).toBe(host);
});

test.each(['javascript:alert(1)', 'data:text/html,x', 'https://', '//x', 'https://a b', 'https://a/"><script>', 7])(
  '%j is no address of a page',
  (url) => {
    expect(asUrl(url)).toBeUndefined();
  },
);

test('a text is cut between characters, and keeps neither NUL nor half a character', () => {
  expect(asText('abc😀', 4)).toBe('abc');
  expect(asText('abc😀', 5)).toBe('abc😀');
  expect(asText('a\0b')).toBe('ab');
  expect(asText('a\udc00b')).toBe('a\ufffdb');
  expect(asText(7)).toBeUndefined();
});

test('an all-zero commit is nothing, and what is no commit is undefined', () => {
  expect([asSha('0'.repeat(40)), asSha('0'.repeat(64))]).toEqual([null, null]);
  expect([asSha('a'.repeat(41)), asSha('A'.repeat(40)), asSha('HEAD'), asSha(null)]).toEqual(Array(4).fill(undefined));
});

test('names are taken once each, in their order', () => {
  expect(namesOf([{ name: 'b' }, { name: 'a' }, { name: 'b' }, { name: '' }, null, 7], 'name')).toEqual(['b', 'a']);
  expect(namesOf({ length: 5 }, 'name')).toEqual([]);
});
