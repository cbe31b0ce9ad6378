import fc from 'fast-check';
import type { GuardRules } from '../../src/config/index.ts';
import type { Decision } from '../../src/guard/decision.ts';
import { createDecider } from '../../src/guard/decide.ts';
import { readDeployment } from '../../src/guard/objects/read-deployment.ts';
import { readHpa } from '../../src/guard/objects/read-hpa.ts';
import { parseReview } from '../../src/guard/review/parse-review.ts';
import { fixedWorld } from '../../src/guard/world/fixed-world.ts';

/** A request as the API server has it, with the objects of its namespace as they are before. */
export interface Request {
  readonly resource: 'deployments' | 'deployments/scale' | 'horizontalpodautoscalers';
  readonly operation: 'CREATE' | 'UPDATE';
  readonly user: string;
  readonly object: Fields;
  readonly oldObject: Fields | null;
  readonly deployments: readonly Fields[];
  readonly autoscalers: readonly Fields[];
}

export interface Fields {
  readonly metadata: { readonly name: string; readonly [field: string]: unknown };
  readonly spec: { readonly replicas?: number; readonly [field: string]: unknown };
}

export const NAMESPACE = 'shop';
export const PERSON = 'jane';

const NAMES = ['web', 'api'] as const;
const number = fc.constantFrom(undefined, 0, 1, 2, 3);

const deployment = fc
  .record({
    name: fc.constantFrom(...NAMES),
    replicas: number,
    deleting: fc.boolean(),
    image: fc.constantFrom('a', 'b'),
  })
  .map(({ name, replicas, deleting, image }): Fields => ({
    metadata: { name, ...(deleting ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}) },
    spec: {
      ...(replicas === undefined ? {} : { replicas }),
      template: { spec: { containers: [{ name: 'main', image }] } },
    },
  }));

const autoscaler = fc
  .record({
    name: fc.constantFrom('one', 'other'),
    target: fc.constantFrom(...NAMES),
    apiVersion: fc.constantFrom('apps/v1', 'apps/v1', 'extensions/v1beta1', 'v1', 'example.com/v1', undefined),
    kind: fc.constantFrom('Deployment', 'Deployment', 'Deployment', 'StatefulSet'),
    minReplicas: number,
    keda: fc.constantFrom(false, false, true),
  })
  .map(({ name, target, apiVersion, kind, minReplicas, keda }): Fields => ({
    metadata: {
      name,
      ...(keda ? { ownerReferences: [{ apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', name, uid: '1' }] } : {}),
    },
    spec: {
      scaleTargetRef: { kind, name: target, ...(apiVersion === undefined ? {} : { apiVersion }) },
      ...(minReplicas === undefined ? {} : { minReplicas }),
    },
  }));

const namespaces = fc.record({
  deployments: fc.uniqueArray(deployment, { selector: ({ metadata }) => metadata.name, maxLength: 2 }),
  autoscalers: fc.uniqueArray(autoscaler, { selector: ({ metadata }) => metadata.name, maxLength: 2 }),
});
const users = fc.constantFrom(PERSON, PERSON, 'system:serviceaccount:kube-system:horizontal-pod-autoscaler');

/** Any request about replicas in a small namespace, in which each object is new or there before. */
export const requests: fc.Arbitrary<Request> = fc
  .tuple(
    namespaces,
    users,
    fc.constantFrom('deployments', 'deployments/scale', 'horizontalpodautoscalers'),
    deployment,
    autoscaler,
  )
  .map(([{ deployments, autoscalers }, name, resource, wantedDeployment, wantedAutoscaler]): Request | null => {
    const wanted = resource === 'horizontalpodautoscalers' ? wantedAutoscaler : wantedDeployment;
    const stored = (resource === 'horizontalpodautoscalers' ? autoscalers : deployments).find(
      (each) => each.metadata.name === wanted.metadata.name,
    );
    const object = withDeletionOf(stored, wanted);
    const shared = { user: name, deployments, autoscalers } as const;
    if (resource !== 'deployments/scale')
      return { ...shared, resource, operation: stored ? 'UPDATE' : 'CREATE', object, oldObject: stored ?? null };
    // There is no scale of what does not exist.
    if (stored === undefined) return null;
    return { ...shared, resource, operation: 'UPDATE', object: scaleOf(object), oldObject: scaleOf(stored) };
  })
  .filter((request) => request !== null);

/** Nobody but the API server says that an object is being deleted, and nobody takes it back. */
function withDeletionOf(stored: Fields | undefined, { metadata, spec }: Fields): Fields {
  const { deletionTimestamp: _, ...rest } = metadata;
  const told = stored?.metadata['deletionTimestamp'];
  return { metadata: told === undefined ? rest : { ...rest, deletionTimestamp: told }, spec };
}

/** The API server leaves out 0, and knows nothing of a deletion. */
function scaleOf({ metadata, spec }: Fields): Fields {
  const { replicas = 1 } = spec;
  return { metadata: { name: metadata.name }, spec: replicas === 0 ? {} : { replicas } };
}

/** What the guard decides when it is asked. */
export async function decisionOf(request: Request, rules: GuardRules): Promise<Decision> {
  const world = fixedWorld({
    deployments: request.deployments.map((each) => value(readDeployment({ ...each }, NAMESPACE))),
    hpas: request.autoscalers.map((each) => value(readHpa({ ...each }, NAMESPACE))),
  });
  const config = { rules, skipNamespaces: [], namespace: 'funade-guard', bypassGroups: [], language: 'en' } as const;
  return createDecider({ config, world }).decide(value(parseReview(reviewOf(request))), AbortSignal.timeout(10_000));
}

function reviewOf({ resource, operation, user: username, object, oldObject }: Request): Fields {
  const [plural, subResource] = resource.split('/');
  const isAutoscaler = resource === 'horizontalpodautoscalers';
  const group = isAutoscaler ? 'autoscaling' : 'apps';
  const kind = isAutoscaler ? 'HorizontalPodAutoscaler' : 'Deployment';
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: '1',
      kind:
        subResource === undefined
          ? { group, version: 'v1', kind }
          : { group: 'autoscaling', version: 'v1', kind: 'Scale' },
      resource: { group, version: 'v1', resource: plural },
      subResource,
      namespace: NAMESPACE,
      name: object.metadata.name,
      operation,
      userInfo: { username, groups: [] },
      object,
      oldObject,
      dryRun: false,
    },
  } as unknown as Fields;
}

/** The names under which the API server hands a request to an expression. */
export function scopeOf({
  resource,
  operation,
  user: username,
  object,
  oldObject,
}: Request): Readonly<Record<string, unknown>> {
  const request = { operation, name: object.metadata.name, namespace: NAMESPACE, resource, userInfo: { username } };
  return { request, object, oldObject };
}

function value<T>(
  result: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown },
): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}
