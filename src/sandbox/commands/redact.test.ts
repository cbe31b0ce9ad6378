import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createMask, createRedactor } from './redact.ts';

function redact(secrets: readonly string[], chunks: readonly string[]): string {
  const redactor = createRedactor(secrets);
  return chunks.map((chunk) => redactor.push(chunk)).join('') + redactor.end();
}

test('a secret is masked wherever the output is cut', () => {
  const text = 'before hunter2-hunter2 after';
  for (let cut = 0; cut <= text.length; cut += 1) {
    expect(redact(['hunter2-hunter2'], [text.slice(0, cut), text.slice(cut)])).toBe('before *** after');
  }
});

test('the end of a longer secret does not show behind a shorter one that begins it', () => {
  expect(redact(['token', 'token-of-production'], ['my token-of', '-production.'])).toBe('my ***.');
});

test('overlapping secrets are one mask', () => {
  expect(redact(['abcd', 'cdef'], ['xab', 'cde', 'fx'])).toBe('x***x');
});

test('the beginning of a secret that does not continue is shown', () => {
  expect(redact(['hunter2'], ['hunt', 'ing'])).toBe('hunting');
  expect(redact(['hunter2'], ['hunter'])).toBe('hunter');
});

test('each line of a secret with several lines, and its URL-encoded form, is masked', () => {
  expect(redact(['first-line-of-key\nsecond-line-of-key'], ['  second-line-of-key!'])).toBe('  ***!');
  expect(redact(['p@ss/word'], ['https://u:p%40ss%2Fword@host'])).toBe('https://u:***@host');
});

test('an endless overlap is masked without being kept in memory', () => {
  const redactor = createRedactor(['aa']);
  let shown = '';
  for (let round = 0; round < 100; round += 1) shown += redactor.push('a'.repeat(1000));
  expect(shown + redactor.end()).toBe('***');
});

test('a text that comes whole is masked in the same way', () => {
  const letters = fc.constantFrom('a', 'b', 'c');
  const word = fc.array(letters, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(''));
  const text = fc.array(letters, { maxLength: 20 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.array(word, { maxLength: 3 }), text, (secrets, whole) => {
      expect(createMask(secrets)(whole)).toBe(redact(secrets, [whole]));
    }),
    { numRuns: 500 },
  );
  const mask = createMask(['first-line-of-key\nsecond-line-of-key']);
  expect([mask('first-line-of-key'), mask('x second-line-of-key.')]).toEqual(['***', 'x ***.']);
});

test('how the output is cut never changes what is shown', () => {
  const letters = fc.constantFrom('a', 'b', 'c');
  const word = fc.array(letters, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(''));
  const pieces = fc.array(fc.array(letters, { maxLength: 6 }).map((parts) => parts.join('')));
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 3 }), pieces, (secrets, chunks) => {
      const shown = redact(secrets, chunks);
      expect(shown).toBe(redact(secrets, [chunks.join('')]));
      for (const secret of secrets) expect(shown).not.toContain(secret);
    }),
    { numRuns: 500 },
  );
});
