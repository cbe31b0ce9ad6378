import { type Result, err, ok } from '../../kernel/index.ts';
import type { JsonObject } from '../review/review.ts';
import { type ObjectFault, countAt, fault, isObject, isTooLong, objectAt, textAt } from './field.ts';
import { bypassOf, isOfKeda, nameOf, targetGroupOf, uidOf } from './metadata.ts';
import type { Hpa, TargetRef } from './state.ts';

/** An HPA of any version: `scaleTargetRef` and `minReplicas` stand at the same place in all of them. */
export function readHpa(object: JsonObject, namespace: string): Result<Hpa, readonly ObjectFault[]> {
  const spec = objectAt(object, 'spec');
  const target = readTarget(spec, namespace);
  const minReplicas = countAt(spec, 'minReplicas', { path: 'spec.minReplicas', missing: 1 });
  const faults = [...(target.ok ? [] : target.error), ...(minReplicas.ok ? [] : [minReplicas.error])];
  if (!target.ok || !minReplicas.ok) return err(faults);
  return ok({
    namespace,
    name: nameOf(object),
    uid: uidOf(object),
    target: target.value,
    minReplicas: minReplicas.value,
    keda: isOfKeda(object),
    bypass: bypassOf(object),
  });
}

/** An HPA scales what is in its own namespace. */
function readTarget(spec: JsonObject, namespace: string): Result<TargetRef, readonly ObjectFault[]> {
  const path = 'spec.scaleTargetRef';
  const reference = spec['scaleTargetRef'];
  if (!isObject(reference))
    return err([fault(path, reference === undefined ? 'faultMissing' : 'faultObject', reference)]);
  const [kind, name] = [textAt(reference, 'kind'), textAt(reference, 'name')];
  const version = reference['apiVersion'];
  const faults = [
    ...(kind === null ? [absentText(`${path}.kind`, reference['kind'])] : []),
    ...(name === null ? [absentText(`${path}.name`, reference['name'])] : []),
    ...(kind !== null && isTooLong(kind) ? [fault(`${path}.kind`, 'faultTooLong', kind)] : []),
    ...(name !== null && isTooLong(name) ? [fault(`${path}.name`, 'faultTooLong', name)] : []),
    ...(isTextOrNothing(version) ? [] : [fault(`${path}.apiVersion`, 'faultText', version)]),
  ];
  if (kind === null || name === null || faults.length > 0) return err(faults);
  return ok({ namespace, group: targetGroupOf(version), kind, name });
}

function absentText(path: string, value: unknown): ObjectFault {
  return fault(path, value === undefined ? 'faultMissing' : 'faultText', value);
}

function isTextOrNothing(value: unknown): boolean {
  return value === undefined || value === null || typeof value === 'string';
}
