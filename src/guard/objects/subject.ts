import type { SkipReason } from '../decision.ts';
import type { Review } from '../review/review.ts';
import { normalGroup } from './metadata.ts';
import type { PodOwner } from './read-pod-template.ts';

/** What kind of object a review is about, and how it is read. */
export type Subject =
  | { readonly kind: 'deployment' | 'scale' | 'hpa' | 'budget' }
  | { readonly kind: 'workload'; readonly owner: PodOwner };

/** By group and resource; versions differ in nothing that is read. */
const SUBJECTS: ReadonlyMap<string, Subject> = new Map<string, Subject>([
  ['apps/deployments', { kind: 'deployment' }],
  ['autoscaling/horizontalpodautoscalers', { kind: 'hpa' }],
  ['policy/poddisruptionbudgets', { kind: 'budget' }],
  ['apps/statefulsets', { kind: 'workload', owner: 'StatefulSet' }],
  ['apps/daemonsets', { kind: 'workload', owner: 'DaemonSet' }],
  ['apps/replicasets', { kind: 'workload', owner: 'ReplicaSet' }],
  ['batch/jobs', { kind: 'workload', owner: 'Job' }],
  ['batch/cronjobs', { kind: 'workload', owner: 'CronJob' }],
  ['/pods', { kind: 'workload', owner: 'Pod' }],
]);

export function subjectOf(review: Review): Subject | Extract<SkipReason, 'unknown_kind' | 'subresource'> {
  const { group, resource } = review.resource;
  const subject = SUBJECTS.get(`${group === 'extensions' ? normalGroup(group) : group}/${resource}`);
  if (subject === undefined) return 'unknown_kind';
  if (review.subresource === null) return subject;
  return review.subresource === 'scale' && subject.kind === 'deployment' ? { kind: 'scale' } : 'subresource';
}
