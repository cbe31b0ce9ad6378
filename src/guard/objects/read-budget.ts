import { type Result, err, ok } from '../../kernel/index.ts';
import type { JsonObject } from '../review/review.ts';
import { type ObjectFault, fault, isObject, objectAt } from './field.ts';
import { nameOf } from './metadata.ts';
import type { DisruptionBudget } from './state.ts';

export function readBudget(object: JsonObject, namespace: string): Result<DisruptionBudget, readonly ObjectFault[]> {
  const spec = objectAt(object, 'spec');
  const minAvailable = amountAt(spec, 'minAvailable');
  const maxUnavailable = amountAt(spec, 'maxUnavailable');
  const faults = [minAvailable, maxUnavailable].flatMap((amount) => (amount.ok ? [] : [amount.error]));
  if (!minAvailable.ok || !maxUnavailable.ok) return err(faults);
  return ok({
    namespace,
    name: nameOf(object),
    minAvailable: minAvailable.value,
    maxUnavailable: maxUnavailable.value,
    selector: selectorOf(object, spec['selector']),
  });
}

/** An empty selector chose nothing in `policy/v1beta1`, and chooses all pods of the namespace since `policy/v1`. */
function selectorOf(object: JsonObject, selector: unknown): JsonObject | null {
  if (!isObject(selector)) return null;
  const choosesNothing = object['apiVersion'] === 'policy/v1beta1' && Object.keys(selector).length === 0;
  return choosesNothing ? null : selector;
}

function amountAt(spec: JsonObject, field: string): Result<number | string | null, ObjectFault> {
  const value = spec[field];
  if (value === undefined || value === null) return ok(null);
  if (typeof value === 'number' || typeof value === 'string') return ok(value);
  return err(fault(`spec.${field}`, 'faultNumberOrPercent', value));
}
