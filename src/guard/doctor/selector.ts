import type { JsonObject } from '../review/review.ts';
import { at, objectsAt, textAt, textsAt } from './fields.ts';

/** Whether a label selector takes something with these labels; an empty one takes everything. */
export function selects(selector: JsonObject, labels: Readonly<Record<string, string>>): boolean {
  const equal = Object.entries(textsAt(selector, 'matchLabels')).every(([key, value]) => labels[key] === value);
  return equal && objectsAt(selector, 'matchExpressions').every((expression) => meets(expression, labels));
}

function meets(expression: JsonObject, labels: Readonly<Record<string, string>>): boolean {
  const label = labels[textAt(expression, 'key') ?? ''];
  const listed = at(expression, 'values');
  const values = Array.isArray(listed) ? (listed as readonly unknown[]) : [];
  switch (textAt(expression, 'operator')) {
    case 'In':
      return label !== undefined && values.includes(label);
    // Without the label a NotIn holds.
    case 'NotIn':
      return label === undefined || !values.includes(label);
    case 'Exists':
      return label !== undefined;
    case 'DoesNotExist':
      return label === undefined;
    case null:
    default:
      return false; // the API server stores no other operator
  }
}
