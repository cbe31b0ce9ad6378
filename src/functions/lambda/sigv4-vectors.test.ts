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

function verifierFor(service: string) {
  return createSignatureVerifier({ service, secretOf: (id) => (id === ID ? SECRET : null) });
}

function authorization(signedHeaders: string, signature: string, service = 'service'): string {
  return `AWS4-HMAC-SHA256 Credential=${ID}/20150830/us-east-1/${service}/aws4_request, SignedHeaders=${signedHeaders}, Signature=${signature}`;
}

async function verdictOf(parts: Parts, now: number, service: string): Promise<SignatureVerdict> {
  return await verifierFor(service).verify(requestOf(parts), now);
}

// Test suite of AWS for Signature Version 4 (`aws-sig-v4-test-suite`): id, secret, date, region and service as above.
const SUITE: readonly (readonly [name: string, parts: Parts, signedHeaders: string, signature: string])[] = [
  ['get-vanilla', {}, '', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
  [
    'get-relative-relative',
    { target: '/example1/example2/../..' },
    '',
    '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
  ],
  ['get-slash-dot-slash', { target: '/./' }, '', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
  ['get-slashes', { target: '//example//' }, '', '9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84'],
  [
    'get-slash-pointless-dot',
    { target: '/./example' },
    '',
    'ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5',
  ],
  ['get-space', { target: '/example space/' }, '', '652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741'],
  [
    'get-unreserved',
    { target: '/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz' },
    '',
    '07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f',
  ],
  ['get-utf8', { target: '/\u1234' }, '', '8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85'],
  [
    'get-vanilla-empty-query-key',
    { target: '/?Param1=value1' },
    '',
    'a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb',
  ],
  [
    'get-vanilla-query-order-key-case',
    { target: '/?Param2=value2&Param1=value1' },
    '',
    'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
  ],
  [
    'get-vanilla-query-order-value',
    { target: '/?Param1=value2&Param1=value1' },
    '',
    '5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694',
  ],
  [
    'get-vanilla-query-unreserved',
    {
      target:
        '/?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',
    },
    '',
    '9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197',
  ],
  [
    'get-vanilla-utf8-query',
    { target: '/?\u1234=bar' },
    '',
    '2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04',
  ],
  [
    'get-header-key-duplicate',
    { headers: { 'my-header1': ['value2', 'value2', 'value1'] } },
    'my-header1',
    'c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea',
  ],
  [
    'get-header-value-order',
    { headers: { 'my-header1': ['value4', 'value1', 'value3', 'value2'] } },
    'my-header1',
    '08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01',
  ],
  [
    'get-header-value-trim',
    { headers: { 'my-header1': ' value1', 'my-header2': ' "a   b   c"' } },
    'my-header1;my-header2',
    'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
  ],
  ['post-vanilla', { method: 'POST' }, '', '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
  [
    'post-vanilla-query',
    { method: 'POST', target: '/?Param1=value1' },
    '',
    '28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11',
  ],
  [
    'post-header-key-sort',
    { method: 'POST', headers: { 'my-header1': 'value1' } },
    'my-header1',
    'c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c',
  ],
  [
    'post-header-value-case',
    { method: 'POST', headers: { 'my-header1': 'VALUE1' } },
    'my-header1',
    'cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d',
  ],
  [
    'post-x-www-form-urlencoded',
    { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'Param1=value1' },
    'content-type',
    'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
  ],
  [
    'post-x-www-form-urlencoded-parameters',
    {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf8' },
      body: 'Param1=value1',
    },
    'content-type',
    '1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe',
  ],
];

test.each(SUITE)('%s of the test suite of AWS is valid', async (_name, parts, more, signature) => {
  const signedHeaders = ['host', 'x-amz-date', ...more.split(';').filter(Boolean)].sort().join(';');
  const headers = {
    ...parts.headers,
    host: HOST,
    'x-amz-date': DATE,
    authorization: authorization(signedHeaders, signature),
  };
  const request = requestOf({ ...parts, headers });
  expect(await verifierFor('service').verify(request, NOW)).toEqual({ kind: 'valid', accessKeyId: ID });
  // another path (normal form included) never fits the same signature
  const moved = requestOf({ ...parts, target: `/moved${parts.target ?? '/'}`, headers });
  expect(await verifierFor('service').verify(moved, NOW)).toMatchObject({ code: 'SignatureDoesNotMatch' });
});

test('the example of the IAM documentation is valid', async () => {
  const signature = '5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7';
  const parts = {
    target: '/?Action=ListUsers&Version=2010-05-08',
    headers: {
      host: 'iam.amazonaws.com',
      'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
      'x-amz-date': DATE,
      authorization: authorization('content-type;host;x-amz-date', signature, 'iam'),
    },
  };
  expect(await verdictOf(parts, NOW, 'iam')).toEqual({ kind: 'valid', accessKeyId: ID });
});

test('a Date header in the format of HTTP dates a request as well (older test suite of AWS)', async () => {
  const scope = `${ID}/20110909/us-east-1/host/aws4_request`;
  const signature = 'b27ccfbfa7df52a200ff74193ca6e32d4b48b8856fab7ebf1c595d0670a7e470';
  const headers = {
    host: 'host.foo.com',
    date: 'Mon, 09 Sep 2011 23:36:00 GMT',
    authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=date;host, Signature=${signature}`,
  };
  const now = Date.UTC(2011, 8, 9, 23, 36, 0);
  expect(await verdictOf({ headers }, now, 'host')).toEqual({ kind: 'valid', accessKeyId: ID });
});

// "Example: GET Object" with query parameters in the documentation of S3.
const PRESIGNED =
  '/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request' +
  '&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host' +
  '&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404';
const PRESIGNED_AT = Date.UTC(2013, 4, 24);

async function presigned(target: string, now: number): Promise<SignatureVerdict> {
  const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
  const verifier = createSignatureVerifier({ service: 's3', secretOf: () => secret });
  const headers = { host: 'examplebucket.s3.amazonaws.com', 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' };
  return await verifier.verify(requestOf({ target, headers }), now);
}

test('a presigned request is valid from five minutes before its date until it expires', async () => {
  for (const offset of [-300_000, 0, 86_400_000]) {
    expect(await presigned(PRESIGNED, PRESIGNED_AT + offset)).toMatchObject({ kind: 'valid' });
  }
  expect(await presigned(PRESIGNED, PRESIGNED_AT - 300_001)).toMatchObject({ code: 'RequestNotYetCurrent' });
  expect(await presigned(PRESIGNED, PRESIGNED_AT + 86_400_001)).toMatchObject({ code: 'RequestExpired' });
});

test('a presigned request whose expiry was changed, added to or left out is refused', async () => {
  const at = (target: string) => presigned(target, PRESIGNED_AT);
  expect(await at(PRESIGNED.replace('86400', '86401'))).toMatchObject({ code: 'SignatureDoesNotMatch' });
  expect(await at(`${PRESIGNED}&Qualifier=2`)).toMatchObject({ code: 'SignatureDoesNotMatch' });
  for (const expires of ['0', '604801', '-1', '1e3', '', '9999999']) {
    expect(await at(PRESIGNED.replace('86400', expires))).toMatchObject({ code: 'IncompleteSignature' });
  }
});
