import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type CliOptions, cli } from '../../test/fakes/terminal.ts';
import { PATHS, clusterThatIsWell } from '../../test/fixtures/guard-doctor/cluster.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'funade-guard-cli-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function guard(argv: readonly string[], options: CliOptions = {}) {
  return cli(['guard', ...argv], { directory: folder, ...options });
}

async function file(name: string, value: unknown): Promise<string> {
  await writeFile(join(folder, name), typeof value === 'string' ? value : JSON.stringify(value));
  return name;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/gu, ' ');
}

function deployment(replicas: unknown) {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { replicas },
  };
}
const HPA = {
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'web', namespace: 'shop' },
  spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, minReplicas: 1, maxReplicas: 5 },
};

const REVIEW = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: null };

test('config prints every setting with where it came from', async () => {
  await file('guard.yaml', 'mode: strict\n');
  const { stdout, code } = await guard(['config', '--profile', 'staging'], { environment: { GUARD_KEDA: 'deny' } });
  expect(code).toBe(0);
  for (const part of [/mode +strict +.*guard\.yaml/u, /keda +deny +.*GUARD_KEDA/u, /profile +staging/u]) {
    expect(stdout).toMatch(part);
  }
  const json = await guard(['config', '--json']);
  expect(JSON.parse(json.stdout)).toContainEqual(expect.objectContaining({ key: 'mode', value: 'strict' }));
});

test('config with faults tells all of them and ends with 78', async () => {
  await file('guard.yaml', 'mode: sometimes\nsurprise: 1\n');
  const { stderr, stdout, code } = await guard(['config'], { environment: { GUARD_KEDA: 'maybe' } });
  expect([code, stdout]).toEqual([78, '']);
  for (const part of ['FUN_GUARD_CONFIG_INVALID', 'guard.yaml:1', 'guard.yaml:2', 'GUARD_KEDA']) {
    expect(stderr).toContain(part);
  }
});

test('config --example prints a file that can be used', async () => {
  const { stdout } = await guard(['config', '--example']);
  await file('guard.yaml', stdout);
  expect((await guard(['config'])).code).toBe(0);
});

test('lint ends with 1 for a pair that the webhook would refuse, in both languages and as JSON', async () => {
  await file('a.json', deployment(1));
  await file('b.json', HPA);
  const { stdout, code } = await guard(['lint', '-f', '.']);
  expect(code).toBe(1);
  for (const part of ['denied', 'a.json:1', 'shop/Deployment/web', 'Fix:', '2 objects judged in 2 files']) {
    expect(stdout).toContain(part);
  }
  expect((await guard(['lint', '-f', '.', '--lang', 'ja'])).stdout).toContain('対処');
  const report = JSON.parse((await guard(['lint', '-f', 'a.json', '-f', 'b.json', '--json'])).stdout) as object;
  expect(report).toMatchObject({ judged: 2, findings: [{ severity: 'deny', policy: 'singleReplicaUnderHpa' }] });
});

test('lint reads standard input', async () => {
  const input = `${JSON.stringify(deployment(2))}\n${JSON.stringify(HPA)}`;
  const { code, stdout } = await guard(['lint', '-f', '-'], { input });
  expect([code, stdout]).toEqual([0, '2 objects judged in 1 file: 0 denied, 0 warnings, 0 faults\n']);
  expect((await guard(['lint', '-f', '-', '--mode', 'strict'], { input })).code).toBe(1);
});

test.each([
  ['no file', [], 'name files with -f'],
  ['a wrong path', ['-f', 'missing.yaml'], 'missing.yaml'],
  ['a folder without manifests', ['-f', '.'], 'no object of Kubernetes'],
  ['only other kinds', ['-f', 'other.txt'], '1 Secret'],
  ['an unknown mode', ['-f', '.', '--mode', 'seeed'], 'seeed'],
  ['standard input twice', ['-f', '-', '-f', '-'], 'once'],
  ['an empty namespace', ['-f', '.', '-n', ''], 'is no namespace'],
  ['a namespace that is none', ['-f', '.', '-n', 'Bad NS'], '"Bad NS" is no namespace'],
])('lint of %s ends with 2 and tells what to do', async (_, argv, part) => {
  await file('other.txt', { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' } });
  const { stderr, code } = await guard(['lint', ...argv]);
  expect(code).toBe(2);
  expect(oneLine(stderr)).toContain(part);
  expect(stderr).toContain('Fix:');
});

test.each([
  ['policies that are off', 'production', 'policies: {singleReplicaUnderHpa: "off"}\n', 'Turn on a policy'],
  ['namespaces that are skipped', 'production', 'skipNamespaces: [shop]\n', 'take theirs out of `skipNamespaces`'],
])('lint of nothing because of %s tells that, with a fix that helps', async (_, profile, settings, fix) => {
  await file('guard.yaml', settings);
  await file('a.json', deployment(1));
  const { code, stderr } = await guard(['lint', '-f', 'a.json', '--profile', profile]);
  expect(code).toBe(2);
  expect(oneLine(stderr)).toContain(fix);
  expect(oneLine(stderr)).not.toContain('Name files');
});

test('lint names standard input, and speaks one language', async () => {
  const input = `${JSON.stringify(deployment(1))}\n${JSON.stringify(HPA)}`;
  expect((await guard(['lint', '-f', '-'], { input })).stdout).toContain('standard input:1');
  const japanese = await guard(['lint', '-f', '-'], { input, environment: { GUARD_LANGUAGE: 'ja' } });
  expect(japanese.stdout).toContain('標準入力:1');
  expect(japanese.stdout).not.toMatch(/Fix:|denied|objects/u);
});

test('lint tells a fault with its line and ends with 1, beside what it found', async () => {
  await file('a.yaml', 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: "1"\n');
  await file('b.yaml', 'kind: [\n');
  const { stdout, code } = await guard(['lint', '-f', '.']);
  expect(code).toBe(1);
  expect(stdout).toContain('a.yaml:5');
  expect(stdout).toContain('b.yaml:');
});

test('test judges objects one after another: what was allowed is there for the next one', async () => {
  await file('both.yaml', `${JSON.stringify(deployment(1))}\n---\n${JSON.stringify(HPA)}\n`);
  const { stdout, code } = await guard(['test', '-f', 'both.yaml']);
  expect(code).toBe(1);
  expect(stdout).toMatch(
    /allowed +CREATE shop\/Deployment\/web[\s\S]*denied +CREATE shop\/HorizontalPodAutoscaler\/web/u,
  );
});

test.each([
  ['a new image on what was so before', ['--old', 'one.json'], 0, 'warned'],
  ['one replica instead of three', ['--old', 'three.json'], 1, 'denied'],
  ['the state before, from the cluster', ['--operation', 'UPDATE', '--against', 'three.json'], 1, 'denied'],
  ['a new object', [], 1, 'denied'],
  ['a deletion', ['--operation', 'DELETE'], 0, 'skipped'],
  ['what stands in the cluster as it is', ['--against', 'one.json'], 0, 'warned'],
  ['a change of what stands in the cluster', ['--against', 'three.json'], 1, 'denied'],
  ['a creation that is asked for', ['--operation', 'CREATE', '--against', 'one.json'], 1, 'denied'],
])('test of %s', async (_, argv, code, label) => {
  await file('one.json', deployment(1));
  await file('three.json', deployment(3));
  await file('hpa.json', HPA);
  const outcome = await guard(['test', '-f', 'one.json', '--against', 'hpa.json', ...argv, '--json']);
  expect([outcome.code, JSON.parse(outcome.stdout)]).toEqual([code, expect.objectContaining({ label })]);
});

test('test of a scale: the HPA controller may, a person may not', async () => {
  const scale = {
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { replicas: 1 },
  };
  await file('scale.json', scale);
  await file('three.json', deployment(3));
  await file('hpa.json', HPA);
  const against = ['--against', 'three.json', '--against', 'hpa.json'];
  expect((await guard(['test', '-f', 'scale.json', ...against])).code).toBe(1);
  const user = ['--user', 'system:serviceaccount:kube-system:horizontal-pod-autoscaler'];
  expect((await guard(['test', '-f', 'scale.json', ...against, ...user])).code).toBe(0);
});

test('test answers a review as the webhook does', async () => {
  const request = {
    uid: 'u-1',
    kind: { group: 'apps', version: 'v1', kind: 'Deployment' },
    resource: { group: 'apps', version: 'v1', resource: 'deployments' },
    namespace: 'shop',
    name: 'web',
    operation: 'CREATE',
    userInfo: { username: 'kim' },
    object: deployment(1),
  };
  await file('review.json', { apiVersion: 'admission.k8s.io/v1beta1', kind: 'AdmissionReview', request });
  await file('hpa.json', HPA);
  const { stdout, code } = await guard(['test', '-f', 'review.json', '--against', 'hpa.json', '--json']);
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    answer: {
      apiVersion: 'admission.k8s.io/v1beta1',
      response: { uid: 'u-1', allowed: false, status: { code: 403, reason: 'Forbidden' } },
    },
  });
});

test.each([
  [
    'a review without a request',
    { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: null },
    [],
    'request',
  ],
  ['an update of what nobody knows', deployment(1), ['--operation', 'UPDATE'], '--old'],
  ['nothing', {}, [], 'neither'],
  ['broken JSON', '{"kind": ', [], 'in.json:1'],
  ['a state before of another object', deployment(1), ['--old', 'other.json'], '--old other.json holds no object'],
  [
    'a creation with a state before',
    deployment(1),
    ['--old', 'in.json', '--operation', 'CREATE'],
    '--operation CREATE',
  ],
  ['a nameless user', deployment(1), ['--user', ''], '--user needs a value'],
  ['a namespace that is none', deployment(1), ['-n', 'Bad NS'], 'is no namespace'],
  ['standard input for two options', deployment(1), ['-f', '-', '--against', '-'], 'once only'],
  [
    'a review with a user and an operation',
    REVIEW,
    ['--user', 'a', '--operation', 'CREATE'],
    '--user, --operation can',
  ],
  ['a review with a state before', REVIEW, ['--old', 'in.json'], '--old can be given for objects only'],
])('test of %s ends with 2', async (_, value, argv, part) => {
  await file('in.json', value);
  await file('other.json', HPA);
  const { code, stderr } = await guard(['test', '-f', 'in.json', ...argv]);
  expect(code).toBe(2);
  expect(oneLine(stderr)).toContain(part);
});

test('replay compares recorded answers with those of another mode', async () => {
  const record = (object: { readonly kind: string }, resource: string, group: string) => ({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'u',
      kind: { group, version: 'v1', kind: object.kind },
      resource: { group, version: 'v1', resource },
      namespace: 'shop',
      name: 'web',
      operation: 'CREATE',
      userInfo: { username: 'kim' },
      object,
    },
    response: { uid: 'u', allowed: true },
  });
  const lines = [record(deployment(2), 'deployments', 'apps'), record(HPA, 'horizontalpodautoscalers', 'autoscaling')];
  await file('log.ndjson', lines.map((line) => JSON.stringify(line)).join('\n'));
  const same = await guard(['replay', '-f', 'log.ndjson']);
  expect([same.code, same.stdout]).toEqual([
    0,
    expect.stringContaining('all recorded answers stay the same (2 compared)'),
  ]);
  const strict = await guard(['replay', '-f', '.', '--mode', 'strict']);
  expect(strict.code).toBe(1);
  expect(strict.stdout).toMatch(
    /denied +CREATE shop\/HorizontalPodAutoscaler\/web +log\.ndjson:2 +was allowed, is now\s+denied/u,
  );
  expect(strict.stdout).toContain('1 of 2 recorded answers differ');
});

test('replay of nothing ends with 2 and tells what was left out', async () => {
  await file('log.ndjson', '{"a":1}\n');
  const { code, stderr } = await guard(['replay', '-f', 'log.ndjson']);
  expect(code).toBe(2);
  expect(oneLine(stderr)).toContain('1 neither an AdmissionReview nor an audit Event');
});

test('replay of an empty log tells no count of nothing', async () => {
  await file('log.ndjson', '');
  const { code, stderr } = await guard(['replay', '-f', 'log.ndjson']);
  expect(code).toBe(2);
  expect(oneLine(stderr)).toContain('there is no record in it.');
});

test('the help of replay tells when it ends with 1', async () => {
  expect(oneLine((await guard(['replay', '--help'])).stdout)).toContain('ends with 1 when a recorded answer differs');
});

test('a file that is at fault is named, and the others are not', async () => {
  await file('good.json', deployment(1));
  await file('bad.json', '{"kind": ');
  const { stderr } = await guard(['test', '-f', 'good.json', '--against', 'bad.json']);
  expect(oneLine(stderr)).toContain("Can't use what bad.json holds");
});

/** A kubectl that answers from files, one a path, and only in the context `prod`. */
async function kubectl(answers: Readonly<Record<string, unknown>>): Promise<string> {
  for (const [path, answer] of Object.entries(answers)) await file(path.replaceAll(/[^A-Za-z0-9]/gu, '_'), answer);
  const program = join(folder, 'kubectl');
  const script = [
    '#!/bin/sh',
    'PATH=/usr/bin:/bin',
    '[ "$1 $2" = "--context prod" ] || { echo "wrong context" >&2; exit 1; }',
    'while [ "$1" != "--raw" ]; do verb=$1; shift; done',
    `name=${folder}/$(printf %s "$2" | tr -c A-Za-z0-9 _)`,
    '[ "$verb" != create ] || grep -q SubjectAccessReview || exit 1',
    '[ -f "$name" ] || { echo "Error from server (NotFound): the server could not find it" >&2; exit 1; }',
    'cat "$name"',
  ];
  await writeFile(program, `${script.join('\n')}\n`);
  await chmod(program, 0o755);
  return folder;
}

test('doctor asks through kubectl and ends with 1 when something fails', { timeout: 60_000 }, async () => {
  const answers = clusterThatIsWell({ caBundle: '', cert: '', key: '' });
  const environment = { PATH: await kubectl({ ...answers, [PATHS.access]: { status: { allowed: true } } }) };
  const { stdout, code } = await guard(['doctor', '--context', 'prod'], { environment });
  expect(code).toBe(1);
  expect(stdout).toMatch(/ok +cluster +Kubernetes v1\.33\.1 answers/u);
  expect(stdout).toMatch(/fail +CA bundle +The caBundle of deployments\.guard\.funade\.dev is empty/u);
  expect(stdout).toMatch(/ok +permissions +funade-guard\/funade-guard has all 8 permissions/u);
});

test('doctor without kubectl says so with a fix', async () => {
  const { stdout, code } = await guard(['doctor', '--json'], { environment: { PATH: folder } });
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    checks: [{ status: 'fail', fix: expect.stringContaining('--explain') as string }],
  });
});

test('doctor --explain tells cause and fix of an error text without a cluster', async () => {
  const message = 'x509: certificate signed by unknown authority';
  const known = await guard(['doctor', '--explain', message], { environment: { PATH: folder } });
  expect([known.code, known.stdout]).toEqual([0, expect.stringContaining('did not sign it')]);
  expect((await guard(['doctor', '--explain', 'hello'])).code).toBe(1);
  expect((await guard(['doctor', '--explain', ' '])).code).toBe(2);
});

test.each([
  [['serve', '--role', 'guard', '--data-dir', 'x'], "'--data-dir' means nothing for the role guard"],
  [['serve', '--role', 'guard', '--watch'], "'--watch' means nothing for the role guard"],
  [['serve', '--kubeconfig', 'x'], "'--kubeconfig' is for the role guard"],
])('%j is refused before anything starts', async (argv, reason) => {
  const { code, stderr } = await cli(argv, { directory: folder });
  expect(code).toBe(2);
  expect(oneLine(stderr)).toContain(reason);
});
