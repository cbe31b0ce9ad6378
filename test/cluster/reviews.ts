import { randomUUID } from 'node:crypto';
import type { Json } from './api.ts';

const KINDS = {
  Deployment: { group: 'apps', version: 'v1', resource: 'deployments' },
  HorizontalPodAutoscaler: { group: 'autoscaling', version: 'v1', resource: 'horizontalpodautoscalers' },
} as const;

/** The `request` of a review about a new object, as the API server writes it. */
export function creation(namespace: string, object: Json, { dryRun = true } = {}): Json {
  const { group, version, resource } = KINDS[object['kind'] as keyof typeof KINDS];
  return {
    uid: randomUUID(),
    kind: { group, version, kind: object['kind'] },
    resource: { group, version, resource },
    requestKind: { group, version, kind: object['kind'] },
    requestResource: { group, version, resource },
    name: object['metadata'].name,
    namespace,
    operation: 'CREATE',
    userInfo: { username: 'dev', groups: ['developers', 'system:authenticated'] },
    object: { ...object, metadata: { ...object['metadata'], namespace } },
    oldObject: null,
    dryRun,
    options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
  };
}
