import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type GuardRules, REPLICA_MODES } from '../../src/config/index.ts';
import { evaluateCel } from './cel.ts';
import { guardConfigOf } from './guard-config.ts';
import { ENVIRONMENTS, type Webhook, one, overlay, overlayWith, webhooksOf } from './guard-manifests.ts';
import { PERSON, type Request, decisionOf, requests, scopeOf } from './guard-requests.ts';

const EXISTING = 'funade-guard-existing-violations';
const AUTOSCALER = 'system:serviceaccount:kube-system:horizontal-pod-autoscaler';

describe.each(ENVIRONMENTS)('the webhook configuration of %s', (environment) => {
  const objects = overlay(environment);
  const { webhook, rules, skipNamespaces } = guardConfigOf(objects);
  const webhooks = webhooksOf(objects);

  test('matches Deployments, their scale and autoscalers, created and updated', () => {
    expect(webhooks.flatMap((each) => each.rules)).toEqual([
      rule('apps', ['v1'], 'deployments'),
      rule('apps', ['v1'], 'deployments/scale'),
      rule('autoscaling', ['v1', 'v2'], 'horizontalpodautoscalers'),
    ]);
  });

  test('fails as the profile says', () => {
    for (const each of webhooks) {
      expect(each.failurePolicy).toBe(webhook.failurePolicy);
      expect(each.timeoutSeconds).toBe(webhook.timeoutSeconds);
      expect(each.matchPolicy).toBe('Equivalent');
      expect(each.sideEffects).toBe('NoneOnDryRun');
      expect(each.admissionReviewVersions).toEqual(['v1']);
    }
  });

  test('leaves out the namespaces that the guard never looks at', () => {
    for (const each of webhooks)
      expect(each.namespaceSelector).toEqual({
        matchExpressions: [
          {
            key: 'kubernetes.io/metadata.name',
            operator: 'NotIn',
            values: ['kube-system', 'funade-guard', ...skipNamespaces],
          },
        ],
      });
  });

  test('asks for the certificate authority of the certificate that is served', () => {
    const configuration = one(objects, 'ValidatingWebhookConfiguration');
    const annotation = configuration.metadata.annotations?.['cert-manager.io/inject-ca-from'];
    const certificate = one(objects, 'Certificate').metadata;
    expect(annotation).toBe(`${certificate.namespace}/${certificate.name}`);
  });

  test('lets the scalers pass that the guard lets pass', () => {
    const scale = webhooks.find(({ name }) => name.startsWith('scale.'));
    const condition = scale?.matchConditions.find(({ name }) => name === 'not-an-autoscaler')?.expression ?? '';
    const asks = (username: string): unknown => evaluateCel(condition, { request: { userInfo: { username } } });
    expect(rules.exemptScalers.map(asks)).toEqual(rules.exemptScalers.map(() => false));
    expect(asks(PERSON)).toBe(true);
    expect(condition.match(/'[^']+'/g)).toHaveLength(rules.exemptScalers.length);
  });
});

test('an outage of the guard stops requests in production alone, and never for warnings', () => {
  const policies = ENVIRONMENTS.map((environment) =>
    webhooksOf(overlay(environment)).map((each) => each.failurePolicy),
  );
  expect(policies.map((each) => [...new Set(each)])).toEqual([['Ignore'], ['Ignore'], ['Fail']]);
  for (const each of webhooksOf(overlay('staging'), EXISTING)) expect(each.failurePolicy).toBe('Ignore');
});

test('the component workload-policies fails as its environment does, and adds the other owners of pods and budgets', () => {
  for (const environment of ENVIRONMENTS) {
    const before = webhooksOf(overlay(environment));
    const webhooks = webhooksOf(overlayWith(environment, ['workload-policies']));
    expect(new Set(webhooks.map((each) => each.failurePolicy))).toEqual(
      new Set(before.map((each) => each.failurePolicy)),
    );
    const added = webhooks.slice(before.length).flatMap((each) => each.rules.flatMap(({ resources }) => resources));
    expect(added).toEqual([
      'statefulsets',
      'daemonsets',
      'replicasets',
      'jobs',
      'cronjobs',
      'pods',
      'poddisruptionbudgets',
    ]);
  }
});

describe('matchConditions', () => {
  const { rules } = guardConfigOf(overlay('staging'));
  const ratchet = webhooksOf(overlay('staging'));
  const existing = webhooksOf(overlay('staging'), EXISTING);
  const anyRules: fc.Arbitrary<GuardRules> = fc
    .record({ mode: fc.constantFrom(...REPLICA_MODES), keda: fc.constantFrom('ignore', 'warn', 'deny') })
    .map((chosen) => ({ ...rules, ...chosen, existingViolations: 'allow' }));

  test('send every request that the guard denies, whatever its mode', async () => {
    let denials = 0;
    await fc.assert(
      fc.asyncProperty(requests, anyRules, async (request, chosen) => {
        const decision = await decisionOf(request, chosen);
        if (decision.kind !== 'denied') return;
        denials += 1;
        expect(isSent(request, ratchet)).toBe(true);
      }),
      { numRuns: 2000 },
    );
    expect(denials).toBeGreaterThan(50);
  });

  test('send what deserves a warning to one of the two configurations, and nothing to both', async () => {
    let warnings = 0;
    await fc.assert(
      fc.asyncProperty(requests, anyRules, async (request, chosen) => {
        const decision = await decisionOf(request, chosen);
        const sent = [isSent(request, ratchet), isSent(request, existing)];
        expect(sent).not.toEqual([true, true]);
        if (decision.kind !== 'allowed' || decision.warnings.length === 0) return;
        warnings += 1;
        expect(sent).toContain(true);
      }),
      { numRuns: 2000 },
    );
    expect(warnings).toBeGreaterThan(50);
  });

  test.each([
    ['an image update of a Deployment at one replica', update('deployments', { replicas: 1 }, { replicas: 1 }), false],
    ['a Deployment from three replicas to one', update('deployments', { replicas: 3 }, { replicas: 1 }), true],
    ['a Deployment from one replica to three', update('deployments', { replicas: 1 }, { replicas: 3 }), false],
    ['a person who scales to one', update('deployments/scale', { replicas: 3 }, { replicas: 1 }), true],
    [
      'the HPA controller that scales to one',
      { ...update('deployments/scale', { replicas: 3 }, { replicas: 1 }), user: AUTOSCALER },
      false,
    ],
    ['a scale to zero, which is left out', update('deployments/scale', { replicas: 3 }, {}), false],
    ['an autoscaler with a higher minimum', update('horizontalpodautoscalers', hpa(2), hpa(3)), false],
    ['an autoscaler with a lower minimum', update('horizontalpodautoscalers', hpa(3), hpa(2)), true],
    ['an autoscaler whose minimum is taken away', update('horizontalpodautoscalers', hpa(2), hpa(undefined)), true],
  ])('%s', (_sentence, request, sent) => {
    expect(isSent(request, ratchet)).toBe(sent);
  });

  test('a terminating Deployment is not looked at', () => {
    const request = update('deployments', { replicas: 3 }, { replicas: 1 });
    const object = { ...request.object, metadata: { name: 'web', deletionTimestamp: '2026-01-01T00:00:00Z' } };
    expect(isSent({ ...request, object }, ratchet)).toBe(false);
  });
});

describe('matchConditions of the component workload-policies', () => {
  const webhooks = webhooksOf(overlayWith('production', ['workload-policies']));
  const template = (image: string) => ({ template: { spec: { containers: [{ name: 'main', image }] } } });

  test.each([
    ['a new image of a Deployment', 'deployments', { old: template('a'), spec: template('b') }, true],
    [
      'a Deployment with other replicas',
      'deployments',
      { old: { ...template('a'), replicas: 2 }, spec: { ...template('a'), replicas: 3 } },
      false,
    ],
    ['a new image of a StatefulSet', 'statefulsets', { old: template('a'), spec: template('b') }, true],
    [
      'a StatefulSet with other replicas',
      'statefulsets',
      { old: { ...template('a'), replicas: 2 }, spec: { ...template('a'), replicas: 3 } },
      false,
    ],
    ['a budget as it was', 'poddisruptionbudgets', { old: { minAvailable: 1 }, spec: { minAvailable: 1 } }, false],
    ['a lower budget', 'poddisruptionbudgets', { old: { minAvailable: 2 }, spec: { minAvailable: 1 } }, true],
  ])('%s', (_sentence, resource, { old, spec }, sent) => {
    const scope = {
      request: { operation: 'UPDATE', userInfo: { username: PERSON } },
      object: { metadata: { name: 'web' }, spec },
      oldObject: { metadata: { name: 'web' }, spec: old },
    };
    expect(isSentTo(webhooks, resource, scope)).toBe(sent);
  });

  test.each([
    [
      'a Pod that a controller makes for a ReplicaSet',
      'system:serviceaccount:kube-system:replicaset-controller',
      false,
    ],
    ['a Pod of a person who names a ReplicaSet', PERSON, true],
  ])('%s', (_sentence, username, sent) => {
    const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', controller: true }];
    const object = { metadata: { name: 'web-1', ownerReferences }, spec: {} };
    const scope = { request: { operation: 'CREATE', userInfo: { username } }, object, oldObject: null };
    expect(isSentTo(webhooks, 'pods', scope)).toBe(sent);
  });
});

function rule(group: string, apiVersions: readonly string[], resource: string): Webhook['rules'][number] {
  return {
    apiGroups: [group],
    apiVersions,
    resources: [resource],
    operations: ['CREATE', 'UPDATE'],
    scope: 'Namespaced',
  };
}

function isSent(request: Request, webhooks: readonly Webhook[]): boolean {
  return isSentTo(webhooks, request.resource, scopeOf(request));
}

function isSentTo(webhooks: readonly Webhook[], resource: string, scope: Readonly<Record<string, unknown>>): boolean {
  const asked = webhooks.filter(({ rules }) => rules.some(({ resources }) => resources.includes(resource)));
  expect(asked).toHaveLength(1);
  return asked.some(({ matchConditions }) =>
    matchConditions.every(({ expression }) => evaluateCel(expression, scope) === true),
  );
}

function update(
  resource: Request['resource'],
  old: Request['object']['spec'],
  spec: Request['object']['spec'],
): Request {
  const metadata = { name: 'web' };
  const object = { metadata, spec };
  const oldObject = { metadata, spec: old };
  return { resource, operation: 'UPDATE', user: PERSON, object, oldObject, deployments: [], autoscalers: [] };
}

function hpa(minReplicas: number | undefined): Request['object']['spec'] {
  const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
  return { scaleTargetRef, ...(minReplicas === undefined ? {} : { minReplicas }) };
}
