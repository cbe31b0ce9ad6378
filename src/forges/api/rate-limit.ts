/** For limits that name no time; GitHub asks for at least a minute. */
const UNNAMED_MS = 60_000;
const SECONDARY = /secondary rate limit|abuse detection/i;

/**
 * When a forge takes requests again, in epoch milliseconds of our clock; null when the answer is not about a limit. GitHub says
 * 403 for limits and for missing permissions alike; only the former has `retry-after`, no requests left, or says so.
 */
export function limitedUntil(
  answer: { readonly status: number; readonly headers: Headers; readonly reason: string },
  now: number,
): number | null {
  const { status, headers, reason } = answer;
  if (status !== 429 && status !== 403) return null;
  const after = retryAfterMs(headers, now);
  if (after !== null) return now + after;
  const exhausted = headers.get('x-ratelimit-remaining') === '0';
  if (status === 403 && !exhausted && !SECONDARY.test(reason)) return null;
  const reset = exhausted || status === 429 ? resetMs(headers, now) : null;
  return now + (reset ?? UNNAMED_MS);
}

/** Milliseconds that `retry-after` asks for, given in seconds or as a date. */
export function retryAfterMs(headers: Headers, now: number): number | null {
  const value = headers.get('retry-after');
  if (value === null) return null;
  if (/^\d+$/.test(value.trim())) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? null : Math.max(0, at - forgeNow(headers, now));
}

function resetMs(headers: Headers, now: number): number | null {
  const reset = Number(headers.get('x-ratelimit-reset') ?? headers.get('ratelimit-reset') ?? Number.NaN);
  if (!Number.isFinite(reset)) return null;
  return Math.max(0, reset * 1000 - forgeNow(headers, now));
}

/** Times of limits are of the forge's clock, which its answer tells. */
function forgeNow(headers: Headers, now: number): number {
  const date = Date.parse(headers.get('date') ?? '');
  return Number.isNaN(date) ? now : date;
}
