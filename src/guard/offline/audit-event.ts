import type { JsonObject, Operation, Review } from '../review/review.ts';
import { isObject } from './manifest.ts';

/** Why a record is no request that can be judged; the CLI has a text for each. */
export const LEFT_OUT = ['stage', 'metadata', 'resource', 'verb', 'patch', 'before', 'failed', 'foreign'] as const;
export type LeftOut = (typeof LEFT_OUT)[number];

/** A request as it was recorded. */
export interface Recorded {
  readonly review: Review;
  /** What was answered then; `null`: the record does not tell. */
  readonly wasAllowed: boolean | null;
  /** The object as it was stored then, when it is recorded. */
  readonly stored: JsonObject | null;
}

const OPERATIONS: ReadonlyMap<string, Operation> = new Map([
  ['create', 'CREATE'],
  ['update', 'UPDATE'],
  ['patch', 'UPDATE'],
  ['delete', 'DELETE'],
]);
const RESOURCES: readonly string[] = [
  'apps/deployments',
  'extensions/deployments',
  'autoscaling/horizontalpodautoscalers',
  'policy/poddisruptionbudgets',
  'apps/statefulsets',
  'apps/daemonsets',
  'batch/jobs',
  'batch/cronjobs',
];

/**
 * A request of the audit log (`audit.k8s.io/v1` Event). The log does not have the object before: the caller knows it, or the
 * request can't be judged.
 */
export function readAuditEvent(event: JsonObject): Recorded | LeftOut {
  if (event['stage'] !== 'ResponseComplete') return 'stage';
  const ref = isObject(event['objectRef']) ? event['objectRef'] : {};
  const [group, resource] = [textOf(ref['apiGroup']) ?? '', textOf(ref['resource']) ?? ''];
  const subresource = textOf(ref['subresource']);
  if (!RESOURCES.includes(`${group}/${resource}`)) return 'resource';
  if (subresource !== null && subresource !== 'scale') return 'resource';
  const verb = textOf(event['verb']) ?? '';
  const operation = OPERATIONS.get(verb);
  if (operation === undefined) return 'verb';
  const outcome = outcomeOf(event);
  if (outcome === 'failed') return 'failed';
  const stored =
    isObject(event['responseObject']) && event['responseObject']['kind'] !== 'Status' ? event['responseObject'] : null;
  const requested = isObject(event['requestObject']) ? event['requestObject'] : null;
  // A patch is recorded as it was sent; what it made of the object only the response tells.
  const object = verb === 'patch' ? stored : requested;
  if (object === null && operation !== 'DELETE') return verb === 'patch' && requested !== null ? 'patch' : 'metadata';
  return {
    review: reviewIn(event, { ref, group, resource, subresource, operation, object }),
    wasAllowed: outcome,
    stored,
  };
}

interface Parts {
  readonly ref: JsonObject;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string | null;
  readonly operation: Operation;
  readonly object: JsonObject | null;
}

function reviewIn(event: JsonObject, { ref, group, resource, subresource, operation, object }: Parts): Review {
  const user = isObject(event['user']) ? event['user'] : {};
  const groups = Array.isArray(user['groups']) ? (user['groups'] as readonly unknown[]) : [];
  const version = textOf(ref['apiVersion']) ?? 'v1';
  const metadata = isObject(object?.['metadata']) ? object['metadata'] : {};
  return {
    apiVersion: 'admission.k8s.io/v1',
    uid: textOf(event['auditID']) ?? '-',
    kind: { group, version, kind: textOf(object?.['kind']) ?? kindOf(resource, subresource) },
    resource: { group, version, resource },
    subresource,
    namespace: textOf(ref['namespace']),
    name: textOf(ref['name']) ?? textOf(metadata['name']),
    operation,
    user: {
      name: textOf(user['username']) ?? '',
      groups: groups.filter((each): each is string => typeof each === 'string'),
    },
    object: operation === 'DELETE' ? null : object,
    oldObject: null,
    dryRun: /[?&]dryRun=/u.test(textOf(event['requestURI']) ?? ''),
  };
}

/** An object that the log has no kind of: requests may leave it out. */
function kindOf(resource: string, subresource: string | null): string {
  if (subresource === 'scale') return 'Scale';
  return resource === 'horizontalpodautoscalers' ? 'HorizontalPodAutoscaler' : 'Deployment';
}

/** A refusal counts when a webhook made it; other ones came before any webhook was asked. */
function outcomeOf(event: JsonObject): boolean | 'failed' {
  const status = isObject(event['responseStatus']) ? event['responseStatus'] : {};
  const code = typeof status['code'] === 'number' ? status['code'] : 200;
  if (code < 400) return true;
  return /admission webhook .* denied/u.test(textOf(status['message']) ?? '') ? false : 'failed';
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
