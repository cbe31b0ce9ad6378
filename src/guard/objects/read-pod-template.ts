import { assertNever } from '../../kernel/index.ts';
import type { JsonObject } from '../review/review.ts';
import { objectAt, objectsAt } from './field.ts';
import type { PodTemplate } from './state.ts';

export const POD_OWNERS = ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job', 'CronJob', 'Pod'] as const;
export type PodOwner = (typeof POD_OWNERS)[number];

/** The pods that an object makes, or is. Ephemeral containers come only through a subresource that no policy is about. */
export function readPodTemplate(object: JsonObject, kind: PodOwner): PodTemplate {
  const pod = podSpecOf(object, kind);
  return {
    containers: [
      ...objectsAt(pod, 'initContainers').map((spec) => ({ kind: 'init', spec }) as const),
      ...objectsAt(pod, 'containers').map((spec) => ({ kind: 'container', spec }) as const),
    ],
    securityContext: objectAt(pod, 'securityContext'),
  };
}

function podSpecOf(object: JsonObject, kind: PodOwner): JsonObject {
  const spec = objectAt(object, 'spec');
  switch (kind) {
    case 'Pod':
      return spec;
    case 'CronJob':
      return objectAt(objectAt(objectAt(objectAt(spec, 'jobTemplate'), 'spec'), 'template'), 'spec');
    case 'Deployment':
    case 'StatefulSet':
    case 'DaemonSet':
    case 'ReplicaSet':
    case 'Job':
      return objectAt(objectAt(spec, 'template'), 'spec');
    default:
      return assertNever(kind);
  }
}
