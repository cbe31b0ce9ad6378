import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type LoadOptions, loadServerConfig } from '../index.ts';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const PEM = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

interface Given {
  readonly env?: Readonly<Record<string, string>>;
  readonly file?: string;
  readonly files?: Readonly<Record<string, string>>;
}

function loaded({ env = {}, file, files = {} }: Given) {
  const options: LoadOptions = {
    flags: {},
    env,
    readFile: (path) => (path === 'funade.config.yaml' ? file : files[path]),
  };
  return loadServerConfig(options);
}

function config(given: Given) {
  const result = loaded(given);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

function faults(given: Given): readonly string[] {
  const result = loaded(given);
  return result.ok
    ? []
    : result.error.map(({ line, message }) => (line === undefined ? message : `${line}: ${message}`));
}

describe('without any setting', () => {
  test('the defaults stand', () => {
    const { polling, agent, rabbitmq, webhook, github, gitlab } = config({});
    expect(polling).toEqual({ enabled: true, intervalMs: 300_000 });
    expect(agent).toEqual({
      runner: 'none',
      slots: 2,
      repositories: [],
      command: null,
      model: {
        provider: 'openai-compatible',
        url: null,
        name: null,
        key: null,
        window: 128_000,
        price: { input: null, output: null },
      },
      network: 'model',
      untrusted: 'refuse',
      budget: { steps: 200, tokens: 4_000_000, money: null, time: 3_600_000 },
      limits: { memory: 4096, processes: 512, output: 50 },
      branchPrefix: 'funade/',
      planApproval: 'never',
      pausedFor: 1_209_600_000,
      mcp: [],
      labels: {
        trigger: 'coding agent',
        processing: 'coding agent processing',
        done: 'coding agent done',
        failed: 'coding agent failed',
        paused: 'coding agent paused',
        stopped: 'coding agent stopped',
      },
    });
    expect(rabbitmq).toEqual({
      enabled: false,
      host: '127.0.0.1',
      port: 5672,
      user: 'guest',
      password: 'guest',
      queue: 'funade',
    });
    expect(webhook).toMatchObject({ url: null, trustedProxies: [], githubAddressesOnly: false });
    expect([github.app, github.repositories, gitlab.repositories]).toEqual([null, [], []]);
  });
});

describe('lists', () => {
  test('are lists in the file and separated by commas in the environment', () => {
    const file = 'webhook:\n  trustedProxies: [10.0.0.0/8, "fd00::/8"]\ngithub:\n  repositories: [octo/greeter]\n';
    expect(config({ file }).webhook.trustedProxies).toEqual(['10.0.0.0/8', 'fd00::/8']);
    expect(config({ file }).github.repositories).toEqual(['octo/greeter']);
    const env = { FUNADE_TRUSTED_PROXIES: '10.0.0.1, 10.0.0.1', FUNADE_GITLAB_REPOSITORIES: 'group/sub/project' };
    expect(config({ env }).webhook.trustedProxies).toEqual(['10.0.0.1']);
    expect(config({ env }).gitlab.repositories).toEqual(['group/sub/project']);
  });

  test.each([
    [
      'an address that is none',
      '10.0.0.0/33',
      'FUNADE_TRUSTED_PROXIES is "10.0.0.0/33", expected addresses or networks.',
    ],
    ['a host name', 'proxy.example', 'FUNADE_TRUSTED_PROXIES is "proxy.example", expected addresses or networks.'],
    ['an empty part', '10.0.0.1,', 'One entry of the list FUNADE_TRUSTED_PROXIES is empty.'],
  ])('%s is named', (_, value, message) => {
    expect(faults({ env: { FUNADE_TRUSTED_PROXIES: value } })).toEqual([message]);
  });

  test('every wrong entry is told at once', () => {
    expect(faults({ env: { FUNADE_GITHUB_REPOSITORIES: 'greeter,octo/greeter,https://github.com/o/r' } })).toEqual([
      'FUNADE_GITHUB_REPOSITORIES is "greeter", expected names of repositories.',
      'FUNADE_GITHUB_REPOSITORIES is "https://github.com/o/r", expected names of repositories.',
    ]);
  });
});

describe('the GitHub App', () => {
  test('is read from a PEM, a PEM on one line, or a file', () => {
    const id = { FUNADE_GITHUB_APP_ID: '4711' };
    const app = { id: '4711', privateKey: PEM, installationId: null };
    expect(config({ env: { ...id, FUNADE_GITHUB_APP_PRIVATE_KEY: PEM } }).github.app).toEqual(app);
    const oneLine = PEM.replaceAll('\n', String.raw`\n`);
    expect(config({ env: { ...id, FUNADE_GITHUB_APP_PRIVATE_KEY: oneLine } }).github.app).toEqual(app);
    const files = { 'app.pem': PEM };
    expect(config({ env: { ...id, FUNADE_GITHUB_APP_PRIVATE_KEY: 'app.pem' }, files }).github.app).toEqual(app);
  });

  test.each([
    ['an id without a key', { FUNADE_GITHUB_APP_ID: '1' }, /github\.app\.privateKey .* is nothing/],
    ['a key without an id', { FUNADE_GITHUB_APP_PRIVATE_KEY: PEM }, /github\.app\.id .* is nothing/],
    ['an installation alone', { FUNADE_GITHUB_APP_INSTALLATION_ID: '7' }, /github\.app\.(?:id|privateKey)/],
    ['a file that is not there', { FUNADE_GITHUB_APP_ID: '1', FUNADE_GITHUB_APP_PRIVATE_KEY: 'gone.pem' }, /ENOENT/],
    [
      'a public key',
      {
        FUNADE_GITHUB_APP_ID: '1',
        FUNADE_GITHUB_APP_PRIVATE_KEY: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      },
      /is \*\*\*, expected PEM \(RSA PRIVATE KEY/,
    ],
  ])('%s is a fault', (_, env, message) => {
    expect(faults({ env: env as Readonly<Record<string, string>> }).join('\n')).toMatch(message);
  });
});

test('two states with one label are a fault, whatever the case of their letters', () => {
  const file = 'agent:\n  labels:\n    trigger: AI\n    done: ai\n';
  expect(faults({ file })).toEqual(['4: agent.labels.done and agent.labels.trigger are both "ai".']);
});

test.each([
  [
    'a duration without unit',
    { FUNADE_POLLING_INTERVAL: '300' },
    /FUNADE_POLLING_INTERVAL is "300", expected a duration/,
  ],
  ['a duration below a second', { FUNADE_POLLING_INTERVAL: '10ms' }, /at least 1s/],
  ['no slot at all', { FUNADE_AGENT_SLOTS: '0' }, /FUNADE_AGENT_SLOTS is 0, expected at least 1/],
  ['a runner that is not there', { FUNADE_AGENT_RUNNER: 'nop' }, /expected one of none, noop/],
  ['an empty password', { RABBITMQ_PASSWORD: '' }, /RABBITMQ_PASSWORD is set but empty/],
])('%s is a fault', (_, env, message) => {
  expect(faults({ env: env as Readonly<Record<string, string>> }).join('\n')).toMatch(message);
});
