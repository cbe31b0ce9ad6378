import { expect, test } from 'vitest';
import type { AppConfig, StageConfig } from '../index.ts';
import { parseAppConfig } from '../index.ts';

function parse(yaml: string): AppConfig {
  const parsed = parseAppConfig(yaml, 'funade.yaml');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error, null, 2));
  return parsed.value;
}

function stages(...written: readonly string[]): readonly StageConfig[] {
  const list = written.map((stage) => `  - ${stage}`).join('\n');
  return parse(`version: 1\napp: shop\npipeline:\n${list}\nenvironments: { prod: { target: noop } }\n`).pipeline;
}

function environment(text: string) {
  const config = parse(
    `version: 1\napp: shop\npipeline: [{ test: a }]\nenvironments:\n  prod:\n    target: noop\n    ${text}\n`,
  );
  const { prod } = config.environments;
  if (prod === undefined) throw new Error('no environment');
  return prod;
}

test('what is left out has the documented default', () => {
  const config = parse(
    'version: 1\napp: shop\npipeline: [{ deploy: prod }]\nfunctions: { api: { runtime: nodejs, handler: a.b } }\nenvironments: { prod: }\n',
  );
  expect(config.on).toEqual({ branches: ['main', 'master'], tags: [] });
  expect(config.functions['api']).toEqual({
    runtime: 'nodejs',
    handler: 'a.b',
    route: '/api',
    auth: 'none',
    timeout: 3000,
    memory: 128,
    concurrency: 1,
    instances: { min: null, max: null },
    reserved: null,
    network: 'none',
    egress: [],
    trusted: true,
    cache: 0,
    smoke: [],
    environment: {},
  });
  expect(config.environments['prod']).toEqual({
    target: 'functions',
    strategy: { kind: 'rolling', bake: 0 },
    analysis: { metrics: [], maxWait: 300_000 },
    concurrency: 'supersede',
    progressDeadline: 600_000,
    environment: {},
    onFailure: null,
  });
  expect(config.agent).toEqual({
    runner: null,
    budget: { steps: null, tokens: null, money: null, time: null },
    branchPrefix: null,
    planApproval: null,
    allowedPaths: [],
    checks: [],
  });
  expect(config.pipeline).toEqual([
    { kind: 'deploy', name: 'deploy', to: 'prod', timeout: 172_800_000, when: 'success()' },
  ]);
});

test('a run stage can be a command, a list or a section', () => {
  const all = stages('test: npm test', 'run: [a, b]', 'validate: { run: [c], when: always(), timeout: 90s }');
  expect(all.map((stage) => stage.kind === 'run' && stage.run)).toEqual([['npm test'], ['a', 'b'], ['c']]);
  expect(all[2]).toMatchObject({ label: 'validate', when: 'always()', timeout: 90_000, artifact: null });
});

test('the last build hands over the whole checkout unless a build names an artifact', () => {
  const artifacts = (all: readonly StageConfig[]) => all.map((stage) => stage.kind === 'run' && stage.artifact);
  expect(artifacts(stages('build: a', 'build: b', 'test: c'))).toEqual([null, '.', null]);
  expect(artifacts(stages('build: { run: a, artifact: out }', 'build: b'))).toEqual(['out', null]);
});

test('stages without a name are called after their kind, each differently', () => {
  const all = stages('test: a', 'test: { run: b, name: test-2 }', 'test: c', 'deploy: prod', 'deploy: { to: prod }');
  expect(all.map((stage) => stage.name)).toEqual(['test', 'test-2', 'test-3', 'deploy', 'deploy-2']);
});

test('verify looks at the environment that was deployed to last', () => {
  const [, verify] = stages('deploy: prod', 'verify: { http: /health, expect: { body: ok } }');
  expect(verify).toMatchObject({
    in: 'prod',
    http: '/health',
    expect: { status: 200, body: 'ok' },
    run: [],
    attempts: 5,
    timeout: 60_000,
  });
});

test('an approval asks for one approver within a week, and never for the one who started', () => {
  const [plain, full] = stages('approve:', 'approve: { by: ann, quorum: 1, within: 2h, selfApproval: true }');
  const week = 604_800_000;
  expect(plain).toMatchObject({ by: ['approver'], quorum: 1, within: week, timeout: week, selfApproval: false });
  expect(full).toMatchObject({ by: ['ann'], within: 7_200_000, timeout: 7_200_000, selfApproval: true });
});

test('every way to write a canary step is understood', () => {
  const { strategy } = environment(
    'strategy: { canary: { steps: [5%, { pause: 10s }, 25, { pause: {} }, pause, { pause: { duration: 1m } }, { pause: }, { weight: 100 }] } }',
  );
  expect(strategy).toEqual({
    kind: 'canary',
    steps: [
      { kind: 'weight', weight: 5 },
      { kind: 'pause', duration: 10_000 },
      { kind: 'weight', weight: 25 },
      { kind: 'pause', duration: null },
      { kind: 'pause', duration: null },
      { kind: 'pause', duration: 60_000 },
      { kind: 'pause', duration: null },
      { kind: 'weight', weight: 100 },
    ],
    bake: 60_000,
    keepWarm: 600_000,
    sticky: null,
  });
});

test.each([
  ['rolling', { kind: 'rolling', bake: 0 }],
  ['{ rolling: { bake: 30s } }', { kind: 'rolling', bake: 30_000 }],
  ['blueGreen', { kind: 'blueGreen', preview: 0, bake: 60_000, keepWarm: 600_000, autoPromote: true }],
  ['{ blueGreen: }', { kind: 'blueGreen', preview: 0, bake: 60_000, keepWarm: 600_000, autoPromote: true }],
  ['{ blueGreen: { preview: 1m, autoPromote: false } }', { kind: 'blueGreen', preview: 60_000, autoPromote: false }],
  ['{ canary: { sticky: { cookie: sid } } }', { kind: 'canary', sticky: { cookie: 'sid' } }],
])('strategy: %s', (text, expected) => {
  expect(environment(`strategy: ${text}`).strategy).toMatchObject(expected);
});

test('thresholds are fractions for shares and milliseconds for latencies', () => {
  const { analysis } = environment(`analysis:
      - { metric: error-rate, max: 5%, warn: 0.03 }
      - { metric: error-rate, compare: stable, alpha: 1% }
      - { metric: error-rate, compare: stable, max: 10% }
      - { metric: latency-p95, max: 1.5s, interval: 1s, minSamples: 20 }
      - { metric: requests-per-second, min: 0.5 }`);
  expect(analysis.metrics.map(({ name, max, min, warn, alpha }) => ({ name, max, min, warn, alpha }))).toEqual([
    { name: 'error-rate', max: 0.05, min: null, warn: 0.03, alpha: 0.02 },
    { name: 'error-rate-vs-stable', max: null, min: null, warn: null, alpha: 0.01 },
    { name: 'error-rate-2', max: 0.1, min: null, warn: null, alpha: 0.02 },
    { name: 'latency-p95', max: 1500, min: null, warn: null, alpha: 0.02 },
    { name: 'requests-per-second', max: null, min: 0.5, warn: null, alpha: 0.02 },
  ]);
});

test('analysis as a section also says how long to wait for data', () => {
  const { analysis } = environment('analysis: { maxWait: 90s, metrics: [{ metric: error-rate, max: 1% }] }');
  expect(analysis.maxWait).toBe(90_000);
  expect(analysis.metrics).toHaveLength(1);
});

test('a reference to a variable stays a reference', () => {
  const config = parse(
    'version: 1\napp: shop\npipeline: [{ test: a }]\nfunctions: { api: { runtime: nodejs, handler: a.b, environment: { TOKEN: "${API_TOKEN}" } } }\n',
  );
  expect(config.functions['api']?.environment).toEqual({ TOKEN: '${API_TOKEN}' });
});

test('keys that start with x- are notes, and anchors in them can be used', () => {
  const config = parse(`version: 1
app: shop
x-limits: &limits { timeout: 5s, memory: 256 }
functions:
  one: { <<: *limits, runtime: nodejs, handler: a.b, x-owner: ann }
  two: { <<: *limits, runtime: nodejs, handler: a.b, memory: 64 }
pipeline:
  - test: { run: a, x-why: because }
    x-note: here too
`);
  expect(config.functions['one']).toMatchObject({ timeout: 5000, memory: 256 });
  expect(config.functions['two']).toMatchObject({ timeout: 5000, memory: 64 });
  expect(config.functions['one']).not.toHaveProperty('x-owner');
});

test('a name that every object has already is not taken for an environment', () => {
  const parsed = parseAppConfig('version: 1\napp: shop\npipeline: [{ deploy: constructor }]\n', 'funade.yaml');
  expect(!parsed.ok && parsed.error.map((fault) => fault.message)).toEqual([
    'Environment "constructor" is not declared.',
  ]);
});

test('a file with a byte order mark and Windows line ends has the same places', () => {
  const parsed = parseAppConfig('\uFEFFversion: 1\r\napp: shop\r\npipeline: [{ tset: a }]\r\n', 'funade.yaml');
  expect(!parsed.ok && parsed.error[0]).toMatchObject({ line: 3, column: 14, path: 'pipeline[0].tset' });
});
