import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { type ServerConfig, loadServerConfig } from '../index.ts';

interface Given {
  readonly env?: Readonly<Record<string, string>>;
  readonly file?: string;
  readonly files?: Readonly<Record<string, string>>;
}

function read({ env = {}, file, files = {} }: Given) {
  const all: Readonly<Record<string, string | undefined>> = { 'funade.config.yaml': file, ...files };
  return loadServerConfig({
    flags: {},
    env,
    readFile: (path) => {
      if (path === 'closed.pem') throw new Error('EACCES: permission denied');
      return all[path];
    },
  });
}

function load(given: Given): ServerConfig {
  const loaded = read(given);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error, null, 2));
  return loaded.value;
}

function faults(given: Given): readonly string[] {
  const loaded = read(given);
  return loaded.ok
    ? []
    : loaded.error.map(({ message, line }) => (line === undefined ? message : `${line}: ${message}`));
}

function pemOf(key: ReturnType<typeof generateKeyPairSync>['publicKey'], type: 'spki' | 'pkcs1' = 'spki'): string {
  return key.export({ type, format: 'pem' }).toString();
}

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const PEM = pemOf(publicKey);
const ISSUER = { FUNADE_FUNCTIONS_JWT_ISSUER: 'https://login.example.com' };
const SECRET = { FUNADE_FUNCTIONS_JWT_SECRET: 'a-secret-of-thirty-two-characters' };
const PUBLIC_KEY = { FUNADE_FUNCTIONS_JWT_PUBLIC_KEY: PEM };

test('an issuer and one key make JSON Web Tokens count', () => {
  const env = { ...ISSUER, ...SECRET, FUNADE_FUNCTIONS_JWT_AUDIENCE: 'funade' };
  expect(load({ env }).functions.jwt).toEqual({
    issuer: 'https://login.example.com',
    audience: 'funade',
    key: { kind: 'secret', value: SECRET.FUNADE_FUNCTIONS_JWT_SECRET },
  });
});

test.each([
  ['PEM', { env: { ...ISSUER, ...PUBLIC_KEY } }],
  ['PEM on one line', { env: { ...ISSUER, FUNADE_FUNCTIONS_JWT_PUBLIC_KEY: PEM.replaceAll('\n', String.raw`\n`) } }],
  ['PEM in its older form', { env: { ...ISSUER, FUNADE_FUNCTIONS_JWT_PUBLIC_KEY: pemOf(publicKey, 'pkcs1') } }],
  ['the path of a PEM file', { file: FILE('keys/jwt.pem'), files: { 'keys/jwt.pem': PEM } }],
])('a public key is given as %s', (_, given) => {
  expect(load(given).functions.jwt).toEqual({
    issuer: 'https://login.example.com',
    audience: null,
    key: { kind: 'publicKey', value: PEM },
  });
});

function FILE(path: string): string {
  return `functions:\n  jwt:\n    issuer: https://login.example.com\n    publicKey: ${path}\n`;
}

const NO_ISSUER = 'functions.jwt.issuer (FUNADE_FUNCTIONS_JWT_ISSUER) is nothing, expected text.';
const NO_KEY =
  'functions.jwt.secret (FUNADE_FUNCTIONS_JWT_SECRET) / functions.jwt.publicKey (FUNADE_FUNCTIONS_JWT_PUBLIC_KEY) is nothing, expected text.';
const TWO_KEYS =
  'functions.jwt is functions.jwt.secret + functions.jwt.publicKey, expected one of functions.jwt.secret, functions.jwt.publicKey.';
const NO_PEM = 'FUNADE_FUNCTIONS_JWT_PUBLIC_KEY is ***, expected PEM (RSA PUBLIC KEY, ≥ 2048 bit).';

test.each([
  ['an issuer without a key', { env: ISSUER }, [NO_KEY]],
  ['a key without an issuer', { env: SECRET }, [NO_ISSUER]],
  ['an audience alone', { env: { FUNADE_FUNCTIONS_JWT_AUDIENCE: 'funade' } }, [NO_ISSUER, NO_KEY]],
  ['both keys', { env: { ...ISSUER, ...SECRET, ...PUBLIC_KEY } }, [TWO_KEYS]],
  ['both keys and no issuer', { env: { ...SECRET, ...PUBLIC_KEY } }, [TWO_KEYS, NO_ISSUER]],
  [
    'a short secret, and nothing on what is given but faulty',
    { env: { ...ISSUER, FUNADE_FUNCTIONS_JWT_SECRET: 'only-31-characters-are-too-few.' } },
    ['FUNADE_FUNCTIONS_JWT_SECRET has 31 characters, a secret needs at least 32.'],
  ],
  [
    'a file that is not there',
    { file: FILE('keys/none.pem') },
    ["4: Can't read functions.jwt.publicKey (keys/none.pem): ENOENT."],
  ],
  [
    'a file that may not be read',
    { file: FILE('closed.pem') },
    ["4: Can't read functions.jwt.publicKey (closed.pem): EACCES: permission denied."],
  ],
  [
    'a file with something else inside',
    { file: FILE('./jwt.pem'), files: { './jwt.pem': 'hunter2' } },
    ['4: functions.jwt.publicKey is ./jwt.pem, expected PEM (RSA PUBLIC KEY, ≥ 2048 bit).'],
  ],
  ['half a PEM', withKey(PEM.slice(0, 200)), [NO_PEM]],
  ['a private key', withKey(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()), [NO_PEM]],
  ['a key of another kind', withKey(pemOf(generateKeyPairSync('ed25519').publicKey)), [NO_PEM]],
  ['a weak key', withKey(pemOf(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey)), [NO_PEM]],
  [
    'a secret in the place of the public key',
    withKey('hunter2-hunter2-hunter2'),
    ["Can't read FUNADE_FUNCTIONS_JWT_PUBLIC_KEY (***): ENOENT."],
  ],
  [
    'limits that are none',
    { env: { FUNADE_FUNCTIONS_LIMITS_EXECUTE_PER_MINUTE: '-1', FUNADE_FUNCTIONS_LIMITS_READ_PER_MINUTE: 'many' } },
    [
      'FUNADE_FUNCTIONS_LIMITS_EXECUTE_PER_MINUTE is -1, expected at least 0.',
      'FUNADE_FUNCTIONS_LIMITS_READ_PER_MINUTE is "many", expected a whole number.',
    ],
  ],
])('%s: every fault at once, and the start is stopped', (_, given, expected) => {
  expect(faults(given)).toEqual(expected);
});

function withKey(text: string): Given {
  return { env: { ...ISSUER, FUNADE_FUNCTIONS_JWT_PUBLIC_KEY: text } };
}

test('0 does not limit', () => {
  const file = 'functions: { limits: { executePerMinute: 0, readPerMinute: 1000 } }';
  expect(load({ file }).functions.limits).toEqual({ executePerMinute: 0, readPerMinute: 1000 });
});

const KEY = Buffer.from(Array.from({ length: 32 }, (_, index) => index * 7));

test.each(['hex', 'base64', 'base64url'] as const)('the key of the secrets may be %s', (encoding) => {
  expect(load({ env: { FUNADE_SECRETS_KEY: KEY.toString(encoding) } }).secrets.key).toBe(KEY.toString('hex'));
});

test.each([
  ['short', KEY.subarray(8).toString('base64'), 'has 32 characters, a secret needs at least 43.'],
  ['short and hexadecimal', KEY.subarray(8).toString('hex'), 'is ***, expected 32 bytes (base64, hex).'],
  ['long', Buffer.concat([KEY, KEY]).toString('base64'), 'is ***, expected 32 bytes (base64, hex).'],
  ['words', 'correct horse battery staple correct horse battery', 'is ***, expected 32 bytes (base64, hex).'],
])('a key that is %s is refused and not shown', (_, key, message) => {
  expect(faults({ env: { FUNADE_SECRETS_KEY: key } })).toEqual([`FUNADE_SECRETS_KEY ${message}`]);
});
