import { describe, expect, test } from 'vitest';
import { GUARD_PROFILES, POLICY_NAMES } from '../../src/config/index.ts';
import { collect } from '../../src/guard/offline/collect.ts';
import { lint } from '../../src/guard/offline/lint.ts';
import { guardConfigOf, podOf } from './guard-config.ts';
import { ENVIRONMENTS, one, overlay, overlayWith, webhooksOf } from './guard-manifests.ts';
import type { Manifest } from './kustomize.ts';

interface Port {
  readonly name: string;
  readonly port: number;
  readonly targetPort: string;
  readonly containerPort: number;
}

interface Container {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly ports: readonly Port[];
  readonly resources: Readonly<Record<'requests' | 'limits', Readonly<Record<string, string>>>>;
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly volumeMounts: readonly {
    readonly name: string;
    readonly mountPath: string;
    readonly readOnly?: boolean;
    readonly subPath?: string;
  }[];
  readonly [probe: string]: unknown;
}

interface Labels {
  readonly matchLabels: Readonly<Record<string, string>>;
}

test('there is an overlay for each profile', () => {
  expect(ENVIRONMENTS).toEqual(GUARD_PROFILES);
});

describe.each(ENVIRONMENTS)('the manifests of %s', (environment) => {
  const objects = overlay(environment);
  const config = guardConfigOf(objects);
  const pod = podOf(objects);
  const container = pod.containers[0] as unknown as Container;
  const deployment = one(objects, 'Deployment')['spec'] as {
    readonly replicas: number;
    readonly strategy: { readonly rollingUpdate: object };
    readonly selector: Labels;
    readonly template: { readonly metadata: { readonly labels: Readonly<Record<string, string>> } };
  };
  const service = one(objects, 'Service')['spec'] as { readonly selector: object; readonly ports: readonly Port[] };

  test('load as configuration without a fault, with the profile of the same name', () => {
    expect(config.profile).toBe(environment);
    expect(config.namespace).toBe('funade-guard');
  });

  test('have as many replicas as the profile says', () => {
    expect(deployment.replicas).toBe(config.webhook.replicas);
  });

  test('give a pod more time to end than the guard takes', () => {
    expect(pod.terminationGracePeriodSeconds * 1000).toBeGreaterThan(config.server.graceMs);
  });

  test('never take a pod away before the next one is ready', () => {
    expect(deployment.strategy.rollingUpdate).toEqual({ maxSurge: 1, maxUnavailable: 0 });
    expect(one(objects, 'PodDisruptionBudget')['spec']).toMatchObject({ maxUnavailable: 1 });
  });

  test('name the labels of the pods in every selector', () => {
    const { labels } = deployment.template.metadata;
    const selectors: readonly object[] = [
      deployment.selector.matchLabels,
      service.selector,
      (one(objects, 'PodDisruptionBudget')['spec'] as { readonly selector: Labels }).selector.matchLabels,
      (one(objects, 'NetworkPolicy')['spec'] as { readonly podSelector: Labels }).podSelector.matchLabels,
      ...(pod['topologySpreadConstraints'] as readonly { readonly labelSelector: Labels }[]).map(
        (each) => each.labelSelector.matchLabels,
      ),
    ];
    expect(selectors).toHaveLength(6);
    for (const selector of selectors) expect(labels).toMatchObject(selector);
  });

  test('lead from the webhook through the Service to the ports that the guard listens on', () => {
    const port = (name: string): number | undefined =>
      container.ports.find((each) => each.name === name)?.containerPort;
    for (const { clientConfig } of webhooksOf(objects)) {
      const { name, namespace, path, port: number } = clientConfig.service;
      expect({ name, namespace, path }).toEqual({ name: 'funade-guard', namespace: 'funade-guard', path: '/validate' });
      const target = service.ports.find((each) => each.port === number)?.targetPort ?? '';
      expect(port(target)).toBe(config.server.port);
    }
    const metrics = service.ports.find(({ name }) => name === 'metrics')?.targetPort ?? '';
    expect(port(metrics)).toBe(config.server.healthPort);
  });

  test('probe the paths that the guard answers', () => {
    const paths = ['startupProbe', 'livenessProbe', 'readinessProbe'].map((name) => container[name]);
    expect(paths).toMatchObject(
      ['/livez', '/livez', '/readyz'].map((path) => ({ httpGet: { path, port: 'metrics' } })),
    );
  });

  test('mount the certificate where the guard looks for it, whole', () => {
    const certificate = one(objects, 'Certificate')['spec'] as Readonly<Record<string, unknown>>;
    const volumes = pod.volumes as readonly {
      readonly name: string;
      readonly secret?: { readonly secretName: string };
    }[];
    const volume = volumes.find(({ secret }) => secret?.secretName === certificate['secretName']);
    const mount = container.volumeMounts.find(({ name }) => name === volume?.name);
    expect(mount?.mountPath).toBe(config.server.certificates);
    for (const each of container.volumeMounts) expect(each.subPath).toBeUndefined();
  });

  test('certify every name of the Service', () => {
    const certificate = one(objects, 'Certificate')['spec'] as Readonly<Record<string, unknown>>;
    expect(certificate).toMatchObject({
      dnsNames: [
        'funade-guard',
        'funade-guard.funade-guard',
        'funade-guard.funade-guard.svc',
        'funade-guard.funade-guard.svc.cluster.local',
      ],
      duration: '2160h',
      renewBefore: '720h',
      privateKey: { algorithm: 'ECDSA', size: 256, rotationPolicy: 'Always' },
    });
  });

  test('issue it from an authority that a self-signed issuer made', () => {
    const spec = (kind: string, name: string) =>
      one(objects, kind, name)['spec'] as {
        readonly issuerRef?: { readonly name: string };
        readonly [field: string]: unknown;
      };
    const leaf = spec('Certificate', 'funade-guard');
    const issuer = spec('Issuer', leaf.issuerRef?.name ?? '');
    const authority = objects.find(
      (object) =>
        object.kind === 'Certificate' &&
        (object['spec'] as { secretName?: string }).secretName === (issuer['ca'] as { secretName?: string }).secretName,
    );
    // With another key, the API server would distrust the certificate that is still served.
    expect(authority?.['spec']).toMatchObject({
      isCA: true,
      privateKey: { algorithm: 'ECDSA', rotationPolicy: 'Never' },
    });
    const root = (authority?.['spec'] as { readonly issuerRef: { readonly name: string } } | undefined)?.issuerRef.name;
    expect(spec('Issuer', root ?? '')).toEqual({ selfSigned: {} });
  });

  test('allow the guard what it does, and nothing else', () => {
    expect(one(objects, 'ClusterRole')['rules']).toEqual([
      { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'list', 'watch'] },
      { apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'], verbs: ['get', 'list', 'watch'] },
      { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] },
    ]);
    const binding = one(objects, 'ClusterRoleBinding');
    expect(binding['roleRef']).toMatchObject({ kind: 'ClusterRole', name: 'funade-guard' });
    expect(binding['subjects']).toEqual([
      { kind: 'ServiceAccount', name: pod['serviceAccountName'], namespace: 'funade-guard' },
    ]);
    expect(objects.filter(({ kind }) => /Role/.test(kind))).toHaveLength(2);
  });

  test('meet the restricted standard of Pod Security, which the namespace enforces', () => {
    expect(one(objects, 'Namespace').metadata.labels).toMatchObject({
      'pod-security.kubernetes.io/enforce': 'restricted',
    });
    expect(pod['securityContext']).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    for (const field of ['hostNetwork', 'hostPID', 'hostIPC', 'initContainers']) expect(pod[field]).toBeUndefined();
    for (const volume of pod.volumes)
      expect(Object.keys(volume).filter((key) => key !== 'name')).toEqual([
        expect.stringMatching(/^(?:configMap|secret|emptyDir)$/),
      ]);
    expect(pod.containers).toHaveLength(1);
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    for (const { hostPort } of container.ports as readonly { hostPort?: number }[]) expect(hostPort).toBeUndefined();
  });

  test('run the role of the guard from an image with a version, with limits', () => {
    expect(container.command).toEqual(['funade', 'serve', '--role', 'guard']);
    expect(container.image).toMatch(/^[\w.-]+(?:\/[\w.-]+)+(?::\d+\.\d+\.\d+|@sha256:[0-9a-f]{64})$/);
    expect(container.resources).toMatchObject({
      requests: { cpu: expect.any(String), memory: expect.any(String) },
      limits: { cpu: expect.any(String), memory: expect.any(String) },
    });
  });

  test('keep variables of Services away from GUARD_…', () => {
    expect(pod['enableServiceLinks']).toBe(false);
    for (const { kind, metadata } of objects) if (kind === 'Service') expect(metadata.name).not.toBe('guard');
  });

  test('open the two ports, and ways to names and to the API server', () => {
    expect(one(objects, 'NetworkPolicy')['spec']).toMatchObject({
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        { ports: [{ port: config.server.port }] },
        {
          from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }],
          ports: [{ port: config.server.healthPort }],
        },
      ],
      egress: [{ ports: [{ port: 53 }, { port: 53 }] }, { ports: [{ port: 443 }, { port: 6443 }] }],
    });
  });

  test("pass the guard's own rules, the optional ones as well", async () => {
    const policies = Object.fromEntries(POLICY_NAMES.map((name) => [name, 'deny'])) as typeof config.rules.policies;
    const rules = { ...config.rules, mode: 'strict', policies: { ...policies, imageWithoutDigest: 'off' } } as const;
    const found = await findingsOf(overlayWith(environment, ['workload-policies']), {
      ...config,
      rules,
      namespace: null,
    });
    expect(found.faults).toEqual([]);
    expect(found.judged).toBeGreaterThan(1);
    expect(found.findings).toEqual([]);
  });

  test("would be found by the guard's own rules if an autoscaler let it go to one", async () => {
    const scaler = {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'funade-guard', namespace: 'funade-guard' },
      spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'funade-guard' }, maxReplicas: 5 },
    };
    const rules = { ...config.rules, mode: 'strict' } as const;
    const { findings } = await findingsOf([...objects, scaler], { ...config, rules, namespace: null });
    expect(findings.length).toBeGreaterThan(0);
  });
});

test('only production spreads its pods over nodes whatever it takes', () => {
  const hard = ENVIRONMENTS.map((environment) =>
    (
      podOf(overlay(environment))['topologySpreadConstraints'] as readonly { readonly whenUnsatisfiable: string }[]
    ).some(({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule'),
  );
  expect(hard).toEqual([false, false, true]);
});

async function findingsOf(
  objects: readonly Manifest[],
  config: Parameters<typeof lint>[1]['config'],
): Promise<ReturnType<typeof lint>> {
  const text = objects.map((object) => `---\n${JSON.stringify(object)}\n`).join('');
  const collected = await collect({ sources: [{ file: 'rendered.yaml', text }], faults: [] });
  return lint(collected, { config, namespace: 'default', language: 'en' });
}
