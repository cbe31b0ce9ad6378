import { type JsonObject } from '../review/review.ts';
import { objectAt, objectsAt, textAt } from './field.ts';

/** Its value is the reason, told to whoever sends the object. */
export const BYPASS_ANNOTATION = 'guard.funade.dev/bypass';

/** Characters that are kept of a reason: the watch cache holds it, and an annotation may have 256 KiB. */
const LONGEST_REASON = 256;

/** Reason for which an object asks not to be judged; `null`: it does not ask, or gives no reason. */
export function bypassOf(object: JsonObject): string | null {
  const reason = textAt(objectAt(objectAt(object, 'metadata'), 'annotations'), BYPASS_ANNOTATION);
  return reason === null || reason.trim() === '' ? null : reason.slice(0, LONGEST_REASON);
}

/** Whether an object asks for that without a reason. */
export function isBypassBlank(object: JsonObject): boolean {
  const reason = textAt(objectAt(objectAt(object, 'metadata'), 'annotations'), BYPASS_ANNOTATION);
  return reason !== null && reason.trim() === '';
}

/** Whether an object is being deleted: what still happens to it only clears the way. */
export function isDeleting(object: JsonObject | null): boolean {
  return object !== null && textAt(objectAt(object, 'metadata'), 'deletionTimestamp') !== null;
}

export function uidOf(object: JsonObject): string | null {
  return textAt(objectAt(object, 'metadata'), 'uid');
}

/** `''` where the API server has not chosen one yet (`generateName`). */
export function nameOf(object: JsonObject): string {
  return textAt(objectAt(object, 'metadata'), 'name') ?? '';
}

/** A ScaledObject of KEDA owns what KEDA made. */
export function isOfKeda(object: JsonObject): boolean {
  return objectsAt(objectAt(object, 'metadata'), 'ownerReferences').some(
    (owner) => owner['kind'] === 'ScaledObject' && groupOf(owner['apiVersion']) === 'keda.sh',
  );
}

const OWNERS: ReadonlyMap<string, string> = new Map([
  ['Deployment', 'apps'],
  ['ReplicaSet', 'apps'],
  ['StatefulSet', 'apps'],
  ['DaemonSet', 'apps'],
  ['Job', 'batch'],
  ['CronJob', 'batch'],
]);

/** Whether a controller made this from an object whose pod template is judged itself. */
export function isMadeFromJudged(object: JsonObject): boolean {
  return objectsAt(objectAt(object, 'metadata'), 'ownerReferences').some(
    (owner) =>
      owner['controller'] === true && OWNERS.get(String(textAt(owner, 'kind'))) === groupOf(owner['apiVersion']),
  );
}

/** `apps/v1` → `apps`, `v1` → ``. */
function groupOf(apiVersion: unknown): string {
  const [group = '', version] = typeof apiVersion === 'string' ? apiVersion.split('/') : [];
  return version === undefined ? '' : group;
}

/**
 * Group of a scale target. `extensions`, where Deployments once were, and a reference without a group mean `apps`; an HPA
 * may say so for years, and the HPA controller still finds the Deployment.
 */
export function targetGroupOf(apiVersion: unknown): string {
  return normalGroup(groupOf(apiVersion));
}

export function normalGroup(group: string): string {
  return group === '' || group === 'extensions' ? 'apps' : group;
}
