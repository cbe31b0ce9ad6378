import { sign, verify } from '@octokit/webhooks-methods';
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { githubWebhook } from '../index.ts';

const secret = "It's a Secret to Everybody";
const body = 'Hello, World!';
const known = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';
const other = `sha256=${'0'.repeat(64)}`;

function check(headers: Record<string, string | undefined>, values: readonly string[] = [secret], text = body) {
  const secrets = values.map((value, index) => ({ label: `secret-${index}`, value }));
  return githubWebhook.verify({ headers, body: Buffer.from(text), now: 0 }, secrets);
}

test("GitHub's documented example is accepted", () => {
  expect(check({ 'x-hub-signature-256': known })).toEqual({ ok: true, label: 'secret-0' });
});

const sha1 = `sha1=${createHmac('sha1', secret).update(body).digest('hex')}`;
const refusals: readonly [string, Record<string, string | undefined>, string][] = [
  ['no signature', {}, 'signature_missing'],
  ['an empty signature', { 'x-hub-signature-256': '' }, 'signature_missing'],
  ['only SHA-1', { 'x-hub-signature': sha1 }, 'signature_missing'],
  ['SHA-1 in the header of SHA-256', { 'x-hub-signature-256': sha1 }, 'signature_malformed'],
  ['a wrong signature of the right length', { 'x-hub-signature-256': other }, 'signature_mismatch'],
  ['a short signature', { 'x-hub-signature-256': known.slice(0, -2) }, 'signature_malformed'],
  ['a long signature', { 'x-hub-signature-256': `${known}00` }, 'signature_malformed'],
  ['digits that are not hex', { 'x-hub-signature-256': `${known.slice(0, -1)}g` }, 'signature_malformed'],
  ['a doubled prefix', { 'x-hub-signature-256': `sha256=${known}` }, 'signature_malformed'],
  ['no prefix', { 'x-hub-signature-256': known.slice(7) }, 'signature_malformed'],
  ['two headers joined', { 'x-hub-signature-256': `${other}, ${known}` }, 'signature_malformed'],
  ['a line break after it', { 'x-hub-signature-256': `${known}\n` }, 'signature_malformed'],
];
test.each(refusals)('%s is refused', (_, headers, reason) => {
  expect(check(headers)).toEqual({ ok: false, reason });
});

test('without a secret every signature is refused, also the one made with an empty secret', () => {
  const signature = `sha256=${createHmac('sha256', '').update(body).digest('hex')}`;
  expect(check({ 'x-hub-signature-256': signature }, [])).toEqual({ ok: false, reason: 'no_secret' });
  expect(check({ 'x-hub-signature-256': signature }, [''])).toEqual({ ok: false, reason: 'no_secret' });
});

test('of several secrets the label of the one that matches is told', () => {
  expect(check({ 'x-hub-signature-256': known }, ['the-next-secret-of-all', secret])).toEqual({
    ok: true,
    label: 'secret-1',
  });
});

test('signatures agree with the library that GitHub publishes, for any secret and body', async () => {
  const text = fc.string({ minLength: 1, unit: 'grapheme' });
  await fc.assert(
    fc.asyncProperty(text, text, text, async (value, content, wrong) => {
      const signature = await sign(value, content);
      expect(check({ 'x-hub-signature-256': signature }, [value], content).ok).toBe(true);
      const theirs = await verify(wrong, content, signature);
      expect(check({ 'x-hub-signature-256': signature }, [wrong], content).ok).toBe(theirs);
    }),
    { numRuns: 200 },
  );
});
