import type { z } from 'zod';
import { type Path, formatPath } from '../faults.ts';
import { nearest } from '../nearest.ts';
import { type ReadContext, isSection } from './context.ts';
import { knownKeys } from './fields.ts';
import { type Issue, addIssues, addUnknownKey, meantForm, valueAt } from './issues.ts';

interface UnknownKey {
  readonly path: Path;
  readonly known: readonly string[];
}

/**
 * Reads what stands at `path` with a schema and adds all of its faults. Unknown keys are told and then left out, so
 * that a typo in one place does not hide the faults of another. Returns `undefined` when there is no usable value.
 */
export function readSection<T extends z.ZodType>(
  context: ReadContext,
  schema: T,
  path: Path,
  given: unknown = valueAt(context.document.value, path),
): z.output<T> | undefined {
  const value = withoutNotes(given);
  const first = schema.safeParse(value);
  if (first.success) return first.data;
  const unknown = unknownKeys(first.error.issues, value, []);
  for (const key of unknown) {
    const full = [...path, ...key.path];
    addUnknownKey(context, full, key.known);
    const meant = nearest(String(full.at(-1)), key.known);
    if (meant !== undefined) context.misspelt.add(formatPath([...full.slice(0, -1), meant]));
  }
  const second = schema.safeParse(withoutKeys(value, unknown));
  if (second.success) return second.data;
  addIssues(context, second.error.issues, path);
  return undefined;
}

function unknownKeys(issues: readonly Issue[], root: unknown, base: Path): readonly UnknownKey[] {
  return issues.flatMap((issue) => {
    const path: Path = [...base, ...(issue.path as (string | number)[])];
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({ path: [...path, key], known: knownKeys(issue) }));
    }
    if (issue.code !== 'invalid_union') return [];
    return unknownKeys(meantForm(issue, valueAt(root, path)) ?? [], root, path);
  });
}

/** Without the keys that start with `x-`. Variables of a process are the author's own names and stay. */
function withoutNotes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNotes);
  if (!isSection(value)) return value;
  const kept = Object.entries(value).filter(([key]) => !key.startsWith('x-'));
  return Object.fromEntries(kept.map(([key, inner]) => [key, key === 'environment' ? inner : withoutNotes(inner)]));
}

function withoutKeys(value: unknown, keys: readonly UnknownKey[]): unknown {
  const copy: unknown = structuredClone(value);
  for (const { path } of keys) {
    const around = valueAt(copy, path.slice(0, -1));
    if (isSection(around)) Reflect.deleteProperty(around, String(path.at(-1)));
  }
  return copy;
}
