import type { z } from 'zod';
import { type Expected, type FaultKey, expectedTexts, faultTexts } from '../fault-texts.ts';
import { type Path, addWithNearest, formatPath } from '../faults.ts';
import { type ReadContext, isSection } from './context.ts';
import { nearest } from '../nearest.ts';
import { knownKeys } from './fields.ts';

const STEP_WORDS = ['pause', 'analyse'];

export type Issue = z.core.$ZodIssue;

/** How the value at a path is shown in a sentence: as it was written, or what kind of thing it is. */
export function found(context: ReadContext, path: Path, value: unknown): string {
  const { faults, document } = context;
  if (value === null || value === undefined) return faults.word('nothing');
  if (Array.isArray(value)) return faults.word('aList');
  if (typeof value === 'object') return faults.word('aSection');
  if (typeof value !== 'string') return document.source(path) ?? JSON.stringify(value);
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 59)}…` : value);
}

/** Adds a fault at the value of a path, with the value itself as `{found}` and `{source}`. */
export function addAt(
  context: ReadContext,
  fault: FaultKey,
  path: Path,
  values: Readonly<Record<string, string | number>> = {},
): void {
  const value = valueAt(context.document.value, path);
  const source = context.document.source(path) ?? '';
  context.faults.add(
    fault,
    { found: found(context, path, value), source, ...values },
    { path, place: context.document.place(path) },
  );
}

/** Turns what a schema found at `base` into faults with places. */
export function addIssues(context: ReadContext, issues: readonly Issue[], base: Path): void {
  for (const issue of issues) addIssue(context, issue, base);
}

function addIssue(context: ReadContext, issue: Issue, base: Path): void {
  const path: Path = [...base, ...issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))];
  const value = valueAt(context.document.value, path);
  if (isMisspelt(context, path) || (issue.code === 'custom' && hasMisspeltKey(context, path))) return;
  if (!context.document.has(path)) return addMissing(context, path, expectationOf(issue));
  switch (issue.code) {
    case 'unrecognized_keys':
      for (const key of issue.keys) addUnknownKey(context, [...path, key], knownKeys(issue));
      return;
    case 'invalid_union':
      return addUnion(context, issue, path, value);
    case 'invalid_value': {
      const known = issue.values.map(String);
      if (issue.message in expectedTexts) return addWrong(context, issue, path, value);
      const values = { found: found(context, path, value) };
      const word = isSection(value) || Array.isArray(value) ? '' : String(value);
      return addWithNearest(context.faults, 'unknownValue', {
        word,
        known,
        values,
        path,
        place: context.document.place(path),
      });
    }
    case 'too_small':
    case 'too_big':
      if (issue.origin === 'array') return addAt(context, 'tooFew', path);
      return addAt(context, 'outOfRange', path, { range: rangeOf(context, issue) });
    case 'custom':
      return addCustom(context, issue, path, value);
    default:
      return addWrong(context, issue, path, value);
  }
}

function isMisspelt(context: ReadContext, path: Path): boolean {
  return context.misspelt.has(formatPath(path));
}

/** Whether something below a path is there under a wrong name: then nothing can be said of what the section lacks. */
export function hasMisspeltKey(context: ReadContext, path: Path): boolean {
  const prefix = `${formatPath(path)}.`;
  return [...context.misspelt].some((key) => key.startsWith(prefix) && !/[.[]/.test(key.slice(prefix.length)));
}

function addMissing(context: ReadContext, path: Path, expected: Expected): void {
  const around = path.slice(0, -1);
  const words = context.faults.expected(expected).words;
  const values = { key: String(path.at(-1) ?? ''), section: sectionName(context, around), expected: words };
  context.faults.add('missingKey', values, { path, place: context.document.place(around, 'key') });
}

export function addUnknownKey(context: ReadContext, path: Path, known: readonly string[]): void {
  const key = String(path.at(-1));
  addWithNearest(context.faults, 'unknownKey', {
    word: key,
    known,
    values: { key, section: sectionName(context, path.slice(0, -1)) },
    path,
    place: context.document.place(path, 'key'),
  });
}

function sectionName(context: ReadContext, path: Path): string {
  return path.length === 0 ? context.faults.word('top') : formatPath(path);
}

function addWrong(context: ReadContext, issue: Issue, path: Path, value: unknown): void {
  addExpectation(context, expectationOf(issue), path, value);
}

function addExpectation(context: ReadContext, expected: Expected, path: Path, value: unknown): void {
  const scalar = typeof value === 'number' || typeof value === 'boolean';
  const isTime = expected === 'duration' || expected === 'pause';
  if (isTime && typeof value === 'number') return addAt(context, 'durationWithoutUnit', path);
  if (expected === 'text' && scalar) return addAt(context, 'numberAsText', path);
  const word = expected === 'canaryStep' && typeof value === 'string' ? nearest(value, STEP_WORDS) : undefined;
  if (word !== undefined) {
    return addAt(context, 'unknownValueNear', path, { known: STEP_WORDS.join(', '), nearest: word });
  }
  const { words, example } = context.faults.expected(expected);
  addAt(context, 'wrongValue', path, { expected: words, example });
}

function addUnion(context: ReadContext, issue: z.core.$ZodIssueInvalidUnion, path: Path, value: unknown): void {
  const meant = meantForm(issue, value);
  if (meant === undefined) return addWrong(context, issue, path, value);
  addIssues(context, meant, path);
}

/**
 * Of several forms that were allowed, the one whose kind (scalar, list, section) was written is what the author meant:
 * its faults are told, not those of the others.
 */
export function meantForm(issue: z.core.$ZodIssueInvalidUnion, value: unknown): readonly Issue[] | undefined {
  const meant = issue.errors.filter((issues) => !issues.some((inner) => isOtherKind(inner, value)));
  return meant.toSorted((a, b) => deepest(b) - deepest(a))[0];
}

function isOtherKind(issue: Issue, value: unknown): boolean {
  if (issue.path.length > 0) return false;
  if (issue.code === 'invalid_type') return true;
  if (issue.code === 'invalid_union') return meantForm(issue, value) === undefined;
  return issue.code === 'invalid_value' && typeof value !== 'string';
}

function deepest(issues: readonly Issue[]): number {
  return Math.max(0, ...issues.map((issue) => issue.path.length));
}

function addCustom(context: ReadContext, issue: z.core.$ZodIssueCustom, path: Path, value: unknown): void {
  const { fault, expected, values } = issue.params ?? {};
  if (isKeyOf(faultTexts, fault)) {
    const given = (values ?? {}) as Readonly<Record<string, string | number>>;
    // A fault about the name itself stands at the name.
    if ('key' in given) {
      return context.faults.add(fault, given, { path, place: context.document.place(path, 'key') });
    }
    if (fault !== 'outOfRange') return addAt(context, fault, path, given);
    return addAt(context, fault, path, { range: context.faults.word('from', given) });
  }
  addExpectation(context, isKeyOf(expectedTexts, expected) ? expected : expectationOf(issue), path, value);
}

function rangeOf(context: ReadContext, issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string {
  return issue.code === 'too_small'
    ? context.faults.word('atLeast', { min: String(issue.minimum) })
    : context.faults.word('atMost', { max: String(issue.maximum) });
}

/** Schemas carry the key of their expectation as message; a schema without one is described by its type. */
function expectationOf(issue: Issue): Expected {
  if (isKeyOf(expectedTexts, issue.message)) return issue.message;
  if (issue.code !== 'invalid_type') return 'text';
  switch (issue.expected) {
    case 'number':
      return 'number';
    case 'int':
      return 'integer';
    case 'boolean':
      return 'flag';
    case 'array':
      return 'list';
    case 'object':
    case 'record':
      return 'section';
    default:
      return 'text';
  }
}

function isKeyOf<T extends object>(table: T, key: unknown): key is keyof T & string {
  return typeof key === 'string' && Object.hasOwn(table, key);
}

export function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const part of path) {
    if (Array.isArray(value)) value = value[Number(part)];
    else if (isSection(value) && Object.hasOwn(value, part)) value = value[part];
    else return undefined;
  }
  return value;
}
