import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRedactingStream, createRedaction } from './redaction.ts';

const SECRET = 'correct-horse-battery';
const mask = createRedaction([SECRET, 'short']);
const body = 'aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA1bC2dE3f';

const TOKENS: readonly (readonly [string, string])[] = [
  ['a known value', SECRET],
  ['a known value in base64', Buffer.from(SECRET).toString('base64').replace(/=+$/, '')],
  ['GitHub, personal', `ghp_${body}`],
  ['GitHub, OAuth', `gho_${body}`],
  ['GitHub, App', `ghs_${body}`],
  ['GitHub, fine-grained', `github_pat_${body}_${body}`],
  ['GitLab', `glpat-${body.slice(0, 20)}`],
  ['OpenAI', `sk-proj-${body}`],
  ['Anthropic', `sk-ant-api03-${body}`],
  ['AWS, id', 'AKIAIOSFODNN7EXAMPLE'],
  ['Slack', 'xoxb-1234567890-abcdefghij'],
  ['npm', `npm_${body.slice(0, 36)}`],
  ['JWT', `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.${body}`],
];

test.each(TOKENS)('%s is masked, whatever is around it', (_, token) => {
  expect(mask(`it is (${token}), see`)).toBe('it is (***), see');
});

describe('what carries a secret is masked, and its name stays', () => {
  test.each([
    ['Authorization: Bearer abc.def', 'Authorization: Bearer ***'],
    ['"authorization": "token abc"', '"authorization": "token ***"'],
    ['PRIVATE-TOKEN: abc', 'PRIVATE-TOKEN: ***'],
    ['aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', 'aws_secret_access_key = ***'],
    ['git clone https://mona:pw@host/x', 'git clone https://***@host/x'],
  ])('%s', (text, masked) => expect(mask(text)).toBe(masked));

  test('a private key, also one that is cut off', () => {
    const key = '-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY-----';
    expect(mask(`a\n${key}\nb`)).toBe('a\n***\nb');
    expect(mask('a\n-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blb')).toBe('a\n***');
  });
});

test('words, short values and addresses without a user stay', () => {
  const text = 'A short task_1m8b at https://github.com/octo/greeter#1 by mona@example.com; sk-8 and eyJ.';
  expect(mask(text)).toBe(text);
});

const pieces = fc.array(
  fc.oneof(
    fc.constantFrom(...TOKENS.map(([, token]) => token)),
    fc.constantFrom(
      'Authorization: Bearer ',
      ' ',
      '\n',
      '\n\n',
      'word',
      '***',
      '@',
      ':',
      'https://a:b@c/',
      '-----BEGIN PRIVATE KEY-----',
    ),
    fc.string({ maxLength: 12 }),
  ),
  { maxLength: 14 },
);

test('masking twice is masking once', () => {
  fc.assert(
    fc.property(pieces, (parts) => {
      const once = mask(parts.join(''));
      expect(mask(once)).toBe(once);
    }),
    { numRuns: 500 },
  );
});

test('however a text is cut into pieces, no known value and no token of it comes through', () => {
  fc.assert(
    fc.property(pieces, fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), (parts, sizes) => {
      const text = parts.join(' ');
      const stream = createRedactingStream(mask);
      let shown = '';
      for (let at = 0, turn = 0; at < text.length; turn += 1) {
        const size = sizes[turn % sizes.length] ?? 1;
        shown += stream.push(text.slice(at, at + size));
        at += size;
      }
      shown += stream.end();
      for (const [, token] of TOKENS) expect(shown).not.toContain(token);
    }),
  );
});

test('a text that looks like the beginning of a token again and again takes no time', () => {
  const began = performance.now();
  mask('eyJaaaaaaaa-'.repeat(21_000));
  mask('a-'.repeat(120_000));
  const stream = createRedactingStream(mask);
  for (let turn = 0; turn < 10; turn += 1) stream.push(`${'eyJaaaaaaaa-'.repeat(1400)} a b c `);
  // Seconds each, when every beginning is followed to the end of the text.
  expect(performance.now() - began).toBeLessThan(10_000);
});

test('a line without end is handed over in parts, and a key without end does not swallow the rest', () => {
  const stream = createRedactingStream(mask);
  let shown = '';
  for (let turn = 0; turn < 3000; turn += 1) shown += stream.push(`word ${SECRET} `);
  expect(shown.length).toBeGreaterThan(10_000);
  expect(shown + stream.end()).not.toContain(SECRET);
  expect(stream.push('-----BEGIN PRIVATE KEY-----\nMIIabc\n')).toBe('***');
  for (let turn = 0; turn < 3000; turn += 1) stream.push('not a key\n');
  expect(stream.push('after\n')).toBe('after\n');
});
