const LONGEST_WAIT = 24 * 60 * 60_000;

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** When the endpoint may be asked again, epoch milliseconds, from `Retry-After` in seconds or as a date; null when it does not say. */
export function retryAt(headers: Headers | undefined, now: number): number | null {
  const wait = waitOf(one(headers?.['retry-after-ms']), one(headers?.['retry-after']), now);
  if (wait === null || Number.isNaN(wait)) return null;
  return now + Math.min(Math.max(wait, 0), LONGEST_WAIT);
}

function one(value: Headers[string]): string | undefined {
  return typeof value === 'string' ? value : value?.[0];
}

function waitOf(exact: string | undefined, plain: string | undefined, now: number): number | null {
  if (exact !== undefined && /^\d+(\.\d+)?$/.test(exact.trim())) return Math.ceil(Number(exact));
  if (plain === undefined) return null;
  if (/^\d+(\.\d+)?$/.test(plain.trim())) return Math.ceil(Number(plain) * 1000);
  return Date.parse(plain) - now;
}
