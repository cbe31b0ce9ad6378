const LONGEST = 300;
const TOKENS = /\b(?:gh[a-z]_\w{10,}|github_pat_\w{10,}|gl[a-z]{2,6}-[\w.-]{10,}|eyJ[\w-]{10,}\.[\w-]+\.[\w-]*)/g;
const SECRET_FIELDS = new Set(['secret', 'token', 'signing_token', 'password']);

/** What a forge's answer of 4xx or 5xx says, in one line, with the given secrets masked. */
export function reasonFrom(body: string, contentType: string, secrets: readonly string[]): string {
  const text = contentType.includes('html') ? '' : fromJson(body);
  return mask(text, secrets).replaceAll(/\s+/g, ' ').trim().slice(0, LONGEST);
}

function fromJson(body: string): string {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return body;
  }
  if (typeof value !== 'object' || value === null) return String(value);
  const answer = value as Readonly<Record<string, unknown>>;
  const parts = [answer['message'], answer['error'], answer['error_description'], answer['errors']];
  return [...new Set(parts.flatMap(texts))].join('; ');
}

/** GitHub nests `{message, code, field}`, GitLab `{field: [text]}`. */
function texts(value: unknown): readonly string[] {
  if (typeof value === 'string') return value === '' ? [] : [value];
  if (Array.isArray(value)) return value.flatMap(texts);
  if (typeof value !== 'object' || value === null) return [];
  const fault = value as Readonly<Record<string, unknown>>;
  if (typeof fault['message'] === 'string') return [fault['message']];
  if (typeof fault['code'] === 'string') return [[fault['field'], fault['code']].filter(Boolean).join(' ')];
  return Object.entries(fault).flatMap(([field, texts_]) => texts(texts_).map((text) => `${field} ${text}`));
}

export function mask(text: string, secrets: readonly string[]): string {
  const known = secrets.filter((secret) => secret.length >= 4);
  return known.reduce((masked, secret) => masked.replaceAll(secret, '***'), text).replaceAll(TOKENS, '***');
}

/** The secrets that a request carries: a forge may quote them when it refuses it. */
export function secretsOf(headers: Headers, body: string | null): readonly string[] {
  const authorization = headers.get('authorization')?.split(' ').at(-1);
  const found = [authorization, headers.get('private-token')];
  if (body !== null) found.push(...secretFields(body));
  return found.filter((secret) => secret != null);
}

function secretFields(body: string): readonly string[] {
  const found: string[] = [];
  try {
    JSON.parse(body, (key, value: unknown) => {
      if (SECRET_FIELDS.has(key) && typeof value === 'string') found.push(value);
      return value;
    });
  } catch {
    return [];
  }
  return found;
}
