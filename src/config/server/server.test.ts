import { createHash, generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  type LoadOptions,
  type ServerConfig,
  type ServerOption,
  describeServerConfig,
  listenAddress,
  loadClientConfig,
  loadServerConfig,
  serverOptions,
} from '../index.ts';

interface Given extends Partial<Omit<LoadOptions, 'readFile'>> {
  readonly file?: string;
}

function options({ flags = {}, env = {}, file }: Given): LoadOptions {
  return { flags, env, readFile: (path) => (path === 'funade.config.yaml' ? file : undefined) };
}

function load(given: Given): ServerConfig {
  const loaded = loadServerConfig(options(given));
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error, null, 2));
  return loaded.value;
}

/** `file:line:column message`, or the message alone where a flag or the environment is at fault. */
function faults(given: Given): readonly string[] {
  const loaded = loadServerConfig(options(given));
  if (loaded.ok) return [];
  return loaded.error.map(({ file, line, column, message }) =>
    file === undefined ? message : `${file}:${line}:${column} ${message}`,
  );
}

const { publicKey: PUBLIC_KEY, privateKey: PRIVATE_KEY } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const PRIVATE_PEM = PRIVATE_KEY.export({ type: 'pkcs8', format: 'pem' }).toString();
const PEM = PUBLIC_KEY.export({ type: 'spki', format: 'pem' }).toString();
const FINGERPRINT = `sha256:${createHash('sha256')
  .update(PUBLIC_KEY.export({ type: 'spki', format: 'der' }))
  .digest('hex')}`;
const LONG = 'a-secret-of-enough-length';
const OTHER = 'another-secret-of-enough-length';

test('without any setting a server starts on this machine only, with its own database', () => {
  expect(load({})).toMatchObject({
    host: '127.0.0.1',
    port: 8000,
    dataDir: './.funade',
    role: 'all',
    language: 'en',
    logLevel: 'info',
    databaseUrl: null,
    webhook: { enabled: true, host: '127.0.0.1', port: 8000 },
    github: { secrets: [], apiUrl: 'https://api.github.com', token: null },
    functions: {
      untrusted: 'refuse',
      url: null,
      jwt: null,
      limits: { executePerMinute: 100, readPerMinute: 60 },
    },
    secrets: { key: null },
    cli: { server: 'http://127.0.0.1:8000', token: null },
    file: null,
  });
});

test.each([
  {
    rule: 'a flag wins over all',
    given: { flags: { port: '1' }, env: { FUNADE_PORT: '2' }, file: 'port: 3' },
    row: { key: 'port', value: '1', origin: 'flag --port' },
  },
  {
    rule: 'the environment wins over the file',
    given: { env: { FUNADE_PORT: '2' }, file: 'port: 3' },
    row: { key: 'port', value: '2', origin: 'environment FUNADE_PORT' },
  },
  {
    rule: 'the file wins over the default',
    given: { file: '# mine\nport: 3' },
    row: { key: 'port', value: '3', origin: 'funade.config.yaml:2' },
  },
  {
    rule: 'the default comes last',
    given: { file: '# nothing' },
    row: { key: 'port', value: '8000', origin: 'default' },
  },
])('$rule, and the origin is kept', ({ given, row }) => {
  const config = load(given);
  expect(String(config.port)).toBe(row.value);
  expect(describeServerConfig(config)).toContainEqual(row);
});

test('a value of the file that a flag overrides is not looked at', () => {
  expect(load({ flags: { port: '1' }, file: 'port: ${NOT_SET}' }).port).toBe(1);
});

test('every option can be set by its variable and shown with it', () => {
  const values: Readonly<Record<string, string>> = {
    host: '0.0.0.0',
    port: '9000',
    path: './data',
    boolean: 'false',
    url: 'https://example.org/api',
    serverUrl: 'http://127.0.0.1:9000',
    databaseUrl: 'postgresql://db.example/funade',
    secret: `${LONG}-for-everything`,
    secrets: LONG,
    text: 'https://login.example.com',
    key: 'ab'.repeat(32),
    publicKey: PEM,
    privateKey: PRIVATE_PEM,
    cidrs: '10.0.0.0/8, fd00::1',
    repositories: 'octo/greeter, group/sub/project',
    duration: '90s',
    modelUrl: 'http://127.0.0.1:11434/v1',
    script: 'my-agent < "$FUNADE_PROMPT_FILE"',
    amount: '2.5',
    branchPrefix: 'bots/',
  };
  const shown: Readonly<Record<string, string>> = {
    secret: '***',
    secrets: '***',
    key: '***',
    publicKey: FINGERPRINT,
    privateKey: '***',
    duration: '1m 30s',
  };
  for (const option of serverOptions as readonly ServerOption[]) {
    if (option.name === 'config' || option.env === null) continue;
    const count = String(Math.max(7, option.least ?? 0));
    const value = option.choices?.at(-1) ?? (option.kind === 'count' ? count : (values[option.kind] ?? ''));
    const env = { ...companionsOf(option.name), [option.env]: value };
    const row = describeServerConfig(load({ env }), 'en').find(({ key }) => key === option.name);
    expect(row?.origin).toBe(`environment ${option.env}`);
    expect(row?.value.replace(`${option.env}: `, '')).toBe(shown[option.kind] ?? value);
  }
});

/** Settings without which another one is at fault. */
function companionsOf(name: string): Readonly<Record<string, string>> {
  if (name === 'agent.runner') return { FUNADE_AGENT_MODEL_NAME: 'm', FUNADE_AGENT_MODEL_URL: 'http://127.0.0.1:1' };
  if (name === 'agent.budget.money') {
    return { FUNADE_AGENT_MODEL_PRICE_INPUT: '3', FUNADE_AGENT_MODEL_PRICE_OUTPUT: '15' };
  }
  if (name.startsWith('github.app.')) {
    return { FUNADE_GITHUB_APP_ID: '4711', FUNADE_GITHUB_APP_PRIVATE_KEY: PRIVATE_PEM };
  }
  if (!name.startsWith('functions.jwt.')) return {};
  const issuer = { FUNADE_FUNCTIONS_JWT_ISSUER: 'https://login.example.com' };
  return name.endsWith('publicKey') ? issuer : { ...issuer, FUNADE_FUNCTIONS_JWT_SECRET: `${LONG}-for-everything` };
}

test('the webhook role listens on its own pair, and a flag wins over that', () => {
  const env = {
    FUNADE_ROLE: 'webhook',
    FUNADE_PORT: '8000',
    WEBHOOK_SERVER_PORT: '8001',
    WEBHOOK_SERVER_HOST: '0.0.0.0',
  };
  expect(listenAddress(load({ env }))).toEqual({ host: '0.0.0.0', port: 8001 });
  expect(listenAddress(load({ env, flags: { port: '9000' } }))).toEqual({ host: '0.0.0.0', port: 9000 });
  expect(listenAddress(load({ env: { ...env, FUNADE_ROLE: 'web' } }))).toEqual({ host: '127.0.0.1', port: 8000 });
  expect(listenAddress(load({ env: { FUNADE_ROLE: 'webhook', FUNADE_PORT: '7000' } })).port).toBe(7000);
});

test('several secrets count at once, each with a label, and none twice', () => {
  const file = [
    'github:',
    '  secrets:',
    '    - { label: next, value: "${NEXT}" }',
    '    - ${GITHUB_WEBHOOK_SECRET}',
    `    - ${OTHER}-3`,
  ].join('\n');
  const { github, origins } = load({ env: { GITHUB_WEBHOOK_SECRET: LONG, NEXT: OTHER }, file });
  expect(github.secrets).toEqual([
    { label: 'GITHUB_WEBHOOK_SECRET', value: LONG },
    { label: 'next', value: OTHER },
    { label: 'secret-3', value: `${OTHER}-3` },
  ]);
  expect(origins['github.secrets']).toEqual([
    { source: 'environment', name: 'GITHUB_WEBHOOK_SECRET' },
    { source: 'file', file: 'funade.config.yaml', line: 3 },
    { source: 'file', file: 'funade.config.yaml', line: 5 },
  ]);
});

test.each([
  ['an empty secret', { GITHUB_WEBHOOK_SECRET: '' }, 'GITHUB_WEBHOOK_SECRET is set but empty.'],
  ['a blank secret', { GITHUB_WEBHOOK_SECRET: '   ' }, 'GITHUB_WEBHOOK_SECRET is set but empty.'],
  [
    'an unexpanded secret',
    { GITLAB_WEBHOOK_TOKEN: '${GITLAB_WEBHOOK_TOKEN}' },
    'GITLAB_WEBHOOK_TOKEN still contains `${GITLAB_WEBHOOK_TOKEN}`.',
  ],
  [
    'a short secret',
    { GITHUB_WEBHOOK_SECRET: 'hunter2' },
    'GITHUB_WEBHOOK_SECRET has 7 characters, a secret needs at least 16.',
  ],
  [
    'what is too short to be a token',
    { FUNADE_TOKEN: 'wrong' },
    'FUNADE_TOKEN has 5 characters, so it is no token: one starts with `fun_` and has 47.',
  ],
  ['a secret with a line end', { FUNADE_TOKEN: `${LONG}\n` }, 'FUNADE_TOKEN starts or ends with white space.'],
  ['an empty database address', { DATABASE_URL: '' }, 'DATABASE_URL is set but empty.'],
])('%s stops the start and names the setting', (_, env, message) => {
  expect(faults({ env })).toEqual([message]);
});

test.each([
  ['FUNADE_TOKEN', 'wrong', 'cat <data directory>/secrets/owner-token'],
  ['FUNADE_SERVER', 'localhost:8000', '`http://127.0.0.1:8000`'],
  ['GITHUB_API_URL', 'api.github.com', '`https://api.github.com`'],
])('the fix of %s says what is wanted there', (name, value, fix) => {
  const loaded = loadServerConfig({ flags: {}, env: { [name]: value }, readFile: () => undefined });
  expect(loaded.ok ? [] : loaded.error.map((fault) => fault.fix)).toEqual([expect.stringContaining(fix)]);
});

test.each([
  'https://mona:hunter2@h.example',
  'https://hunter2@h.example',
  'https://h.example/?key=hunter2',
  'https://h.example#hunter2',
])('the address %s is refused for forges and hooks, without being shown', (address) => {
  const settings = ['FUNADE_WEBHOOK_URL', 'GITHUB_API_URL', 'GITLAB_API_URL'];
  const told = faults({ env: Object.fromEntries(settings.map((name) => [name, address])) });
  expect(told).toEqual(settings.map((name) => expect.stringContaining(name)));
  expect(told.join()).toContain('without user, query or fragment');
  expect(told.join()).not.toContain('hunter2');
});

test('a fault never shows a secret', () => {
  const given = {
    env: {
      GITHUB_WEBHOOK_SECRET: 'hunter2',
      DATABASE_URL: 'postgre://u:hunter2@h/db',
      GITHUB_API_URL: 'ftp://u:hunter2@h',
    },
    file: 'gitlab: { token: hunter2, tokens: ["${TOKEN:-hunter2}", 1234567890123456], signingTokens: hunter2 }',
  };
  const told = faults(given).join('\n');
  expect(told.split('\n')).toHaveLength(7);
  expect(told).not.toContain('hunter2');
  expect(told).not.toContain('1234567890123456');
});

test('a description shows no secret, not even inside addresses', () => {
  const config = load({
    env: {
      GITHUB_WEBHOOK_SECRET: LONG,
      GITHUB_PERSONAL_ACCESS_TOKEN: LONG,
      DATABASE_URL: `postgres://funade:${LONG}@db/funade?sslpassword=${LONG}&sslmode=require`,
    },
  });
  const rows = describeServerConfig(config);
  expect(JSON.stringify(rows)).not.toContain(LONG);
  expect(rows.find((row) => row.key === 'databaseUrl')?.value).toBe(
    'postgres://funade:***@db/funade?sslpassword=***&sslmode=require',
  );
});

test('all faults of flags, environment and file are told at once', () => {
  const file = [
    'prot: 8000',
    'role: webook',
    'webhook:',
    '  enable: true',
    'github:',
    '  apiUrl: ${API_URL}',
    '  secrets:',
    '    - ${UNSET}',
    '    - { label: a, value: short }',
    '    - { label: b, valeu: x }',
    'functions: 1',
    'x-notes: mine',
  ].join('\n');
  const env = { FUNADE_LOG_LEVEL: 'verbose', API_URL: '', WEBHOOK_ENABLED: 'maybe' };
  expect(faults({ flags: { port: '80000' }, env, file })).toEqual([
    '--port is "80000", expected a port from 0 to 65535.',
    'FUNADE_LOG_LEVEL is "verbose", expected one of fatal, error, warn, info, debug, trace, silent.',
    'WEBHOOK_ENABLED is "maybe", expected `true` or `false`.',
    'funade.config.yaml:1:1 Unknown key "prot" in the file.',
    'funade.config.yaml:2:7 role is "webook", expected one of all, control, webhook, consumer, producer, releases, functions, guard, web.',
    'funade.config.yaml:4:3 Unknown key "enable" in webhook.',
    'funade.config.yaml:6:11 github.apiUrl needs the environment variable API_URL, which is empty.',
    'funade.config.yaml:8:7 github.secrets[0] needs the environment variable UNSET, which is not set.',
    'funade.config.yaml:9:26 github.secrets[1].value has 5 characters, a secret needs at least 16.',
    'funade.config.yaml:10:19 Unknown key "valeu" in github.secrets[2].',
    'funade.config.yaml:11:12 Expected a section, found 1.',
  ]);
});

test('--mode is another name of --role, and the two may not differ', () => {
  expect(load({ flags: { mode: 'web' } }).role).toBe('web');
  expect(load({ flags: { mode: 'web', role: 'web' } }).role).toBe('web');
  expect(faults({ flags: { mode: 'web', role: 'all' } })).toEqual(['--role and --mode mean the same and differ.']);
});

test('a file that was asked for has to be there', () => {
  expect(faults({ env: { FUNADE_CONFIG: 'other.yaml' } })).toEqual(["Can't read other.yaml: ENOENT."]);
  expect(faults({ env: { FUNADE_CONFIG: '' } })).toEqual(['FUNADE_CONFIG is set but empty.']);
  expect(load({ flags: { config: 'funade.config.yaml' }, file: 'port: 1' })).toMatchObject({
    port: 1,
    file: 'funade.config.yaml',
  });
});

test('a file that can not be read is told, not skipped', () => {
  const loaded = loadServerConfig({
    flags: {},
    env: {},
    readFile: () => {
      throw new Error('EACCES: permission denied');
    },
  });
  expect(!loaded.ok && loaded.error[0]?.message).toBe("Can't read funade.config.yaml: EACCES: permission denied.");
});

test('`$${` stands for the text itself', () => {
  expect(load({ file: 'dataDir: "/data/$${x}/${USER}"', env: { USER: 'ann' } }).dataDir).toBe('/data/${x}/ann');
});

test('the language follows FUNADE_LANG, then the locale, also in faults', () => {
  expect(load({ env: { LANG: 'ja_JP.UTF-8' } })).toMatchObject({
    language: 'ja',
    origins: { language: [{ name: 'LANG' }] },
  });
  expect(load({ env: { LANG: 'ja_JP.UTF-8', FUNADE_LANG: 'en' } }).language).toBe('en');
  expect(load({ env: { LC_ALL: 'C', LANG: 'ja_JP.UTF-8' } }).language).toBe('en');
  expect(faults({ env: { LANG: 'ja_JP.UTF-8', DATABASE_URL: '' } })).toEqual(['DATABASE_URL が空です。']);
});

test('a command needs only its own settings, and finds the server of this machine', () => {
  const given = {
    env: { GITHUB_WEBHOOK_SECRET: 'short', FUNADE_TOKEN: LONG },
    file: 'host: 0.0.0.0\nport: 9001\nunknown: 1\n',
  };
  expect(loadClientConfig(options(given))).toEqual({
    ok: true,
    value: { server: 'http://127.0.0.1:9001', token: LONG, language: 'en' },
  });
  const elsewhere = loadClientConfig(options({ ...given, flags: { server: 'https://funade.example/' } }));
  expect(elsewhere).toMatchObject({ value: { server: 'https://funade.example' } });
});
