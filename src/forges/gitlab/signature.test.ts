import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import { type Secret, gitlabWebhook, signingKeyFault } from '../index.ts';

const KEY = 'whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=';
const OLD_KEY = `whsec_${Buffer.from('the key before this one, 32 byte').toString('base64')}`;
const TOKEN = 'the token of the hook';
const signing: Secret = { label: 'signing', value: KEY, kind: 'signing' };
const token: Secret = { label: 'token', value: TOKEN };

const body = '{"object_kind":"issue"}';
const now = 1_767_323_045_678;
const seconds = Math.floor(now / 1000);

/** Signs as the library of Standard Webhooks does. */
function signed(key = KEY, at = seconds, text = body): Record<string, string> {
  const id = 'msg_2KWPBgLlAfxdpx2AI54pPJ85f4W';
  const signature = new Webhook(key).sign(id, new Date(at * 1000), text);
  return { 'webhook-id': id, 'webhook-timestamp': String(at), 'webhook-signature': signature };
}

function check(headers: Record<string, string | undefined>, secrets: readonly Secret[], bytes: string | Buffer = body) {
  return gitlabWebhook.verify({ headers, body: Buffer.from(bytes), now }, secrets);
}

describe('tokens', () => {
  test('the token of the hook is accepted, and its label told', () => {
    expect(check({ 'x-gitlab-token': TOKEN }, [token])).toEqual({ ok: true, label: 'token' });
  });

  test('while it is changed, the old and the new one are both accepted; once removed, the old one is not', () => {
    const next: Secret = { label: 'next', value: 'the token of tomorrow' };
    expect(check({ 'x-gitlab-token': TOKEN }, [next, token])).toEqual({ ok: true, label: 'token' });
    expect(check({ 'x-gitlab-token': next.value }, [next, token])).toEqual({ ok: true, label: 'next' });
    expect(check({ 'x-gitlab-token': TOKEN }, [next])).toEqual({ ok: false, reason: 'signature_mismatch' });
  });

  test.each([
    ['no token', undefined, 'signature_missing'],
    ['an empty token', '', 'signature_missing'],
    ['a wrong token of the same length', 'the token of the hooK', 'signature_mismatch'],
    ['the beginning of the token', TOKEN.slice(0, -1), 'signature_mismatch'],
    ['more than the token', `${TOKEN} `, 'signature_mismatch'],
    ['two headers joined', `x, ${TOKEN}`, 'signature_mismatch'],
    ['a very long token', 'x'.repeat(100_000), 'signature_mismatch'],
  ])('%s is refused', (_, value, reason) => {
    expect(check({ 'x-gitlab-token': value }, [token])).toEqual({ ok: false, reason });
  });

  test('a token beyond ASCII is the same as text and as the bytes that node shows', () => {
    const secret: Secret = { label: 'ja', value: '秘密の合言葉はこれです' };
    const shown = Buffer.from(secret.value).toString('latin1');
    for (const header of [secret.value, shown]) expect(check({ 'x-gitlab-token': header }, [secret]).ok).toBe(true);
    // Each character cut to one byte is another text.
    const cut = Buffer.from(secret.value, 'latin1').toString('latin1');
    expect(check({ 'x-gitlab-token': cut }, [secret]).ok).toBe(false);
  });

  test('without secrets, or with empty ones, nothing is accepted', () => {
    for (const secrets of [[], [{ label: 'empty', value: '' }]]) {
      expect(check({ 'x-gitlab-token': '', ...signed() }, secrets)).toEqual({ ok: false, reason: 'no_secret' });
    }
  });

  test('a signing key is no token', () => {
    expect(check({ 'x-gitlab-token': KEY }, [signing])).toEqual({ ok: false, reason: 'signature_missing' });
    expect(check({ 'x-gitlab-token': KEY }, [signing, token])).toEqual({ ok: false, reason: 'signature_mismatch' });
  });
});

describe('signatures', () => {
  test('what the library of Standard Webhooks signs is accepted', () => {
    expect(check(signed(), [signing])).toEqual({ ok: true, label: 'signing' });
  });

  test('the signed text is `{id}.{timestamp}.{body}`, keyed with the decoded bytes', () => {
    const mac = createHmac('sha256', '0123456789abcdef0123456789abcdef').update(`an-id.${seconds}.${body}`);
    const headers = {
      'webhook-id': 'an-id',
      'webhook-timestamp': String(seconds),
      'webhook-signature': `v1,${mac.digest('base64')}`,
    };
    expect(check(headers, [signing]).ok).toBe(true);
  });

  test('the signature covers raw bytes, whether or not they are text', () => {
    const bytes = Buffer.from([0xff, 0x00, 0xfe, 0x0a]);
    const mac = createHmac('sha256', '0123456789abcdef0123456789abcdef').update(`an-id.${seconds}.`).update(bytes);
    const headers = {
      'webhook-id': 'an-id',
      'webhook-timestamp': String(seconds),
      'webhook-signature': `v1,${mac.digest('base64')}`,
    };
    expect(check(headers, [signing], bytes).ok).toBe(true);
  });

  test('one of several signatures is enough, and one of several keys', () => {
    const old: Secret = { label: 'old', value: OLD_KEY, kind: 'signing' };
    const both = `${signed(OLD_KEY)['webhook-signature']} v2,x ${signed()['webhook-signature']}`;
    expect(check({ ...signed(), 'webhook-signature': both }, [signing])).toEqual({ ok: true, label: 'signing' });
    expect(check(signed(OLD_KEY), [signing, old])).toEqual({ ok: true, label: 'old' });
    expect(check(signed(OLD_KEY), [signing])).toEqual({ ok: false, reason: 'signature_mismatch' });
  });

  test.each([
    [-300, true],
    [-301, false],
    [300, true],
    [301, false],
  ])('a signature of %i seconds from now: accepted %j', (offset, ok) => {
    const expected = ok ? { ok, label: 'signing' } : { ok, reason: 'signature_outdated' };
    expect(check(signed(KEY, seconds + offset), [signing])).toEqual(expected);
  });

  const good = signed();
  const value = good['webhook-signature'] ?? '';
  const refusals: readonly [string, Record<string, string | undefined>, string][] = [
    ['no header at all', {}, 'signature_missing'],
    ['an empty signature', { ...good, 'webhook-signature': '' }, 'signature_malformed'],
    ['no id', { ...good, 'webhook-id': undefined }, 'signature_malformed'],
    ['another id', { ...good, 'webhook-id': 'other' }, 'signature_mismatch'],
    ['an id with a line break', { ...good, 'webhook-id': 'a\nb' }, 'signature_malformed'],
    ['no time', { ...good, 'webhook-timestamp': undefined }, 'signature_malformed'],
    ['another time', { ...good, 'webhook-timestamp': String(seconds + 1) }, 'signature_mismatch'],
    ['a time with letters behind it', { ...good, 'webhook-timestamp': `${seconds}x` }, 'signature_malformed'],
    ['a time as a fraction', { ...good, 'webhook-timestamp': `${seconds}.0` }, 'signature_malformed'],
    ['a time before time', { ...good, 'webhook-timestamp': '-1' }, 'signature_malformed'],
    ['no version', { ...good, 'webhook-signature': value.slice(3) }, 'signature_malformed'],
    ['another version', { ...good, 'webhook-signature': value.replace('v1,', 'v1a,') }, 'signature_malformed'],
    ['a doubled version', { ...good, 'webhook-signature': `v1,${value}` }, 'signature_malformed'],
    ['a short signature', { ...good, 'webhook-signature': 'v1,AAAA' }, 'signature_malformed'],
    ['hex in place of base64', { ...good, 'webhook-signature': `v1,${'0'.repeat(64)}` }, 'signature_malformed'],
    [
      'a wrong signature of the right length',
      { ...good, 'webhook-signature': `v1,${'A'.repeat(43)}=` },
      'signature_mismatch',
    ],
  ];
  test.each(refusals)('%s is refused', (_, headers, reason) => {
    expect(check(headers, [signing])).toEqual({ ok: false, reason });
  });

  test('one changed byte of the body is refused', () => {
    expect(check(signed(), [signing], body.replace('issue', 'Issue')).ok).toBe(false);
  });
});

describe('signature and token', () => {
  const both = [token, signing];
  const bad = { ...signed(), 'webhook-signature': `v1,${'A'.repeat(43)}=` };

  test('a signature that is there must pass: the right token does not help', () => {
    expect(check({ ...bad, 'x-gitlab-token': TOKEN }, both)).toEqual({ ok: false, reason: 'signature_mismatch' });
    expect(check({ 'webhook-signature': 'x', 'x-gitlab-token': TOKEN }, both).ok).toBe(false);
    expect(check({ 'webhook-signature': '', 'x-gitlab-token': TOKEN }, both).ok).toBe(false);
  });

  test('a signature that passes is enough, whatever the token is', () => {
    expect(check({ ...signed(), 'x-gitlab-token': 'wrong' }, both)).toEqual({ ok: true, label: 'signing' });
  });

  test('without a signature the token decides', () => {
    expect(check({ 'x-gitlab-token': TOKEN }, both)).toEqual({ ok: true, label: 'token' });
    expect(check({ 'x-gitlab-token': 'wrong' }, both).ok).toBe(false);
  });

  test('with only a signing key, a request without a signature is refused, token or not', () => {
    expect(check({ 'x-gitlab-token': TOKEN }, [signing])).toEqual({ ok: false, reason: 'signature_missing' });
  });

  test('with only tokens, a signature that nobody can check does not matter', () => {
    expect(check({ ...bad, 'x-gitlab-token': TOKEN }, [token])).toEqual({ ok: true, label: 'token' });
  });
});

test.each([
  ['no base64', 'whsec_not base64 at all, but long enough'],
  ['base64 of nothing', 'whsec_'],
  ['a key of a few bytes', 'whsec_c2hvcnQ='],
  ['base64url', `whsec_${'-_'.repeat(20)}`],
])('%s is no signing key: what is signed with an empty one is refused', (_, value) => {
  const mac = createHmac('sha256', '').update(`id.${seconds}.${body}`).digest('base64');
  const headers = { 'webhook-id': 'id', 'webhook-timestamp': String(seconds), 'webhook-signature': `v1,${mac}` };
  expect(check(headers, [{ label: 'broken', value, kind: 'signing' }]).ok).toBe(false);
  expect(signingKeyFault(value)).toMatch(/base64/);
});

test('a key is known by its prefix', () => {
  expect(signingKeyFault(KEY)).toBeUndefined();
  expect(signingKeyFault(KEY.slice('whsec_'.length))).toBe('it does not begin with whsec_');
});

test('we and the library agree on any key, body and time', () => {
  const key = fc
    .uint8Array({ minLength: 16, maxLength: 64 })
    .map((bytes) => `whsec_${Buffer.from(bytes).toString('base64')}`);
  const text = fc.string({ unit: 'grapheme', minLength: 1 });
  fc.assert(
    fc.property(key, key, text, (right, wrong, content) => {
      const at = Math.floor(Date.now() / 1000);
      const headers = signed(right, at, content);
      const ours = (value: string) =>
        gitlabWebhook.verify({ headers, body: Buffer.from(content), now: at * 1000 }, [
          { label: 'x', value, kind: 'signing' },
        ]).ok;
      const theirs = (value: string) => {
        try {
          new Webhook(value).verify(content, headers, { jsonParse: false } as never);
          return true;
        } catch {
          return false;
        }
      };
      expect([ours(right), ours(wrong)]).toEqual([theirs(right), theirs(wrong)]);
      expect(ours(right)).toBe(true);
    }),
    { numRuns: 200 },
  );
});
