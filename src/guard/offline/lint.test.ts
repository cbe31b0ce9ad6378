import { expect, test } from 'vitest';
import { deploymentObject, hpaObject, rulesWith } from '../review/testing.ts';
import { en } from '../texts/en.ts';
import { ja } from '../texts/ja.ts';
import { collect } from './collect.ts';
import { lint } from './lint.ts';
import type { OfflineConfig } from './offline-rules.ts';
import { reasonAndFix } from './reason-and-fix.ts';

const CONFIG: OfflineConfig = {
  rules: rulesWith(),
  skipNamespaces: ['sandbox'],
  namespace: 'guard',
  bypassGroups: [],
  language: 'en',
};

async function report(files: Readonly<Record<string, unknown>>, config: Partial<OfflineConfig> = {}) {
  const sources = Object.entries(files).map(([file, value]) => ({
    file,
    text: typeof value === 'string' ? value : JSON.stringify(value, null, 2),
  }));
  return lint(await collect({ sources, faults: [] }), {
    config: { ...CONFIG, ...config },
    namespace: 'default',
    language: 'en',
  });
}

function withNamespace(object: ReturnType<typeof deploymentObject>, namespace: string | undefined) {
  return { ...object, metadata: { name: 'web', ...(namespace === undefined ? {} : { namespace }) } };
}

test('a pair in two files is one finding with both places, its reason and its fix', async () => {
  const { findings, judged } = await report({ 'a.json': deploymentObject(1), 'b.json': hpaObject(2) });
  expect(judged).toBe(2);
  expect(findings).toMatchObject([
    {
      severity: 'deny',
      policy: 'singleReplicaUnderHpa',
      object: 'Deployment/web',
      namespace: 'shop',
      file: 'a.json',
      line: 9,
      document: 1,
      also: [{ object: 'HorizontalPodAutoscaler/web', file: 'b.json', line: 14 }],
    },
  ]);
  expect(findings[0]?.reason).toContain('has 1 replica under HorizontalPodAutoscaler "web"');
  expect(findings[0]?.fix).toContain('set spec.replicas to 2 or more');
});

test.each([
  ['two replicas', deploymentObject(2), hpaObject(2), {}, []],
  ['replicas left out, which is one', deploymentObject(), hpaObject(2), {}, ['deny']],
  ['no replicas, which is paused', deploymentObject(0), hpaObject(2), {}, ['warn']],
  [
    'one replica that the HPA raises, in mode effective',
    deploymentObject(1),
    hpaObject(2),
    { mode: 'effective' },
    ['warn'],
  ],
  [
    'one replica that the HPA keeps, in mode effective',
    deploymentObject(1),
    hpaObject(),
    { mode: 'effective' },
    ['deny'],
  ],
  ['an HPA that may go to one, in mode strict', deploymentObject(2), hpaObject(), { mode: 'strict' }, ['deny']],
  [
    'the policy in mode warn',
    deploymentObject(1),
    hpaObject(2),
    { policies: { singleReplicaUnderHpa: 'warn' } },
    ['warn'],
  ],
  ['another kind of target', deploymentObject(1), hpaObject(2, { target: { kind: 'StatefulSet' } }), {}, []],
  ['another namespace', withNamespace(deploymentObject(1), 'other'), hpaObject(2), {}, []],
] as const)('%s', async (...row) => {
  const [, deployment, hpa, over, severities] = row;
  const { findings } = await report({ 'a.json': deployment, 'b.json': hpa }, { rules: rulesWith(over) });
  expect(findings.map(({ severity }) => severity)).toEqual(severities);
});

test.each([
  ['a Deployment that is not in the input', {}, 'target Deployment/web is not in the input', undefined],
  ['a kind in lower case', { kind: 'deployment' }, 'target deployment/web is not in the input', deploymentObject(1)],
])('an HPA whose target is %s gets a note', async (_, target, part, deployment) => {
  const files = { 'b.json': hpaObject(2, { target }), ...(deployment === undefined ? {} : { 'a.json': deployment }) };
  const { notes, findings } = await report(files);
  expect(findings).toEqual([]);
  expect(notes).toMatchObject([{ file: 'b.json', message: expect.stringContaining(part) as string }]);
});

test('an HPA of another kind, and one whose Deployment is at fault, get no such note', async () => {
  const other = await report({ 'b.json': hpaObject(2, { target: { kind: 'StatefulSet' } }) });
  const faulty = await report({ 'a.json': deploymentObject('x'), 'b.json': hpaObject(2) });
  expect([other.notes, faulty.notes]).toEqual([[], []]);
});

test('maxReplicas below minReplicas is a fault', async () => {
  const hpa = hpaObject(4);
  const spec = { ...(hpa['spec'] as object), maxReplicas: 3 };
  const { faults, judged } = await report({ 'b.json': { ...hpa, spec } });
  expect(faults).toMatchObject([{ file: 'b.json', path: 'spec.maxReplicas' }]);
  expect(faults[0]?.message).toContain('spec.maxReplicas 3 is less than spec.minReplicas 4');
  expect(judged).toBe(0);
});

test('objects without a namespace meet in the one that is asked for, and it is told', async () => {
  const files = {
    'a.json': withNamespace(deploymentObject(1), undefined),
    'b.json': withNamespace(hpaObject(), 'default'),
  };
  const { findings, notes } = await report(files);
  expect(findings).toMatchObject([{ namespace: 'default', severity: 'deny' }]);
  expect(notes.map(({ message }) => message)).toEqual(['1 object has no namespace and counts as in `default`.']);
});

test.each(['kube-system', 'sandbox', 'guard'])('%s is not looked at, as by the webhook', async (namespace) => {
  const { findings, skipped, judged } = await report({
    'a.json': withNamespace(deploymentObject(1), namespace),
    'b.json': withNamespace(hpaObject(), namespace),
  });
  expect([findings, skipped, judged]).toEqual([[], 2, 0]);
});

test.each([
  ['"1"', '"1"'],
  ['1.5', '1.5'],
  ['-1', '-1'],
])('replicas %s are a fault with the line', async (written, told) => {
  const text = `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: ${written}\n`;
  const { faults, findings } = await report({ 'a.yaml': text });
  expect(findings).toEqual([]);
  expect(faults).toMatchObject([{ file: 'a.yaml', line: 5, path: 'spec.replicas' }]);
  expect(faults[0]?.message).toContain(told);
});

test('other kinds are counted, objects that are twice there are told', async () => {
  const { others, notes } = await report({
    'a.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n',
    'b.json': deploymentObject(2),
    'c.json': deploymentObject(2),
  });
  expect(others).toEqual({ Secret: 1 });
  expect(notes).toMatchObject([{ file: 'c.json', message: expect.stringContaining('b.json:1') as string }]);
});

test('objects that a cluster printed are not held against what made them', async () => {
  const deleting = { ...deploymentObject(1), metadata: { name: 'web', namespace: 'shop', deletionTimestamp: 'now' } };
  const { findings } = await report({ 'a.json': deleting, 'b.json': hpaObject(2) });
  expect(findings).toEqual([]);
});

test('one that asks to be let through is a denial, unless somebody may ask', async () => {
  const bypass = { annotations: { 'guard.funade.dev/bypass': 'load test' } };
  const files = { 'a.json': deploymentObject(1, { metadata: bypass }), 'b.json': hpaObject(2, { metadata: bypass }) };
  expect((await report(files)).findings[0]?.severity).toBe('deny');
  const { findings } = await report(files, { bypassGroups: ['sre'] });
  expect(findings).toMatchObject([{ severity: 'warn', reason: expect.stringContaining('load test') as string }]);
});

test('the policy that asks the control plane is left out, and that is told', async () => {
  const { notes, findings } = await report(
    { 'a.json': deploymentObject(2) },
    { rules: rulesWith({ policies: { imageNotReleased: 'deny' } }) },
  );
  expect(findings).toEqual([]);
  expect(notes[0]?.message).toContain('released by Funade');
});

test('findings of containers stand at the containers', async () => {
  const text =
    'apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: web}\nspec:\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          containers:\n          - {name: a, image: x}\n';
  const { findings } = await report(
    { 'a.yaml': text },
    { rules: rulesWith({ policies: { imageWithoutDigest: 'deny' } }) },
  );
  expect(findings).toMatchObject([{ line: 10, policy: 'imageWithoutDigest' }]);
});

const TEXTS = Object.entries(en).filter(([, text]) => text.includes(' Fix: '));

test.each(TEXTS)('the text %s has its fix apart in both languages', (key, text) => {
  for (const each of [text, ja[key as keyof typeof en]]) {
    const { reason, fix } = reasonAndFix(each);
    expect(fix).not.toBeNull();
    expect(reason).not.toMatch(/Fix:|対処/u);
  }
});
