import { expect, test } from 'vitest';
import { POLICY_NAMES, type PolicyMode } from '../config/index.ts';
import { findStanding } from './audit/find-standing.ts';
import { bypassOf } from './objects/metadata.ts';
import { answerOf } from './review/answer.ts';
import type { JsonObject } from './review/review.ts';
import { decideIn, deploymentObject, hpaObject, reviewOf, rulesWith, worldOf } from './review/testing.ts';
import { fitWarnings } from './review/warnings.ts';

const LONG = 'n'.repeat(2_000_000);

function everything(mode: PolicyMode) {
  return rulesWith({ policies: Object.fromEntries(POLICY_NAMES.map((name) => [name, mode])) });
}

function containers(count: number, over: JsonObject = {}): JsonObject {
  return { containers: Array.from({ length: count }, (_, index) => ({ name: `c${index}`, image: 'app:1', ...over })) };
}

function answered(object: JsonObject, mode: PolicyMode) {
  const review = reviewOf(object);
  const decision = decideIn(worldOf([]), review, { rules: everything(mode) });
  return { decision, size: JSON.stringify(answerOf(review, decision)).length };
}

test.each([
  ['a Deployment', deploymentObject(1, { name: LONG, pod: containers(60) }), 'metadata.name'],
  ['a target', hpaObject(1, { target: { name: LONG } }), 'spec.scaleTargetRef.name'],
  ['a kind of target', hpaObject(1, { target: { kind: LONG } }), 'spec.scaleTargetRef.kind'],
])('the name of %s that no object can have is a fault, and is not repeated', (_, object, path) => {
  const { decision, size } = answered(object, 'deny');
  expect(decision).toMatchObject({ kind: 'invalid', faults: [{ path }] });
  expect(size).toBeLessThan(5000);
});

test.each(['deny', 'warn'] as const)('long images of many containers make no long answer in mode %s', (mode) => {
  const { size } = answered(deploymentObject(3, { pod: containers(40, { image: LONG.slice(0, 50_000) }) }), mode);
  expect(size).toBeLessThan(100_000);
});

test('more containers than a pod can have are a fault', () => {
  expect(answered(deploymentObject(3, { pod: containers(1001) }), 'warn').decision).toMatchObject({ kind: 'invalid' });
  expect(answered(deploymentObject(3, { pod: containers(1000) }), 'warn').decision.kind).toBe('allowed');
});

test('a warning that is too long alone is told as far as Kubernetes takes it', () => {
  const warnings = fitWarnings([LONG]);
  expect(warnings).toHaveLength(16);
  expect(warnings.every((warning) => warning.length <= 256)).toBe(true);
});

test('of a reason to bypass only a part is kept', () => {
  const object = deploymentObject(1, { metadata: { annotations: { 'guard.funade.dev/bypass': LONG } } });
  expect(bypassOf(object)).toHaveLength(256);
});

test('the audit tells of hundreds of HPAs on one target without telling of every pair', () => {
  const hpas = Array.from({ length: 300 }, (_, index) => hpaObject(2, { name: `h${index}` }));
  const target = { namespace: 'shop', group: 'apps', kind: 'Deployment', name: 'web' };
  const found = findStanding(target, worldOf([deploymentObject(3), ...hpas]).reads, rulesWith());
  expect(found.length).toBeGreaterThanOrEqual(300 - 1);
  expect(found.length).toBeLessThanOrEqual(300 * 10);
});
