import { type Result, err, ok } from '../../kernel/index.ts';
import type { JsonObject } from '../review/review.ts';
import { type ObjectFault, countAt, objectAt } from './field.ts';
import { nameOf, uidOf } from './metadata.ts';
import type { Deployment } from './state.ts';

/**
 * What `deployments/scale` tells of a Deployment. A missing number is 0 here, unlike in a Deployment: a Scale leaves zero
 * out when it is written.
 */
export function readScale(object: JsonObject, namespace: string): Result<Deployment, readonly ObjectFault[]> {
  const replicas = countAt(objectAt(object, 'spec'), 'replicas', { path: 'spec.replicas', missing: 0 });
  if (!replicas.ok) return err([replicas.error]);
  return ok({
    namespace,
    name: nameOf(object),
    uid: uidOf(object),
    replicas: replicas.value,
    bypass: null,
    podLabels: {},
  });
}
