import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import {
  type GuardOption,
  type GuardOptionName,
  describeGuardConfig,
  guardConfigTemplate,
  guardOptions,
} from '../index.ts';
import { formatDuration } from '../../kernel/index.ts';
import { formatSize } from '../server/sizes.ts';
import { type Found, MOUNTED, load, told } from './testing.ts';

interface Value {
  /** As it is written in an environment, a mounted file or a file of settings. */
  readonly written: string;
  readonly shown: string;
}

const settings = (guardOptions as readonly (GuardOption & { readonly name: GuardOptionName })[]).filter(
  ({ inFile }) => inFile,
);

/** Ranges that keep settings from contradicting each other, whichever of them are given. */
const durations: Partial<Record<GuardOptionName, readonly [number, number]>> = {
  'server.headersTimeout': [100, 5000],
  'server.requestTimeout': [5000, 300_000],
  'server.deadline': [301, 1000],
  'server.endpointDelay': [0, 4999],
  'server.grace': [5001, 600_000],
};
/** Not less than the deadline, also the default one. */
const counts: Partial<Record<GuardOptionName, number>> = { 'webhook.timeoutSeconds': 5 };
const ports: Partial<Record<GuardOptionName, readonly [number, number]>> = {
  'server.port': [10_000, 20_000],
  'server.healthPort': [20_001, 30_000],
};

function valuesOf(option: GuardOption & { readonly name: GuardOptionName }): fc.Arbitrary<Value> {
  const plain = (texts: fc.Arbitrary<string>) => texts.map((text): Value => ({ written: text, shown: text }));
  const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}[a-z0-9]$/);
  switch (option.kind) {
    case 'choice':
      return plain(fc.constantFrom(...(option.choices ?? [])));
    case 'boolean':
      return fc.constantFrom(
        { written: 'yes', shown: 'true' },
        { written: 'off', shown: 'false' },
        { written: 'true', shown: 'true' },
      );
    case 'count':
      return plain(fc.integer({ min: counts[option.name] ?? option.least ?? 0, max: option.most ?? 1000 }).map(String));
    case 'port': {
      const [min, max] = ports[option.name] ?? [0, 0];
      return plain(fc.integer({ min, max }).map(String));
    }
    case 'duration': {
      const [min, max] = durations[option.name] ?? [1000, 30_000];
      return fc.integer({ min, max }).map((time) => ({ written: `${time}ms`, shown: formatDuration(time) }));
    }
    case 'size':
      return fc
        .integer({ min: option.least ?? 0, max: option.most ?? 0 })
        .map((bytes) => ({ written: String(bytes), shown: formatSize(bytes) }));
    case 'namespaces':
    case 'identities':
      return fc
        .uniqueArray(word, { minLength: 1, maxLength: 4 })
        .map((names) => ({ written: names.join(','), shown: names.join(', ') }));
    case 'serverUrl':
      return plain(word.map((name) => `https://${name}.example:8443/base`));
    case 'secret':
      return word.map((text) => ({ written: `${text}-of-enough-length`, shown: '***' }));
    default:
      return plain(word);
  }
}

const given = fc.array(
  fc.constantFrom(...settings).chain((option) =>
    fc.record({
      option: fc.constant(option),
      value: valuesOf(option),
      source: fc.constantFrom('environment' as const, 'directory' as const, 'file' as const),
    }),
  ),
  { maxLength: 30 },
);

test('any mix of valid values from any sources loads, and is shown with its origin', () => {
  fc.assert(
    fc.property(given, (all) => {
      const chosen = new Map(all.map((one) => [one.option.name, one]));
      const from = (source: string) => [...chosen.values()].filter((one) => one.source === source);
      const file: Record<string, unknown> = {};
      for (const { option, value } of from('file')) put(file, option.name.split('.'), value.written);
      const found: Found = {
        env: {
          GUARD_FUNADE_URL: 'https://funade.example',
          ...Object.fromEntries(from('environment').map(({ option, value }) => [option.env, value.written])),
        },
        files: { 'guard.yaml': stringify(file) },
        directories: {
          [MOUNTED]: Object.fromEntries(from('directory').map(({ option, value }) => [option.name, value.written])),
        },
      };
      const rows = new Map(describeGuardConfig(load(found), 'en').map((row) => [row.key, row]));
      expect([...rows.keys()]).toEqual(settings.map(({ name }) => name));
      for (const { option, value, source } of chosen.values()) {
        // The one that every run has in the environment wins.
        if (option.name === 'funade.url' && source !== 'environment') continue;
        const row = rows.get(option.name);
        expect(row?.value).toBe(value.shown);
        const origins = {
          environment: `environment ${option.env}`,
          directory: `${MOUNTED}/${option.name}`,
          file: 'guard.yaml:',
        };
        expect(row?.origin.startsWith(origins[source])).toBe(true);
      }
    }),
    { numRuns: 60 },
  );
});

function put(section: Record<string, unknown>, [key = '', ...rest]: readonly string[], value: string): void {
  if (rest.length === 0) section[key] = value;
  else put((section[key] ??= {}) as Record<string, unknown>, rest, value);
}

test('a description names defaults, profile, variables, lines and mounted files, in both languages', () => {
  const config = load({
    env: { GUARD_KEDA: 'deny', GUARD_FUNADE_TOKEN: 'fun_0123456789abcdef' },
    files: { 'guard.yaml': 'mode: seed\nfunade: { url: "https://funade.example/" }' },
    directories: { [MOUNTED]: { language: 'ja' } },
  });
  const rows = describeGuardConfig(config);
  expect(rows).toEqual(
    expect.arrayContaining([
      { key: 'profile', value: 'production', origin: '既定値' },
      { key: 'logLevel', value: 'info', origin: 'プロファイル production' },
      { key: 'language', value: 'ja', origin: `${MOUNTED}/language` },
      { key: 'mode', value: 'seed', origin: 'guard.yaml:1' },
      { key: 'keda', value: 'deny', origin: '環境変数 GUARD_KEDA' },
      { key: 'funade.url', value: 'https://funade.example', origin: 'guard.yaml:2' },
      { key: 'funade.token', value: '***', origin: '環境変数 GUARD_FUNADE_TOKEN' },
      { key: 'skipNamespaces', value: '-', origin: '既定値' },
      { key: 'server.bodyLimit', value: '3MiB', origin: '既定値' },
      { key: 'cluster.silence', value: '1m 30s', origin: '既定値' },
    ]),
  );
  expect(describeGuardConfig(config, 'en')[2]).toEqual({
    key: 'logLevel',
    value: 'info',
    origin: 'profile production',
  });
});

test.each(['en', 'ja'] as const)(
  'the %s example sets nothing, and does not change production when all of it is set',
  (language) => {
    const template = guardConfigTemplate(language);
    const env = { FUNADE_TOKEN: 'fun_0123456789abcdef' };
    const withoutOrigins = (text: string) => ({ ...load({ env, files: { 'guard.yaml': text } }), origins: {} });
    expect(withoutOrigins(template)).toEqual({ ...load({}), origins: {} });
    const all = template.replaceAll(/^( *)#(?! )/gm, '$1');
    expect(all.match(/^ *\w+: \S/gm)).toHaveLength(settings.length);
    const { cluster, funade, namespace, ...rest } = withoutOrigins(all);
    const { cluster: plain, funade: _, namespace: __, ...wanted } = load({});
    expect({ ...rest, cluster: { ...cluster, url: null, kubeconfig: null } }).toEqual({
      ...wanted,
      origins: {},
      cluster: plain,
    });
    expect([namespace, funade.token, cluster.kubeconfig]).toEqual(['funade-guard', env.FUNADE_TOKEN, './kubeconfig']);
    expect(told({ files: { 'guard.yaml': all } })).toHaveLength(1);
  },
);
