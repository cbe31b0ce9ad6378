import { createHmac, generateKeyPairSync } from 'node:crypto';
import { type JWTPayload, SignJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '../../../test/database.ts';
import { type ManualClock, createManualClock, silentLogger } from '../../kernel/index.ts';
import { type Access, type JwtSettings, createAccess } from './index.ts';

const ISSUER = 'https://login.example.com';
const SECRET = 'a-secret-that-two-servers-share-and-nobody-else';
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const PEM = publicKey.export({ type: 'spki', format: 'pem' }).toString();

let database: TestDatabase;
let clock: ManualClock;
beforeAll(async () => {
  database = await createTestDatabase();
});
beforeEach(() => {
  clock = createManualClock();
});
afterAll(() => database.drop());

type Change = Partial<JwtSettings>;

function accessWith(change: Change = {}): Access {
  const jwt: JwtSettings = { issuer: ISSUER, audience: null, key: { kind: 'secret', value: SECRET }, ...change };
  return createAccess({ db: database.db, clock, logger: silentLogger, jwt });
}

function accessByPublicKey(): Access {
  return accessWith({ key: { kind: 'publicKey', value: PEM } });
}

function claims(change: JWTPayload = {}): JWTPayload {
  const now = Math.floor(clock.now() / 1000);
  return { iss: ISSUER, sub: 'mika', exp: now + 600, scope: 'execute:nodejs', ...change };
}

function hs256(payload: JWTPayload, secret = SECRET, alg = 'HS256'): Promise<string> {
  return new SignJWT(payload).setProtectedHeader({ alg }).sign(new TextEncoder().encode(secret));
}

/** A token that no library would make. */
function forged(header: object, payload: JWTPayload, secret: string): string {
  const text = [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

test('a token of the issuer stands for its subject, as a viewer with the scopes it names and no others', async () => {
  const token = await hs256(claims({ jti: 'abc', scope: 'openid execute:rust read:functions execute:everything' }));
  expect(await accessWith().authenticate(token)).toEqual({
    user: 'jwt:mika',
    role: 'viewer',
    tokenId: 'jwt:abc',
    scopes: ['execute:rust', 'read:functions'],
  });
});

test.each([
  ['a list', { scope: undefined, scopes: ['execute:all', 'profile', 7] }, ['execute:all']],
  ['nothing', { scope: undefined }, []],
  ['something that is neither', { scope: { execute: 'all' }, scopes: 'execute:all' }, []],
])('scopes may be given as %s', async (_, change, scopes) => {
  const identity = await accessWith().authenticate(await hs256(claims(change)));
  expect(identity).toMatchObject({ tokenId: 'jwt:mika', scopes });
});

test('a token that is signed by the private key of the issuer is taken by its public key', async () => {
  const token = await new SignJWT(claims()).setProtectedHeader({ alg: 'RS256' }).sign(privateKey);
  expect(await accessByPublicKey().authenticate(token)).toMatchObject({ user: 'jwt:mika' });
});

test('without settings no JSON Web Token is taken', async () => {
  const access = createAccess({ db: database.db, clock, logger: silentLogger, jwt: null });
  expect(await access.authenticate(await hs256(claims()))).toBeNull();
});

test.each([
  ['by another secret', () => hs256(claims(), `${SECRET}!`)],
  ['with a longer hash than is pinned', () => hs256(claims(), SECRET, 'HS512')],
  ['by nobody', () => Promise.resolve(forged({ alg: 'none' }, claims(), SECRET))],
  ['by nobody, in other letters', () => Promise.resolve(forged({ alg: 'nOnE' }, claims(), SECRET))],
  [
    'with a key that the token brings along',
    () => Promise.resolve(forged({ alg: 'HS256', jwk: {} }, claims(), 'mine')),
  ],
  [
    'with an extension that must be understood',
    () => Promise.resolve(forged({ alg: 'HS256', crit: ['b64'], b64: false }, claims(), SECRET)),
  ],
  [
    'by the private key of a pair, where a secret is set',
    () => new SignJWT(claims()).setProtectedHeader({ alg: 'RS256' }).sign(privateKey),
  ],
  ['by another issuer', () => hs256(claims({ iss: 'https://evil.example.com' }))],
  ['by no issuer', () => hs256(claims({ iss: undefined }))],
  ['for nobody', () => hs256(claims({ sub: undefined }))],
  ['for an empty name', () => hs256(claims({ sub: '' }))],
  ['for a name that no log can hold', () => hs256(claims({ sub: 'mika\0\n' }))],
  ['for a name that is too long', () => hs256(claims({ sub: 'm'.repeat(201) }))],
  ['with an id that no log can hold', () => hs256(claims({ jti: '\u001B[2J' }))],
  ['for ever', () => hs256(claims({ exp: undefined }))],
])('a token %s is refused', async (_, make) => {
  expect(await accessWith().authenticate(await make())).toBeNull();
});

test('what a token without signature says does not count', async () => {
  const unsigned = forged({ alg: 'none' }, claims(), SECRET).replace(/[^.]*$/, '');
  expect(await accessWith().authenticate(unsigned)).toBeNull();
  expect(await accessByPublicKey().authenticate(unsigned)).toBeNull();
});

test('the public key is never taken for a shared secret', async () => {
  const der = publicKey.export({ type: 'spki', format: 'der' }).toString('latin1');
  for (const secret of [PEM, PEM.trim(), der]) {
    expect(await accessByPublicKey().authenticate(forged({ alg: 'HS256' }, claims(), secret))).toBeNull();
  }
});

test('a token is only for its audience where one is set', async () => {
  const access = accessWith({ audience: 'funade' });
  expect(await access.authenticate(await hs256(claims()))).toBeNull();
  expect(await access.authenticate(await hs256(claims({ aud: 'mail' })))).toBeNull();
  expect(await access.authenticate(await hs256(claims({ aud: ['mail', 'funade'] })))).not.toBeNull();
  expect(await accessWith().authenticate(await hs256(claims({ aud: 'mail' })))).not.toBeNull();
});

test('clocks may differ by a minute, not more, and a token that was remembered ends all the same', async () => {
  const access = accessWith();
  const now = Math.floor(clock.now() / 1000);
  const token = await hs256(claims({ exp: now + 4 }));
  const early = await hs256(claims({ nbf: now + 61 + 60 }));
  expect(await access.authenticate(early)).toBeNull();
  clock.advance(61_000);
  expect(await access.authenticate(token)).not.toBeNull();
  expect(await access.authenticate(early)).not.toBeNull();
  clock.advance(3000);
  expect(await access.authenticate(token)).toBeNull();
});

test('a token changes nothing in the database', async () => {
  const access = accessWith();
  await access.authenticate(await hs256(claims()));
  expect(await access.listTokens()).toEqual([]);
  expect(await access.roleOf('jwt:mika')).toBeNull();
});

test('a token opens no session of the dashboard', async () => {
  const access = accessWith();
  const identity = await access.authenticate(await hs256(claims()));
  await expect(access.openSession(identity!)).rejects.toMatchObject({ code: 'FUN_FORBIDDEN' });
});
