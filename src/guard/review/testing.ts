import { POLICY_NAMES, type GuardRules, type PolicyMode, type PolicyName } from '../../config/index.ts';
import { createDecider, type DeciderOptions } from '../decide.ts';
import type { Decision } from '../decision.ts';
import { readDeployment } from '../objects/read-deployment.ts';
import { readHpa } from '../objects/read-hpa.ts';
import type { Deployment, Hpa } from '../objects/state.ts';
import type { World } from '../world.ts';
import { fixedWorld } from '../world/fixed-world.ts';
import type { JsonObject, Review } from './review.ts';

/** Objects, reviews and worlds of tests, in the namespace `shop` and with the name `web` unless told otherwise. */

export const HPA_CONTROLLER = 'system:serviceaccount:kube-system:horizontal-pod-autoscaler';
export const NAMESPACE = 'shop';

export function rulesWith(
  over: Partial<Omit<GuardRules, 'policies'>> & { readonly policies?: Partial<Record<PolicyName, PolicyMode>> } = {},
): GuardRules {
  const off = Object.fromEntries(POLICY_NAMES.map((name) => [name, 'off'])) as Record<PolicyName, PolicyMode>;
  return {
    mode: 'seed',
    existingViolations: 'allow',
    keda: 'deny',
    onUncertain: 'deny',
    retryAfterSeconds: 5,
    exemptScalers: [HPA_CONTROLLER],
    ...over,
    policies: {
      ...off,
      singleReplicaUnderHpa: 'deny',
      hpaAllowsSingleReplica: 'deny',
      duplicateHpa: 'warn',
      ...over.policies,
    },
  };
}

export function deploymentObject(
  replicas?: unknown,
  over: { readonly name?: string; readonly metadata?: JsonObject; readonly pod?: JsonObject } = {},
): JsonObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: over.name ?? 'web', namespace: NAMESPACE, ...over.metadata },
    spec: {
      ...(replicas === undefined ? {} : { replicas }),
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: over.pod ?? { containers: [{ name: 'web', image: 'web:1' }] },
      },
    },
  };
}

export function scaleObject(replicas?: unknown): JsonObject {
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: { name: 'web', namespace: NAMESPACE },
    spec: replicas === undefined ? {} : { replicas },
  };
}

export function hpaObject(
  minReplicas?: unknown,
  over: { readonly name?: string; readonly target?: JsonObject; readonly metadata?: JsonObject } = {},
): JsonObject {
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: over.name ?? 'web', namespace: NAMESPACE, ...over.metadata },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', ...over.target },
      ...(minReplicas === undefined ? {} : { minReplicas }),
      maxReplicas: 10,
    },
  };
}

export const OWNED_BY_KEDA: JsonObject = {
  ownerReferences: [{ apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', name: 'web', controller: true }],
};

const RESOURCES = {
  Deployment: { group: 'apps', version: 'v1', resource: 'deployments' },
  Scale: { group: 'apps', version: 'v1', resource: 'deployments' },
  HorizontalPodAutoscaler: { group: 'autoscaling', version: 'v2', resource: 'horizontalpodautoscalers' },
  StatefulSet: { group: 'apps', version: 'v1', resource: 'statefulsets' },
  ReplicaSet: { group: 'apps', version: 'v1', resource: 'replicasets' },
  Job: { group: 'batch', version: 'v1', resource: 'jobs' },
  CronJob: { group: 'batch', version: 'v1', resource: 'cronjobs' },
  Pod: { group: '', version: 'v1', resource: 'pods' },
  PodDisruptionBudget: { group: 'policy', version: 'v1', resource: 'poddisruptionbudgets' },
  ConfigMap: { group: '', version: 'v1', resource: 'configmaps' },
} as const;

/** An update when `from` is given, else a creation. */
export function reviewOf(to: JsonObject | null, from: JsonObject | null = null, over: Partial<Review> = {}): Review {
  const kind = String((to ?? from)?.['kind']) as keyof typeof RESOURCES;
  const resource = RESOURCES[kind];
  const metadata = ((to ?? from)?.['metadata'] ?? {}) as { readonly name?: string };
  return {
    apiVersion: 'admission.k8s.io/v1',
    uid: 'u-1',
    kind: { group: resource.group, version: resource.version, kind },
    resource,
    subresource: kind === 'Scale' ? 'scale' : null,
    namespace: NAMESPACE,
    name: metadata.name ?? null,
    operation: from === null ? 'CREATE' : 'UPDATE',
    user: { name: 'ada', groups: ['developers'] },
    object: to,
    oldObject: from,
    dryRun: false,
    ...over,
  };
}

export function worldOf(objects: readonly JsonObject[], released?: ReadonlySet<string>) {
  const deployments: Deployment[] = [];
  const hpas: Hpa[] = [];
  for (const object of objects) {
    if (object['kind'] === 'Deployment') deployments.push(read(readDeployment(object, NAMESPACE)));
    else hpas.push(read(readHpa(object, NAMESPACE)));
  }
  return fixedWorld({ deployments, hpas, ...(released === undefined ? {} : { released }) });
}

function read<T>(
  result: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown },
): T {
  if (!result.ok) throw new Error(`fixture can't be read: ${JSON.stringify(result.error)}`);
  return result.value;
}

export function deciderIn(world: World, over: Partial<DeciderOptions['config']> = {}) {
  return createDecider({
    config: {
      rules: rulesWith(),
      skipNamespaces: [],
      namespace: 'funade-guard',
      bypassGroups: ['platform'],
      language: 'en',
      ...over,
    },
    world,
  });
}

/** The decision of a world that answers at once. */
export function decideIn(world: World, review: Review, over: Partial<DeciderOptions['config']> = {}): Decision {
  const decision = deciderIn(world, over).decide(review, new AbortController().signal);
  if (decision instanceof Promise) throw new Error('a world at hand must be judged at once');
  return decision;
}

/** In one line, to compare in tables: `denied`, `allowed`, `warned` (allowed with warnings), or why nothing was decided. */
export function outcomeOf(decision: Decision): string {
  if (decision.kind !== 'allowed') return decision.kind;
  if (decision.bypassed !== null) return `bypassed: ${decision.bypassed}`;
  if (decision.skipped !== null) return `skipped: ${decision.skipped}`;
  return decision.warnings.length > 0 ? 'warned' : 'allowed';
}
