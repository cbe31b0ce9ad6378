import { type Result, err, ok } from '../../kernel/index.ts';
import { type Say, type TextKey, guardText } from '../texts/index.ts';
import type { JsonObject } from '../review/review.ts';

/** Something about an object that makes it unreadable: answered with 422. */
export interface ObjectFault {
  /** `spec.replicas`. */
  readonly path: string;
  /** In English; `tellFault` tells it in other languages. */
  readonly message: string;
  readonly text: TextKey;
  readonly received: string;
}

const NOTHING: JsonObject = Object.freeze({});
/** Characters of a name of Kubernetes. A longer one would be kept and told many times over. */
const LONGEST_NAME = 253;
/** Kubernetes keeps these numbers as int32. */
const LARGEST = 2 ** 31 - 1;
const english = guardText('en');

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object at a field; one without fields where there is none. */
export function objectAt(parent: JsonObject, field: string): JsonObject {
  const value = parent[field];
  return isObject(value) ? value : NOTHING;
}

/** The objects of a list; whatever else stands in it is left out. */
export function objectsAt(parent: JsonObject, field: string): readonly JsonObject[] {
  const value = parent[field];
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** The text at a field; `null` where there is none, or an empty one. */
export function textAt(parent: JsonObject, field: string): string | null {
  const value = parent[field];
  return typeof value === 'string' && value !== '' ? value : null;
}

/** A number of replicas: whole, 0 to 2³¹−1; `missing` where none is given. */
export function countAt(
  parent: JsonObject,
  field: string,
  of: { readonly path: string; readonly missing: number },
): Result<number, ObjectFault> {
  const value = parent[field];
  if (value === undefined || value === null) return ok(of.missing);
  const isCount = typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= LARGEST;
  return isCount ? ok(value) : err(fault(of.path, 'faultWholeNumber', value));
}

/** A name that Kubernetes could never have given. */
export function isTooLong(name: string): boolean {
  return name.length > LONGEST_NAME;
}

export function fault(path: string, text: TextKey, value: unknown): ObjectFault {
  const received = shown(value);
  return { path, message: english(text, { received }), text, received };
}

export function tellFault({ text, received }: ObjectFault, say: Say): string {
  return say(text, { received });
}

/** Never the content of an object or a list: it may be large, deep or secret. */
function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (Array.isArray(value)) return '[…]';
  if (isObject(value)) return '{…}';
  return String(value);
}
