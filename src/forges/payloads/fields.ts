/** A JSON object of a delivery. Everything in it is somebody's claim: read it only with the functions below. */
export type Payload = Readonly<Record<string, unknown>>;

/** Longest texts (UTF-16 units) and lists that are taken over from a payload; the rest is cut off. */
export const LIMITS = {
  name: 255,
  label: 255,
  title: 1000,
  url: 2048,
  comment: 65_536,
  message: 65_536,
  labels: 200,
  people: 100,
  commits: 1000,
} as const;

export function asObject(value: unknown): Payload | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Payload) : undefined;
}

export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A text that PostgreSQL can hold (no NUL, no half of a surrogate pair), at most `limit` long; anything else is undefined. */
export function asText(value: unknown, limit: number = LIMITS.name): string | undefined {
  if (typeof value !== 'string') return undefined;
  const text = value.length > limit ? value.slice(0, limit).replace(/[\ud800-\udbff]$/, '') : value;
  return text.replaceAll('\0', '').toWellFormed();
}

/** What people call an issue or change: a positive number that JavaScript can tell from its neighbours. */
export function asNumber(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : undefined;
}

/** An id of the forge as text; null for anything that is none. */
export function asId(value: unknown): string | null {
  if (typeof value === 'string') return /^[1-9]\d{0,19}$/.test(value) ? value : null;
  return asNumber(value)?.toString() ?? null;
}

/** The address of a page; anything that a browser would not open as one is undefined. */
export function asUrl(value: unknown): string | undefined {
  const url = asText(value, LIMITS.url);
  return url !== undefined && /^https?:\/\/[^\s"'<>\\]+$/i.test(url) && URL.canParse(url) ? url : undefined;
}

const TIME = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?) ?(Z|UTC|[+-]\d{2}:?\d{2})$/;

/** Epoch milliseconds of `2026-01-02T03:04:05Z`, `2026-01-02 03:04:05 UTC` or with an offset; null for anything else. */
export function asTime(value: unknown): number | null {
  const [, date, time, zone] = TIME.exec(asText(value) ?? '') ?? [];
  if (date === undefined || time === undefined || zone === undefined) return null;
  const at = Date.parse(`${date}T${time}${zone === 'UTC' ? 'Z' : zone}`);
  return Number.isNaN(at) ? null : at;
}

const SHA = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/** A commit id, null for the all-zero id that stands for "nothing", undefined for anything else. */
export function asSha(value: unknown): string | null | undefined {
  if (typeof value !== 'string' || !SHA.test(value)) return undefined;
  return /^0+$/.test(value) ? null : value;
}

/** The texts under a key of the objects of a list, each once and none empty. */
export function namesOf(list: unknown, key: 'name' | 'title'): readonly string[] {
  const names = new Set<string>();
  for (const each of asList(list)) {
    const name = asText(asObject(each)?.[key], LIMITS.label);
    if (name !== undefined && name !== '') names.add(name);
  }
  return [...names];
}

/** Host with its port of an address of a page, or null. */
export function hostOf(url: unknown): string | null {
  const text = asText(url, LIMITS.url);
  if (text === undefined || !URL.canParse(text)) return null;
  const { host } = new URL(text);
  return host === '' ? null : host;
}
