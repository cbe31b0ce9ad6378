import { describe, expect, test } from 'vitest';
import { parseTarget } from './target.ts';

const TOKEN = 'a'.repeat(43);
const base = new URL('https://api.example.test/openai/v1');

describe('the path of a request', () => {
  test.each([
    ['is put below the base', '/chat/completions', '/openai/v1/chat/completions'],
    ['keeps its query', '/messages?beta=true&x=%20', '/openai/v1/messages?beta=true&x=%20'],
    ['does not repeat the version that the base ends with', '/v1/messages', '/openai/v1/messages'],
    ['repeats another version', '/v1beta/models/m:generateContent', '/openai/v1/v1beta/models/m:generateContent'],
    ['loses doubled slashes', '//chat///completions', '/openai/v1/chat/completions'],
    ['may be empty', '', '/openai/v1'],
  ])('%s', (_, rest, path) => {
    expect(parseTarget(`/t/${TOKEN}${rest}`, base)).toEqual({ kind: 'target', token: TOKEN, path });
  });

  test('is all of it where the base has none', () => {
    const bare = new URL('http://127.0.0.1:8080');
    expect(parseTarget(`/t/${TOKEN}/v1/models`, bare)).toMatchObject({ path: '/v1/models' });
  });

  test.each([
    '/../secret',
    '/a/../../b',
    '/./a',
    '/%2e%2e/secret',
    '/%2E%2e%2fsecret',
    '/a%2f..%2fb',
    '/%252e%252e/x',
    '/%25252e%25252e/x',
    '/..;/admin',
    '/..;a=b/admin',
    '/a\\..\\b',
    '/%5c..%5cb',
    '/a%00b',
    '/%zz',
    '/a b',
    '/ü',
  ])('is refused as %s', (rest) => {
    expect(parseTarget(`/t/${TOKEN}${rest}`, base).kind).toBe('refused');
  });

  test.each([
    '/',
    '/chat',
    `/x/${TOKEN}/chat`,
    '/t/short/chat',
    `http://evil.test/t/${TOKEN}/chat`,
    `//evil.test/t/${TOKEN}`,
  ])('without a token in its place is unknown: %s', (url) => {
    expect(parseTarget(url, base)).toEqual({ kind: 'unknown' });
  });
});
