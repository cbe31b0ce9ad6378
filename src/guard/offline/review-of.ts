import type { JsonObject, Operation, Review } from '../review/review.ts';

/** What a request would be about: an object as it was written. */
export interface WrittenObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string | null;
  readonly namespace: string | null;
  readonly object: JsonObject;
}

export interface RequestOptions {
  readonly uid: string;
  readonly operation: Operation;
  readonly oldObject: JsonObject | null;
  readonly user: Review['user'];
  /** Where objects go that name none. */
  readonly namespace: string;
}

/** Resources by group and kind, as the API server names them. */
const RESOURCES: ReadonlyMap<string, string> = new Map([
  ['apps/Deployment', 'deployments'],
  ['extensions/Deployment', 'deployments'],
  ['autoscaling/HorizontalPodAutoscaler', 'horizontalpodautoscalers'],
  ['policy/PodDisruptionBudget', 'poddisruptionbudgets'],
  ['apps/StatefulSet', 'statefulsets'],
  ['apps/DaemonSet', 'daemonsets'],
  ['apps/ReplicaSet', 'replicasets'],
  ['batch/Job', 'jobs'],
  ['batch/CronJob', 'cronjobs'],
  ['/Pod', 'pods'],
]);

/** The review that the API server would send for an object. */
export function reviewOf(written: WrittenObject, options: RequestOptions): Review {
  const { object, kind } = written;
  const [group, version] = groupAndVersion(written.apiVersion);
  const isScale = group === 'autoscaling' && kind === 'Scale';
  const resource = isScale
    ? { group: 'apps', version: 'v1', resource: 'deployments' }
    : { group, version, resource: RESOURCES.get(`${group}/${kind}`) ?? `${kind.toLowerCase()}s` };
  const isRemoval = options.operation === 'DELETE';
  return {
    apiVersion: 'admission.k8s.io/v1',
    uid: options.uid,
    kind: { group, version, kind },
    resource,
    subresource: isScale ? 'scale' : null,
    namespace: written.namespace ?? options.namespace,
    name: written.name,
    operation: options.operation,
    user: options.user,
    object: isRemoval ? null : object,
    oldObject: isRemoval ? object : options.oldObject,
    dryRun: false,
  };
}

/** `apps/v1` → `apps`, `v1`; `v1` → ``, `v1`. */
export function groupAndVersion(apiVersion: string): readonly [string, string] {
  const slash = apiVersion.indexOf('/');
  return slash === -1 ? ['', apiVersion] : [apiVersion.slice(0, slash), apiVersion.slice(slash + 1)];
}
