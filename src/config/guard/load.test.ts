import { expect, test } from 'vitest';
import { type GuardOption, describeGuardConfig, guardOptions } from '../index.ts';
import { GUARD_PROFILES, POLICY_NAMES } from './model.ts';
import { podApiOf } from './pod-api.ts';
import { type Found, MOUNTED, faultsOf, load, loadFound, told } from './testing.ts';

const TOKEN = 'fun_a-token-of-enough-length';

test('without any setting the guard is careful', () => {
  expect(load({})).toMatchObject({
    profile: 'production',
    language: 'en',
    logLevel: 'info',
    namespace: null,
    skipNamespaces: [],
    bypassGroups: [],
    rules: {
      mode: 'effective',
      existingViolations: 'allow',
      keda: 'warn',
      onUncertain: 'deny',
      retryAfterSeconds: 5,
      exemptScalers: expect.arrayContaining(['system:serviceaccount:kube-system:horizontal-pod-autoscaler']),
    },
    server: {
      host: '0.0.0.0',
      port: 8443,
      healthPort: 8080,
      certificates: '/etc/funade-guard/tls',
      bodyLimit: 3 * 1024 * 1024,
      headersTimeoutMs: 5000,
      requestTimeoutMs: 10_000,
      deadlineMs: 5000,
      endpointDelayMs: 5000,
      graceMs: 25_000,
    },
    cluster: { url: null, kubeconfig: null, silenceMs: 90_000, inFlightMs: 2000, pageSize: 500 },
    audit: { enabled: true },
    funade: { url: null, token: null },
    webhook: { replicas: 3, failurePolicy: 'Fail', timeoutSeconds: 5 },
  });
  const { policies } = load({}).rules;
  expect(POLICY_NAMES.filter((name) => policies[name] !== 'off')).toEqual([
    'singleReplicaUnderHpa',
    'hpaAllowsSingleReplica',
  ]);
});

test.each([
  [
    'development',
    {
      logLevel: 'debug',
      onUncertain: 'allow',
      replicas: 1,
      failurePolicy: 'Ignore',
      maxConnections: 256,
      grace: '10s',
    },
  ],
  [
    'staging',
    { logLevel: 'info', onUncertain: 'deny', replicas: 2, failurePolicy: 'Ignore', maxConnections: 512, grace: '25s' },
  ],
  [
    'production',
    { logLevel: 'info', onUncertain: 'deny', replicas: 3, failurePolicy: 'Fail', maxConnections: 1024, grace: '25s' },
  ],
])('profile %s brings its defaults, and they are told as such', (profile, wanted) => {
  const rows = describeGuardConfig(load({ env: { GUARD_PROFILE: profile } }), 'en');
  const keys = {
    logLevel: 'logLevel',
    onUncertain: 'onUncertain',
    replicas: 'webhook.replicas',
    failurePolicy: 'webhook.failurePolicy',
    maxConnections: 'server.maxConnections',
    grace: 'server.grace',
  } as const;
  for (const [name, key] of Object.entries(keys)) {
    const value = String(wanted[name as keyof typeof keys]);
    expect(rows).toContainEqual({ key, value, origin: `profile ${profile}` });
  }
});

const everywhere: Required<Omit<Found, 'directories'>> & {
  readonly directories: Record<string, Record<string, string>>;
} = {
  flags: { profile: 'staging', port: '1001', logLevel: 'error' },
  env: { GUARD_SERVER_PORT: '1002', GUARD_LOG_LEVEL: 'warn' },
  files: { 'guard.yaml': '# mine\nserver:\n  port: 1005\nlogLevel: trace\n' },
  directories: { [MOUNTED]: { 'server.port': '1003\n', 'guard.yaml': 'server: { port: 1004 }' } },
};

test.each<[string, Found, string, string]>([
  ['a flag wins over all', everywhere, '1001', 'flag --port'],
  ['the environment wins over files', { ...everywhere, flags: {} }, '1002', 'environment GUARD_SERVER_PORT'],
  [
    'a mounted value wins over files of settings',
    { ...everywhere, flags: {}, env: {} },
    '1003',
    `${MOUNTED}/server.port`,
  ],
  [
    'a mounted file of settings wins over the one of the working directory',
    { ...everywhere, flags: {}, env: {}, directories: { [MOUNTED]: { 'guard.yaml': 'server: { port: 1004 }' } } },
    '1004',
    `${MOUNTED}/guard.yaml:1`,
  ],
  ['the file wins over the default', { files: everywhere.files }, '1005', 'guard.yaml:3'],
  ['the default comes last', {}, '8443', 'default'],
])('%s, and the origin is kept', (_, found, value, origin) => {
  const config = load(found);
  expect(String(config.server.port)).toBe(value);
  expect(describeGuardConfig(config, 'en')).toContainEqual({ key: 'server.port', value, origin });
});

test.each<[string, Found]>([
  ['a flag', { flags: { profile: 'development' } }],
  ['a variable', { env: { GUARD_PROFILE: 'development' } }],
  ['a mounted value', { directories: { [MOUNTED]: { profile: 'development\n' } } }],
  ['a mounted value named as its variable', { directories: { [MOUNTED]: { GUARD_PROFILE: 'development' } } }],
  ['the file', { files: { 'guard.yaml': 'profile: development' } }],
])('the profile can come from %s, and what is set itself wins over it', (_, found) => {
  const config = load({ ...found, env: { ...found.env, GUARD_WEBHOOK_REPLICAS: '7' } });
  expect(config).toMatchObject({ profile: 'development', logLevel: 'debug', webhook: { replicas: 7 } });
});

test('files and directories can be elsewhere, and one that was asked for has to be there', () => {
  const files = { 'other.yaml': 'mode: seed', 'guard.yaml': 'mode: strict' };
  expect(load({ files, env: { GUARD_CONFIG_FILE: 'other.yaml' } }).rules.mode).toBe('seed');
  expect(load({ files, env: { GUARD_CONFIG_FILE: 'gone.yaml' }, flags: { config: 'other.yaml' } }).rules.mode).toBe(
    'seed',
  );
  expect(load({ directories: { '/mine': { mode: 'seed' } }, env: { GUARD_CONFIG_DIR: '/mine/' } }).rules.mode).toBe(
    'seed',
  );
  expect(told({ env: { GUARD_CONFIG_FILE: 'gone.yaml', GUARD_CONFIG_DIR: '/gone' } })).toEqual([
    "Can't read gone.yaml: ENOENT.",
    "Can't read /gone: ENOENT.",
  ]);
  expect(told({ env: { GUARD_CONFIG_FILE: '', GUARD_CONFIG_DIR: '' } })).toEqual([
    'GUARD_CONFIG_FILE is set but empty.',
    'GUARD_CONFIG_DIR is set but empty.',
  ]);
});

test('five faults of five sources are told at once, each with its source', () => {
  const found: Found = {
    flags: { port: '80000' },
    env: { GUARD_KEDA: 'warm' },
    files: { 'guard.yaml': 'server:\n  deadline: 300ms\n' },
    directories: { [MOUNTED]: { 'audit.interval': 'often\n', 'guard.yaml': 'x-note: 1\nmode: efective\n' } },
  };
  expect(told(found)).toEqual([
    'GUARD_KEDA is "warm", expected one of ignore, warn, deny.',
    '--port is "80000", expected a port from 0 to 65535.',
    `${MOUNTED}/audit.interval is "often", expected a duration.`,
    `${MOUNTED}/guard.yaml:2:7 mode is "efective", expected one of seed, strict, effective.`,
    'guard.yaml:2:13 server.deadline is "300ms", expected at least 301ms.',
  ]);
  expect(faultsOf(found)[3]?.fix).toBe('Did you mean "effective"?');
});

test('unknown keys, variables and files are faults that name the nearest known one', () => {
  const faults = faultsOf({
    env: { GUARD_MOED: 'seed', GUARD_ENTIRELY_DIFFERENT_THING: '1' },
    files: { 'guard.yaml': 'polices: {}\nserver: { prot: 1 }\nx-mine: 1' },
    directories: { [MOUNTED]: { 'server.prot': '1', GUARD_KEDAA: 'warn', entirely_different: '1', 'x-mine': '1' } },
  });
  expect(faults.map(({ message, fix }) => `${message} ${fix}`)).toEqual([
    expect.stringMatching(/^Unknown variable GUARD_ENTIRELY_DIFFERENT_THING\. Unset it/),
    'Unknown variable GUARD_MOED. Did you mean GUARD_MODE?',
    `No setting has the name of the file ${MOUNTED}/GUARD_KEDAA. Did you mean "GUARD_KEDA"?`,
    expect.stringMatching(/entirely_different\. Name it as the setting/),
    `No setting has the name of the file ${MOUNTED}/server.prot. Did you mean "server.port"?`,
    'Unknown key "polices" in the file. Did you mean "policies"?',
    'Unknown key "prot" in server. Did you mean "port"?',
  ]);
});

test('variables that Kubernetes makes for a Service are no settings', () => {
  const links = {
    GUARD_SERVICE_HOST: '10.96.0.7',
    GUARD_SERVICE_PORT: '443',
    GUARD_SERVICE_PORT_HTTPS: '443',
    GUARD_PORT: 'tcp://10.96.0.7:443',
    GUARD_PORT_8443_TCP: 'tcp://10.96.0.7:8443',
    GUARD_PORT_8443_TCP_PROTO: 'tcp',
    GUARD_PORT_8443_TCP_PORT: '8443',
    GUARD_PORT_8443_TCP_ADDR: '10.96.0.7',
    GUARD_WEBHOOK_SERVICE_HOST: '10.96.0.8',
    GUARD_WEBHOOK_PORT_53_UDP: 'udp://10.96.0.8:53',
    // Of a Service `guard-server`: named as a setting is.
    GUARD_SERVER_PORT: 'tcp://10.96.0.9:443',
  };
  expect(load({ env: links }).server.port).toBe(8443);
  expect(told({ env: { ...links, GUARD_PORT: '8443', GUARD_SERVICE: 'x' } })).toEqual([
    'Unknown variable GUARD_PORT.',
    'Unknown variable GUARD_SERVICE.',
  ]);
  const own = (guardOptions as readonly GuardOption[]).map(({ env }) => [env ?? '', 'some-value']);
  expect(loadFound({ env: Object.fromEntries(own) }).ok).toBe(false);
});

test('faults between settings are told all at once, each where its setting stands', () => {
  const files = {
    'guard.yaml': [
      'server:',
      '  endpointDelay: 30s',
      '  headersTimeout: 20s',
      '  healthPort: 8443',
      'policies:',
      '  imageNotReleased: warn',
      `funade: { token: ${TOKEN} }`,
    ].join('\n'),
  };
  expect(told({ files, env: { GUARD_WEBHOOK_TIMEOUT_SECONDS: '3' } })).toEqual([
    'server.deadline is 5s, more than GUARD_WEBHOOK_TIMEOUT_SECONDS (3s).',
    'guard.yaml:2:18 server.endpointDelay is 30s, which is not less than server.grace (25s).',
    'guard.yaml:3:19 server.headersTimeout is 20s, more than server.requestTimeout (10s).',
    'guard.yaml:4:15 server.healthPort and server.port are both 8443.',
    'guard.yaml:6:21 policies.imageNotReleased needs funade.url (GUARD_FUNADE_URL), which is not set.',
    'guard.yaml:7:18 funade.token needs funade.url (GUARD_FUNADE_URL), which is not set.',
  ]);
  expect(told({ env: { GUARD_SERVER_PORT: '0', GUARD_SERVER_HEALTH_PORT: '0' } })).toEqual([]);
  expect(told({ env: { GUARD_SERVER_ENDPOINT_DELAY: '25s' } })).toHaveLength(1);
  expect(told({ env: { GUARD_SERVER_DEADLINE: '30s', GUARD_WEBHOOK_TIMEOUT_SECONDS: '30' } })).toEqual([]);
});

test.each([
  ['GUARD_WEBHOOK_TIMEOUT_SECONDS', '31', 'from 1 to 30'],
  ['GUARD_WEBHOOK_TIMEOUT_SECONDS', '0', 'from 1 to 30'],
  ['GUARD_WEBHOOK_REPLICAS', '1.5', 'a whole number'],
  ['GUARD_SERVER_BODY_LIMIT', '1KiB', 'from 64KiB to 64MiB'],
  ['GUARD_SERVER_BODY_LIMIT', '3 MB', 'a size in bytes'],
  ['GUARD_CLUSTER_PAGE_SIZE', '0', 'from 1 to 10000'],
  ['GUARD_CLUSTER_IN_FLIGHT', '1m', 'at most 30s'],
  ['GUARD_SERVER_GRACE', '25', 'a duration'],
  ['GUARD_NAMESPACE', 'My_Namespace', 'the name of a namespace'],
  ['GUARD_SKIP_NAMESPACES', 'monitoring,X_Y', 'names of namespaces'],
  ['GUARD_FUNADE_URL', 'funade:8000', 'an http or https address'],
])('%s=%s is refused: expected %s', (name, value, expected) => {
  expect(told({ env: { [name]: value } })).toEqual([expect.stringMatching(`^${name} is .*expected ${expected}`)]);
});

test('an empty entry of a list is told as such, once', () => {
  const empty = (setting: string) => `One entry of the list ${setting} is empty.`;
  expect(told({ env: { GUARD_SKIP_NAMESPACES: 'a,,b', GUARD_BYPASS_GROUPS: ', x,' } }).toSorted()).toEqual([
    empty('GUARD_BYPASS_GROUPS'),
    empty('GUARD_SKIP_NAMESPACES'),
  ]);
  expect(told({ files: { 'guard.yaml': 'skipNamespaces:\n  -\n  - a\nbypassGroups: [""]\n' } })).toEqual([
    expect.stringMatching(/^guard\.yaml:2:\d+ One entry of the list skipNamespaces is empty\.$/),
    `guard.yaml:4:15 ${empty('bypassGroups')}`,
  ]);
});

test('a key without a value is a fault in each file of settings, and no default', () => {
  const text = 'mode:\nserver: { port: , grace: ~ }\npolicies:\n  # duplicateHpa: warn\nfunade:\n  url:\nx-note:\n';
  const wanted = (file: string): readonly unknown[] => [
    expect.stringMatching(`^${file}:1:\\d+ mode is set but empty\\.$`),
    expect.stringMatching(`^${file}:2:\\d+ server\\.port is set but empty\\.$`),
    expect.stringMatching(`^${file}:2:\\d+ server\\.grace is set but empty\\.$`),
    expect.stringMatching(`^${file}:6:\\d+ funade\\.url is set but empty\\.$`),
  ];
  expect(told({ files: { 'guard.yaml': text } })).toEqual(wanted('guard.yaml'));
  expect(told({ directories: { [MOUNTED]: { 'guard.yaml': text } } })).toEqual(wanted(`${MOUNTED}/guard.yaml`));
});

test('a token that is none is one to be made by the control plane', () => {
  const faults = faultsOf({ env: { GUARD_FUNADE_URL: 'https://funade.example', GUARD_FUNADE_TOKEN: 'short' } });
  expect(faults).toMatchObject([
    { message: expect.stringMatching(/^GUARD_FUNADE_TOKEN has 5 characters/), fix: expect.stringContaining('viewer') },
  ]);
  expect(faults[0]?.fix).toContain('funade token create --name guard --role viewer');
});

test('a policy and a mode that were written too short or too long are recognised', () => {
  const text = 'policies:\n  singleReplica: deny\n  duplicateHpa: warning\n';
  expect(faultsOf({ files: { 'guard.yaml': text } }).map(({ fix }) => fix)).toEqual([
    'Did you mean "singleReplicaUnderHpa"?',
    'Did you mean "warn"?',
  ]);
});

test.each([
  ['3Mi', 3 * 1024 ** 2],
  ['3 MiB', 3 * 1024 ** 2],
  ['512KiB', 512 * 1024],
  ['1048576', 1024 ** 2],
])('a body limit of %s is %i bytes', (written, bytes) => {
  expect(load({ env: { GUARD_SERVER_BODY_LIMIT: written } }).server.bodyLimit).toBe(bytes);
});

test('${NAME} in files is expanded, and one that is not there is told at its place', () => {
  const text = 'namespace: ${WHERE}\nfunade: { url: "https://${HOST}", token: "${TOKEN}" }';
  const env = { WHERE: 'guards', HOST: 'funade.example', TOKEN };
  const wanted = { namespace: 'guards', funade: { url: 'https://funade.example', token: TOKEN } };
  expect(load({ files: { 'guard.yaml': text }, env })).toMatchObject(wanted);
  const directories = { [MOUNTED]: { 'guard.yaml': text } };
  expect(load({ directories, env })).toMatchObject(wanted);
  expect(told({ directories, env: { HOST: '', TOKEN } })).toEqual([
    `${MOUNTED}/guard.yaml:1:12 namespace needs the environment variable WHERE, which is not set.`,
    `${MOUNTED}/guard.yaml:2:16 funade.url needs the environment variable HOST, which is empty.`,
  ]);
});

test('a fault never shows a secret', () => {
  const faults = [
    ...faultsOf({ env: { GUARD_FUNADE_TOKEN: 'hunter2' } }),
    ...faultsOf({ directories: { [MOUNTED]: { 'funade.token': 'hunter2\n', 'funade.url': 'https://u:hunter2@h' } } }),
    ...faultsOf({ files: { 'guard.yaml': 'funade: { token: "${TOKEN:-hunter2}", url: "https://h?key=hunter2" }' } }),
    ...faultsOf({ directories: { [MOUNTED]: { 'funade.token': '${TOKEN:-hunter2}' } } }),
  ];
  expect(faults).toHaveLength(6);
  expect(JSON.stringify(faults)).not.toContain('hunter2');
});

test('the own namespace is that of the service account unless it is set', () => {
  const file = '/var/run/secrets/kubernetes.io/serviceaccount/namespace';
  const config = load({ files: { [file]: 'guards\n' } });
  expect(config.namespace).toBe('guards');
  expect(describeGuardConfig(config)).toContainEqual({ key: 'namespace', value: 'guards', origin: `${file}:1` });
  expect(load({ files: { [file]: 'guards' }, env: { GUARD_NAMESPACE: 'mine' } }).namespace).toBe('mine');
  expect(told({ files: { [file]: '' } })).toEqual([`${file} is set but empty.`]);
});

test('faults are in the language that any source asks for', () => {
  const env = { GUARD_KEDA: '' };
  expect(told({ env: { ...env, LANG: 'ja_JP.UTF-8' } })).toEqual(['GUARD_KEDA が空です。']);
  expect(told({ env: { ...env, GUARD_LANGUAGE: 'ja' } })).toEqual(['GUARD_KEDA が空です。']);
  expect(told({ env, directories: { [MOUNTED]: { language: 'ja\n' } } })).toEqual(['GUARD_KEDA が空です。']);
  expect(told({ env, files: { 'guard.yaml': 'language: ja' } })).toEqual(['GUARD_KEDA が空です。']);
  expect(load({ env: { LANG: 'ja_JP.UTF-8' } }).language).toBe('en');
});

test('every variable is named as its key, and every profile has a default where one has', () => {
  for (const option of guardOptions as readonly GuardOption[]) {
    const words = option.name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).replaceAll('.', '_');
    if (option.inFile) expect(option.env).toBe(`GUARD_${words.toUpperCase()}`);
    if (option.profiles !== undefined) expect(Object.keys(option.profiles)).toEqual([...GUARD_PROFILES]);
    expect([option.doc.en.length > 0, /[぀-ヿ一-鿿]/.test(option.doc.ja)]).toEqual([true, true]);
  }
});

test('a pod finds the API server by the variables that Kubernetes sets, also by IPv6', () => {
  expect(podApiOf({ KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '6443' })).toEqual({
    host: '10.0.0.1',
    port: 6443,
  });
  expect(podApiOf({ KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT_HTTPS: '443' })?.host).toBe('fd00::1');
  expect(podApiOf({})).toBeNull();
});
