import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../review/review.ts';
import { decideIn, deploymentObject, reviewOf, rulesWith, worldOf } from '../review/testing.ts';
import { selects } from './selects.ts';

const rules = rulesWith({ policies: { disruptionBudgetNeverSatisfied: 'deny' } });
const WEB = { matchLabels: { app: 'web' } };

function budget(spec: JsonObject, apiVersion = 'policy/v1'): JsonObject {
  return { apiVersion, kind: 'PodDisruptionBudget', metadata: { name: 'web' }, spec };
}

function texts(to: JsonObject, replicas: readonly number[] = [3], from: JsonObject | null = null): readonly string[] {
  const world = worldOf(replicas.map((count, index) => deploymentObject(count, { name: `web-${String(index)}` })));
  const decision = decideIn(world, reviewOf(to, from), { rules });
  if (decision.kind === 'denied') return decision.violations.map(({ text }) => text);
  return decision.kind === 'allowed' ? [] : [decision.kind];
}

describe('a budget', () => {
  test.each<{ sentence: string; spec: JsonObject; replicas?: readonly number[]; texts: readonly string[] }>([
    { sentence: 'maxUnavailable 0 lets no pod go', spec: { maxUnavailable: 0 }, texts: ['budgetAllowsNone'] },
    { sentence: 'maxUnavailable 0% lets no pod go', spec: { maxUnavailable: '0%' }, texts: ['budgetAllowsNone'] },
    { sentence: 'maxUnavailable 1% is rounded up to one pod', spec: { maxUnavailable: '1%' }, texts: [] },
    { sentence: 'minAvailable 100% lets no pod go', spec: { minAvailable: '100%' }, texts: ['budgetAllowsNone'] },
    { sentence: 'minAvailable of all replicas lets no pod go', spec: { minAvailable: 3 }, texts: ['budgetNeedsAll'] },
    { sentence: 'minAvailable over all replicas lets no pod go', spec: { minAvailable: 4 }, texts: ['budgetNeedsAll'] },
    { sentence: 'minAvailable below the replicas passes', spec: { minAvailable: 2 }, texts: [] },
    { sentence: 'minAvailable 0 passes', spec: { minAvailable: 0 }, texts: [] },
    {
      sentence: 'a percentage that is rounded up to all lets no pod go',
      spec: { minAvailable: '50%' },
      replicas: [1],
      texts: ['budgetNeedsAll'],
    },
    { sentence: 'a percentage below all passes', spec: { minAvailable: '50%' }, texts: [] },
    {
      sentence: 'pods of all selected Deployments count together',
      spec: { minAvailable: 3 },
      replicas: [3, 2],
      texts: [],
    },
    { sentence: 'a paused Deployment has no pods to let go', spec: { minAvailable: 1 }, replicas: [0], texts: [] },
    {
      sentence: 'no Deployment is selected',
      spec: { minAvailable: 9, selector: { matchLabels: { app: 'no' } } },
      texts: [],
    },
    { sentence: 'no selector selects nothing', spec: { minAvailable: 9, selector: null }, texts: [] },
    { sentence: 'an empty selector selects all', spec: { minAvailable: 9, selector: {} }, texts: ['budgetNeedsAll'] },
    { sentence: 'both fields', spec: { minAvailable: 1, maxUnavailable: 1 }, texts: ['budgetBothFields'] },
    { sentence: 'a percentage over 100', spec: { minAvailable: '101%' }, texts: ['budgetUnreadable'] },
    { sentence: 'a text that is no percentage', spec: { maxUnavailable: 'one' }, texts: ['budgetUnreadable'] },
    { sentence: 'half a pod', spec: { maxUnavailable: 1.5 }, texts: ['budgetUnreadable'] },
    { sentence: 'true', spec: { maxUnavailable: true }, texts: ['invalid'] },
  ])('$sentence', ({ spec, replicas, texts: expected }) => {
    expect(texts(budget({ selector: WEB, ...spec }), replicas)).toEqual(expected);
  });

  test('an empty selector of policy/v1beta1 selects nothing', () => {
    expect(texts(budget({ minAvailable: 9, selector: {} }, 'policy/v1beta1'))).toEqual([]);
  });

  test('that asks for too much may ask for less, and not for as much of others', () => {
    const before = budget({ selector: WEB, minAvailable: 5 });
    expect(texts(budget({ selector: WEB, minAvailable: 4 }), [3], before)).toEqual([]);
    expect(texts(budget({ selector: WEB, maxUnavailable: 0 }), [3], before)).toEqual(['budgetAllowsNone']);
  });
});

describe('a selector', () => {
  const labels = { app: 'web', tier: 'front' };
  test.each<{ sentence: string; selector: JsonObject; is: boolean }>([
    { sentence: 'all labels', selector: { matchLabels: labels }, is: true },
    { sentence: 'another value', selector: { matchLabels: { app: 'api' } }, is: false },
    { sentence: 'a name that every object has', selector: { matchLabels: { constructor: 'x' } }, is: false },
    {
      sentence: 'In',
      selector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['api', 'web'] }] },
      is: true,
    },
    {
      sentence: 'In without it',
      selector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['api'] }] },
      is: false,
    },
    {
      sentence: 'NotIn',
      selector: { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['web'] }] },
      is: false,
    },
    {
      sentence: 'NotIn of a label that is not there',
      selector: { matchExpressions: [{ key: 'zone', operator: 'NotIn', values: ['a'] }] },
      is: true,
    },
    { sentence: 'Exists', selector: { matchExpressions: [{ key: 'tier', operator: 'Exists' }] }, is: true },
    {
      sentence: 'DoesNotExist',
      selector: { matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] },
      is: false,
    },
    { sentence: 'an unknown operator', selector: { matchExpressions: [{ key: 'tier', operator: 'Near' }] }, is: false },
    {
      sentence: 'one of two',
      selector: { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'zone', operator: 'Exists' }] },
      is: false,
    },
  ])('$sentence: $is', ({ selector, is }) => {
    expect(selects(selector, labels)).toBe(is);
  });
});
