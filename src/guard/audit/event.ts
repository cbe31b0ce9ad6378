import { createHash } from 'node:crypto';
import type { JsonObject } from '../review/review.ts';
import type { Involved, StandingViolation } from './find-standing.ts';

/** An Event of core/v1 that tells of a violation on one of its objects. */
export interface AuditEvent {
  readonly namespace: string;
  readonly name: string;
  readonly body: JsonObject;
}

const LONGEST_MESSAGE = 1024;

/** The same object and violation give the same name, so that several guards write it once. */
export function eventOf(
  found: StandingViolation,
  object: Involved,
  { message, at }: { readonly message: string; readonly at: number },
): AuditEvent {
  const { policy, key } = found.violation;
  const name = eventName(object, `${policy} ${key}`);
  const time = timeOf(at);
  return {
    namespace: object.namespace,
    name,
    body: {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { namespace: object.namespace, name },
      involvedObject: { ...object, uid: object.uid ?? undefined },
      type: 'Warning',
      reason: `${policy.slice(0, 1).toUpperCase()}${policy.slice(1)}`,
      message: message.length > LONGEST_MESSAGE ? `${message.slice(0, LONGEST_MESSAGE - 1)}…` : message,
      source: { component: 'funade-guard' },
      reportingComponent: 'guard.funade.dev',
      reportingInstance: '',
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
    },
  };
}

/** Whole seconds, as the API server keeps them. */
export function timeOf(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
}

function eventName({ kind, namespace, name, uid }: Involved, key: string): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([kind, namespace, name, uid, key]))
    .digest('hex')
    .slice(0, 16);
  return `${name.slice(0, 253 - hash.length - 1).replace(/[^a-z0-9]+$/, '')}.${hash}`;
}
