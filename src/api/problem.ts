import { STATUS_CODES } from 'node:http';
import { type FunadeError, type Language, describeError, LANGUAGES } from '../kernel/index.ts';
import type { ProblemView } from './contract/index.ts';

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/** An error as RFC 9457 problem details, in the reader's language. */
export function problemOf(error: FunadeError, language: Language): ProblemView {
  const { message, fix } = describeError(error, language);
  return {
    type: `urn:funade:error:${error.code}`,
    title: STATUS_CODES[error.status] ?? 'Error',
    status: error.status,
    code: error.code,
    detail: message,
    fix,
    errors: error.faults.map((fault) => ({ ...fault })),
    next: error.next.map((command) => ({ ...command })),
  };
}

/** The first language of an `Accept-Language` header that Funade speaks, by weight; else `fallback`. */
export function preferredLanguage(header: string | undefined, fallback: Language): Language {
  if (header === undefined) return fallback;
  const wanted = header
    .split(',')
    .map((part) => {
      const [tag = '', ...parameters] = part.trim().toLowerCase().split(';');
      const weight = parameters.map((text) => text.trim()).find((text) => text.startsWith('q='));
      return { tag: tag.split('-')[0] ?? '', weight: weight === undefined ? 1 : Number(weight.slice(2)) };
    })
    .filter(({ weight }) => weight > 0)
    .sort((left, right) => right.weight - left.weight);
  for (const { tag } of wanted) {
    const known = LANGUAGES.find((language) => language === tag);
    if (known !== undefined) return known;
  }
  return fallback;
}

/** Headers that belong to an error whatever carries it. */
export function headersOf(error: FunadeError): Readonly<Record<string, string>> {
  const common = { 'content-type': PROBLEM_TYPE, 'cache-control': 'no-store' };
  if (error.status === 401) return { ...common, 'www-authenticate': 'Bearer realm="funade"' };
  if (error.status === 405) return { ...common, allow: String(error.values['allowed'] ?? '') };
  if (error.status === 429) return { ...common, 'retry-after': String(error.values['seconds'] ?? 60) };
  if (error.status === 503) return { ...common, 'retry-after': '5' };
  return common;
}
