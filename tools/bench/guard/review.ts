import { randomUUID } from 'node:crypto';
import { deployment, hpa } from '../../../test/fakes/kubernetes-api.ts';

/** Lines of managed fields that make the review 7.4 KB, as that of a real API server. */
const FIELDS = 96;
/** Lines of managed fields of the objects that are synced: about 3 KB each. */
const LIST_FIELDS = 84;

interface Metadata {
  readonly metadata: object;
}

/** An update of a Deployment under an HPA, from three replicas to two: everything is asked, and it is allowed. */
export function deploymentReview(namespace: string, name: string): string {
  return JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: randomUUID(),
      kind: { group: 'apps', version: 'v1', kind: 'Deployment' },
      resource: { group: 'apps', version: 'v1', resource: 'deployments' },
      requestKind: { group: 'apps', version: 'v1', kind: 'Deployment' },
      requestResource: { group: 'apps', version: 'v1', resource: 'deployments' },
      name,
      namespace,
      operation: 'UPDATE',
      userInfo: { username: 'ada@example.com', groups: ['developers', 'system:authenticated'] },
      object: withFields(deployment(namespace, name, 2) as Metadata, FIELDS),
      oldObject: withFields(deployment(namespace, name, 3) as Metadata, FIELDS),
      dryRun: false,
      options: { kind: 'UpdateOptions', apiVersion: 'meta.k8s.io/v1', fieldManager: 'kubectl' },
    },
  });
}

/** Objects of a cluster: a Deployment and its HPA for each name. */
export function listed(namespace: string, name: string): readonly object[] {
  return [
    withFields(deployment(namespace, name, 3) as Metadata, LIST_FIELDS),
    withFields(hpa(namespace, name, 2) as Metadata, LIST_FIELDS),
  ];
}

/** Many short keys and values, as managed fields are: one long text would be read too quickly. */
function withFields(object: Metadata, lines: number): object {
  const names = Array.from({ length: lines }, (_, at) => [`f:field-${String(at).padStart(6, '0')}`, { 'f:name': {} }]);
  const managedFields = [
    { manager: 'kubectl', operation: 'Apply', fieldsV1: { 'f:spec': Object.fromEntries(names) as object } },
  ];
  return { ...object, metadata: { ...object.metadata, managedFields } };
}
