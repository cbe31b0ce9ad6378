/** Names in lower case. `headersDistinct` of a request keeps repeated headers exact; with `headers` they are refused. */
export type SignedHeaderFields = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface QueryParameter {
  readonly name: string;
  readonly value: string;
}

const UNRESERVED = /^[\w.~-]*$/;
const UNRESERVED_PATH = /^[\w.~/-]*$/;
const LEFT_BY_ENCODE_URI_COMPONENT = /[!'()*]/g;

/** Percent-encoding of everything that RFC 3986 does not call unreserved, in upper-case digits. */
export function encodeStrictly(text: string): string {
  if (UNRESERVED.test(text)) return text;
  const encoded = encodeURIComponent(text.toWellFormed());
  return encoded.replace(
    LEFT_BY_ENCODE_URI_COMPONENT,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/**
 * Path of the canonical request for every service but S3: without empty and dot segments, and encoded once more than it was
 * sent (so `%3A` is `%253A`).
 */
export function canonicalPath(path: string): string {
  if (path === '') return '/';
  const normal = path.includes('//') || path.includes('/.') ? normalise(path) : path;
  return UNRESERVED_PATH.test(normal) ? normal : normal.split('/').map(encodeStrictly).join('/');
}

function normalise(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop();
    else if (segment !== '' && segment !== '.') kept.push(segment);
  }
  return kept.length === 0 ? '/' : `/${kept.join('/')}${path.endsWith('/') ? '/' : ''}`;
}

/** Decoded parameters in the order they were sent. `+` is a plus: AWS wants spaces as `%20`. */
export function parseQuery(query: string): readonly QueryParameter[] {
  if (query === '') return [];
  const parameters: QueryParameter[] = [];
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    parameters.push({
      name: decodeIfPossible(equals === -1 ? pair : pair.slice(0, equals)),
      value: equals === -1 ? '' : decodeIfPossible(pair.slice(equals + 1)),
    });
  }
  return parameters;
}

function decodeIfPossible(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Sorted by name, then by value, in the order of code points. `without` names the parameter that holds the signature itself. */
export function canonicalQuery(parameters: readonly QueryParameter[], without: string | null): string {
  if (parameters.length === 0) return '';
  const encoded = parameters
    .filter(({ name }) => name !== without)
    .map(({ name, value }) => ({ name: encodeStrictly(name), value: encodeStrictly(value) }));
  encoded.sort((a, b) => compare(a.name, b.name) || compare(a.value, b.value));
  return encoded.map(({ name, value }) => `${name}=${value}`).join('&');
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** A header as text, its repetitions joined with commas. Undefined when the request has none of that name. */
export function headerOf(headers: SignedHeaderFields, name: string): string | undefined {
  const value: unknown = headers[name];
  if (typeof value === 'string') return value;
  // `name` is the caller's: `constructor` and the like are no headers
  return Array.isArray(value) ? value.map((each) => trimmed(String(each))).join(',') : undefined;
}

/** Outer white space goes, inner white space is one space. */
export function trimmed(value: string): string {
  const text = value.trim();
  return text.includes('  ') || text.includes('\t') ? text.replace(/\s+/g, ' ') : text;
}
