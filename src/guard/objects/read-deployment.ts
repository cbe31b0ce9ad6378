import { type Result, err, ok } from '../../kernel/index.ts';
import type { JsonObject } from '../review/review.ts';
import { type ObjectFault, countAt, objectAt } from './field.ts';
import { bypassOf, nameOf, uidOf } from './metadata.ts';
import type { Deployment } from './state.ts';

/** A Deployment as it is sent; the namespace is the one of the request or the list. Only `spec.replicas` can be at fault. */
export function readDeployment(object: JsonObject, namespace: string): Result<Deployment, readonly ObjectFault[]> {
  const spec = objectAt(object, 'spec');
  const replicas = countAt(spec, 'replicas', { path: 'spec.replicas', missing: 1 });
  if (!replicas.ok) return err([replicas.error]);
  const labels = objectAt(objectAt(objectAt(spec, 'template'), 'metadata'), 'labels');
  return ok({
    namespace,
    name: nameOf(object),
    uid: uidOf(object),
    replicas: replicas.value,
    bypass: bypassOf(object),
    podLabels: textsOf(labels),
  });
}

function textsOf(labels: JsonObject): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(labels).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
