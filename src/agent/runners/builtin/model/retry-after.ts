const LONGEST_WAIT = 24 * 60 * 60_000;

/** When the endpoint may be asked again, epoch milliseconds, from `Retry-After` in seconds or as a date; null when it does not say. */
export function retryAt(headers: Readonly<Record<string, string>> | undefined, now: number): number | null {
  const wait = waitOf(headers?.['retry-after-ms'], headers?.['retry-after'], now);
  if (wait === null || Number.isNaN(wait)) return null;
  return now + Math.min(Math.max(wait, 0), LONGEST_WAIT);
}

function waitOf(exact: string | undefined, plain: string | undefined, now: number): number | null {
  if (exact !== undefined && /^\d+(\.\d+)?$/.test(exact.trim())) return Math.ceil(Number(exact));
  if (plain === undefined) return null;
  if (/^\d+(\.\d+)?$/.test(plain.trim())) return Math.ceil(Number(plain) * 1000);
  return Date.parse(plain) - now;
}
