import { createHash, createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type SignatureVerdict, type SignedRequest, createSignatureVerifier } from './sigv4.ts';

const ID = 'AKIDEXAMPLE';
const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const NOW = Date.UTC(2015, 7, 30, 12, 36, 0);
const DATE = '20150830T123600Z';
const HOST = 'example.amazonaws.com';

interface Parts {
  readonly method?: string;
  readonly target?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
}

function requestOf({ method = 'GET', target = '/', headers = {}, body = '' }: Parts): SignedRequest {
  return { method, target, headers, body: () => Buffer.from(body) };
}

function verifierFor(service: string, secret = SECRET) {
  return createSignatureVerifier({ service, secretOf: (id) => (id === ID ? secret : null) });
}

function authorization(signedHeaders: string, signature: string, service = 'service'): string {
  return `AWS4-HMAC-SHA256 Credential=${ID}/20150830/us-east-1/${service}/aws4_request, SignedHeaders=${signedHeaders}, Signature=${signature}`;
}

async function verdictOf(parts: Parts, now = NOW, service = 'lambda'): Promise<SignatureVerdict> {
  return await verifierFor(service).verify(requestOf(parts), now);
}

/** A signer of its own: RFC 3986 by hand, byte for byte, from what is meant and not from what is sent. */
interface Meant {
  readonly method: string;
  /** Decoded segments. */
  readonly segments: readonly string[];
  readonly query: readonly (readonly [string, string])[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly payloadHash?: string;
  readonly region?: string;
  readonly date?: string;
}

function percent(text: string): string {
  let out = '';
  for (const byte of Buffer.from(text, 'utf8')) {
    const character = String.fromCharCode(byte);
    out += /[A-Za-z0-9_.~-]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}

function sign(meant: Meant): Parts {
  const date = meant.date ?? DATE;
  const scope = `${date.slice(0, 8)}/${meant.region ?? 'eu-central-1'}/lambda/aws4_request`;
  const headers: Record<string, string> = { ...meant.headers, host: HOST, 'x-amz-date': date };
  const names = Object.keys(headers).sort();
  const canonical = [
    meant.method,
    `/${meant.segments.map((segment) => percent(percent(segment))).join('/')}`,
    meant.query
      .map(([name, value]) => [percent(name), percent(value)] as const)
      .sort(
        (a, b) =>
          Buffer.compare(Buffer.from(a[0]), Buffer.from(b[0])) || Buffer.compare(Buffer.from(a[1]), Buffer.from(b[1])),
      )
      .map((pair) => pair.join('='))
      .join('&'),
    ...names.map((name) => `${name}:${headers[name]!.trim().split(/\s+/).join(' ')}`),
    '',
    names.join(';'),
    meant.payloadHash ?? createHash('sha256').update(meant.body).digest('hex'),
  ].join('\n');
  const signature = signatureOf(canonical, date, scope);
  const credential = `Credential=${ID}/${scope}`;
  const query = meant.query.map(([name, value]) => `${percent(name)}=${percent(value)}`).join('&');
  return {
    method: meant.method,
    target: `/${meant.segments.map(percent).join('/')}${query === '' ? '' : `?${query}`}`,
    headers: {
      ...headers,
      authorization: `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`,
    },
    body: meant.body,
  };
}

function signatureOf(canonical: string, date: string, scope: string): string {
  const text = ['AWS4-HMAC-SHA256', date, scope, createHash('sha256').update(canonical).digest('hex')].join('\n');
  let key = Buffer.from(`AWS4${SECRET}`);
  for (const part of scope.split('/')) key = createHmac('sha256', key).update(part).digest();
  return createHmac('sha256', key).update(text).digest('hex');
}

function presign(payloadHash: string, more: readonly string[] = []): Parts {
  const scope = '20150830/eu-central-1/lambda/aws4_request';
  const path = '/2015-03-31/functions/hello/invocations';
  const query = [
    'X-Amz-Algorithm=AWS4-HMAC-SHA256',
    ...more,
    `X-Amz-Credential=${ID}%2F${percent(scope)}`,
    `X-Amz-Date=${DATE}`,
    'X-Amz-Expires=604800',
    'X-Amz-SignedHeaders=host',
  ].join('&');
  const canonical = ['POST', path, query, `host:${HOST}`, '', 'host', payloadHash].join('\n');
  const target = `${path}?${query}&X-Amz-Signature=${signatureOf(canonical, DATE, scope)}`;
  return { method: 'POST', target, headers: { host: HOST }, body: '{"a":1}' };
}

function invoke(change: Partial<Meant> = {}): Parts {
  return sign({
    method: 'POST',
    segments: ['2015-03-31', 'functions', 'arn:aws:lambda:eu-central-1:000000000000:function:hello', 'invocations'],
    query: [['Qualifier', '$LATEST']],
    headers: { 'content-type': 'application/json' },
    body: '{"a":1}',
    ...change,
  });
}

test('what a signer of AWS Lambda sends is valid in every region', async () => {
  for (const region of ['us-east-1', 'ap-northeast-1', 'local']) {
    expect(await verdictOf(invoke({ region }))).toEqual({ kind: 'valid', accessKeyId: ID });
  }
});

test('any path, query, header and body is valid as signed, and refused when one of them differs', async () => {
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
  const segment = text.filter((each) => each !== '.' && each !== '..');
  const value = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '\t', '"', ',', ';', '='), maxLength: 12 });
  const meant = fc.record({
    segments: fc.array(segment, { minLength: 1, maxLength: 4 }),
    query: fc.array(fc.tuple(text, fc.string({ unit: 'grapheme', maxLength: 12 })), { maxLength: 5 }),
    value,
    body: fc.string(),
    at: fc.nat(),
  });
  const verifier = verifierFor('lambda');
  await fc.assert(
    fc.asyncProperty(meant, async ({ segments, query, value: header, body, at }) => {
      const parts = sign({ method: 'POST', segments, query, body, headers: { 'x-amz-client-context': header } });
      expect(await verifier.verify(requestOf(parts), NOW)).toEqual({ kind: 'valid', accessKeyId: ID });
      const changed: readonly Parts[] = [
        { ...parts, body: `${body}x` },
        { ...parts, method: 'PUT' },
        { ...parts, target: `/x${parts.target}` },
        { ...parts, target: `${parts.target}${parts.target?.includes('?') ? '&' : '?'}x=1` },
        { ...parts, headers: { ...parts.headers, 'x-amz-client-context': `${header}x` } },
      ];
      expect(await verifier.verify(requestOf(changed[at % changed.length]!), NOW)).toMatchObject({
        code: 'SignatureDoesNotMatch',
      });
    }),
  );
});

test('the order of parameters and the way they are encoded do not matter', async () => {
  const parts = invoke({
    query: [
      ['b', '2'],
      ['a-b', '1'],
      ['a', "!'()*"],
    ],
  });
  const target = parts.target?.replace(/\?.*/, "?a=!'()*&b=%32&a%2Db=1");
  expect(await verdictOf({ ...parts, target })).toMatchObject({ kind: 'valid' });
});

test('a broken percent sign in the query is a refusal and no fault', async () => {
  const parts = invoke();
  expect(await verdictOf({ ...parts, target: `${parts.target}&x=%zz` })).toMatchObject({ kind: 'refused' });
});

test('the hash that a request states is that of its body', async () => {
  const hashed = (body: string) => createHash('sha256').update(body).digest('hex');
  const payloadHash = hashed('{"a":1}');
  const stated = invoke({ payloadHash, headers: { 'x-amz-content-sha256': payloadHash } });
  expect(await verdictOf(stated)).toMatchObject({ kind: 'valid' });
  expect(await verdictOf({ ...stated, body: '{"a":2}' })).toMatchObject({ code: 'InvalidSignature' });

  const open = invoke({ payloadHash: 'UNSIGNED-PAYLOAD', headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } });
  expect(await verdictOf({ ...open, body: 'anything' })).toMatchObject({ kind: 'valid' });
  const dropped = { ...stated, headers: { ...stated.headers, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } };
  expect(await verdictOf(dropped)).toMatchObject({ code: 'SignatureDoesNotMatch' });

  const payload = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD';
  const streaming = invoke({ payloadHash: payload, headers: { 'x-amz-content-sha256': payload } });
  expect(await verdictOf(streaming)).toMatchObject({ code: 'InvalidSignature' });
});

test('the body of an unknown caller is never asked for, nor that of a signature that is wrong', async () => {
  const body = () => {
    throw new Error('asked for');
  };
  const payloadHash = createHash('sha256').update('{"a":1}').digest('hex');
  const stated = invoke({ payloadHash, headers: { 'x-amz-content-sha256': payloadHash } });
  const stranger = createSignatureVerifier({ service: 'lambda', secretOf: () => Promise.resolve(null) });
  expect(await stranger.verify({ ...requestOf(invoke()), body }, NOW)).toMatchObject({ code: 'UnrecognizedClient' });
  const wrong = verifierFor('lambda', 'another secret');
  expect(await wrong.verify({ ...requestOf(stated), body }, NOW)).toMatchObject({ code: 'SignatureDoesNotMatch' });
  await expect(verifierFor('lambda').verify({ ...requestOf(stated), body }, NOW)).rejects.toThrow('asked for');
});

test('a presigned request is bound to its body, unless its query says that it is not', async () => {
  const bound = presign(createHash('sha256').update('{"a":1}').digest('hex'));
  expect(await verdictOf(bound)).toEqual({ kind: 'valid', accessKeyId: ID });
  expect(await verdictOf({ ...bound, body: '{"a":2}' })).toMatchObject({ code: 'SignatureDoesNotMatch' });
  const open = presign('UNSIGNED-PAYLOAD', ['X-Amz-Content-Sha256=UNSIGNED-PAYLOAD']);
  expect(await verdictOf({ ...open, body: 'anything' })).toEqual({ kind: 'valid', accessKeyId: ID });
});

test('a request is good for five minutes around its date', async () => {
  const parts = invoke();
  for (const offset of [-300_000, 0, 300_000]) {
    expect(await verdictOf(parts, NOW + offset)).toMatchObject({ kind: 'valid' });
  }
  expect(await verdictOf(parts, NOW + 300_001)).toEqual({
    kind: 'refused',
    code: 'RequestExpired',
    errorType: 'InvalidSignatureException',
    message: 'Signature expired: 20150830T123600Z is now earlier than 20150830T123600Z (20150830T124100Z - 5 min.)',
  });
  expect(await verdictOf(parts, NOW - 300_001)).toMatchObject({ code: 'RequestNotYetCurrent' });
});

test.each([
  ['no signature at all', undefined, 'MissingAuthenticationToken', 'Missing Authentication Token'],
  ['another scheme', 'Bearer abc', 'IncompleteSignature', 'algorithm'],
  ['nothing after the algorithm', 'AWS4-HMAC-SHA256', 'IncompleteSignature', 'Credential'],
  ['no signature', authorization('host', '').replace(/, Signature=/, ''), 'IncompleteSignature', "'Signature'"],
  ['no signed headers', authorization('', 'aa'), 'IncompleteSignature', 'SignedHeaders'],
  ['host not signed', authorization('x-amz-date', 'aa', 'lambda'), 'InvalidSignature', 'Host'],
  ['another service', authorization('host', 'aa', 's3'), 'InvalidSignature', "'lambda'"],
  [
    'another terminator',
    authorization('host', 'aa', 'lambda').replace('aws4_request', 'aws5_request'),
    'InvalidSignature',
    'terminator',
  ],
  [
    'another day',
    authorization('host', 'aa', 'lambda').replace('20150830', '20150829'),
    'InvalidSignature',
    'YYYYMMDD',
  ],
  ['too many elements', authorization('host', 'aa', 'lambda/x'), 'IncompleteSignature', '5 slash-delimited'],
  [
    'an unknown id',
    authorization('host', 'aa', 'lambda').replace(ID, 'NOBODY'),
    'UnrecognizedClient',
    'security token',
  ],
  [
    'a signature that is none',
    authorization('host;x-amz-date', 'zz', 'lambda'),
    'SignatureDoesNotMatch',
    'does not match',
  ],
  [
    'a signed header that is not there',
    authorization('constructor;host', 'aa', 'lambda'),
    'SignatureDoesNotMatch',
    "'constructor'",
  ],
])('%s is refused with its reason', async (_name, header, code, message) => {
  const headers = { host: HOST, 'x-amz-date': DATE, ...(header === undefined ? {} : { authorization: header }) };
  const verdict = await verdictOf({ headers });
  expect(verdict).toMatchObject({ kind: 'refused', code });
  expect(verdict).toHaveProperty('message', expect.stringContaining(message));
});

test('a date that is missing or in another format is refused', async () => {
  const header = authorization('host', 'aa', 'lambda');
  for (const date of [undefined, '2015-08-30T12:36:00Z', '20159930T123600Z', '20150830T123600z', 'yesterday']) {
    const headers = { host: HOST, authorization: header, ...(date === undefined ? {} : { 'x-amz-date': date }) };
    expect(await verdictOf({ headers })).toMatchObject({ code: 'IncompleteSignature' });
  }
});

test('a header that changes what is done counts only when it is signed', async () => {
  const verifier = createSignatureVerifier({
    service: 'lambda',
    secretOf: () => SECRET,
    mustBeSigned: ['x-amz-invocation-type'],
  });
  const signed = invoke({ headers: { 'x-amz-invocation-type': 'Event' } });
  expect(await verifier.verify(requestOf(signed), NOW)).toMatchObject({ kind: 'valid' });
  const plain = invoke();
  const added = { ...plain, headers: { ...plain.headers, 'x-amz-invocation-type': 'Event' } };
  expect(await verifier.verify(requestOf(added), NOW)).toMatchObject({ code: 'InvalidSignature' });
});

test('a secret that was replaced stops working at once, and an empty one never works', async () => {
  let secret: string | null = SECRET;
  const verifier = createSignatureVerifier({ service: 'lambda', secretOf: () => secret });
  expect(await verifier.verify(requestOf(invoke()), NOW)).toMatchObject({ kind: 'valid' });
  secret = 'another';
  expect(await verifier.verify(requestOf(invoke()), NOW)).toMatchObject({ code: 'SignatureDoesNotMatch' });
  secret = '';
  expect(await verifier.verify(requestOf(invoke()), NOW)).toMatchObject({ code: 'UnrecognizedClient' });
  secret = SECRET;
  expect(await verifier.verify(requestOf(invoke()), NOW)).toMatchObject({ kind: 'valid' });
});

test('more regions than signing keys are kept for are all valid', async () => {
  const verifier = createSignatureVerifier({ service: 'lambda', secretOf: () => SECRET, cachedKeys: 2 });
  for (const region of ['a', 'b', 'c', 'a', 'b', 'c', 'c']) {
    expect(await verifier.verify(requestOf(invoke({ region })), NOW)).toMatchObject({ kind: 'valid' });
  }
});

test('a request is valid with the headers and the target as Node receives them', async () => {
  const verifier = verifierFor('lambda');
  const verdicts: SignatureVerdict[] = [];
  const server = createServer((request, response) => {
    const { method = '', url = '', headersDistinct: headers } = request;
    void verifier.verify({ method, target: url, headers, body: () => Buffer.from('{"a":1}') }, NOW).then((verdict) => {
      verdicts.push(verdict);
      return response.end();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  try {
    const { method, target, headers, body } = invoke({ headers: { 'x-amz-client-context': 'a  b' } });
    const { request } = await import('node:http');
    await new Promise<void>((resolve, reject) => {
      const { port } = server.address() as AddressInfo;
      const sent = request({
        host: '127.0.0.1',
        port,
        method,
        path: target,
        headers: headers as Record<string, string>,
      });
      sent.on('response', (response) => response.resume().once('end', resolve));
      sent.once('error', reject);
      sent.end(body);
    });
    expect(verdicts).toEqual([{ kind: 'valid', accessKeyId: ID }]);
  } finally {
    server.close();
  }
});
