import { objectAt, objectsAt, textAt } from '../objects/field.ts';
import type { JsonObject } from '../review/review.ts';

type Labels = Readonly<Record<string, string>>;

/** Whether a label selector (`matchLabels` and `matchExpressions`) selects these labels; what can't be read selects nothing. */
export function selects(selector: JsonObject, labels: Labels): boolean {
  const wanted = Object.entries(objectAt(selector, 'matchLabels'));
  if (!wanted.every(([name, value]) => valueOf(labels, name) === value)) return false;
  return objectsAt(selector, 'matchExpressions').every((expression) => holds(expression, labels));
}

/** Whether two selectors are written alike. Reads no deeper than a selector goes: what a user sends may be nested without end. */
export function selectsTheSame(one: JsonObject, other: JsonObject): boolean {
  return writtenFlat(one) === writtenFlat(other);
}

function writtenFlat(selector: JsonObject): string {
  const labels = Object.entries(objectAt(selector, 'matchLabels')).map(([name, value]) => [name, textOf(value)]);
  const expressions = objectsAt(selector, 'matchExpressions').map(({ key, operator, values }) => [
    textOf(key),
    textOf(operator),
    Array.isArray(values) ? values.map(textOf) : null,
  ]);
  return JSON.stringify([labels.toSorted(), expressions]);
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function holds(expression: JsonObject, labels: Labels): boolean {
  const key = textAt(expression, 'key');
  if (key === null) return false;
  const value = valueOf(labels, key);
  const values: unknown = expression['values'];
  const isListed = value !== undefined && Array.isArray(values) && values.includes(value);
  switch (expression['operator']) {
    case 'In':
      return isListed;
    case 'NotIn':
      return !isListed;
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      return false;
  }
}

/** Labels may be named like something that every object has: `constructor`. */
function valueOf(labels: Labels, name: string): string | undefined {
  return Object.hasOwn(labels, name) ? labels[name] : undefined;
}
