/** What the caller needs to get the answer and to make use of it. */
const MARGIN_MS = 300;
const NANOSECONDS = { ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 } as const;
const WHOLE = /^\+?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/;
const PART = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g;

/** Milliseconds of a duration as Go writes it (`5s`, `1m30s`, `1.5h`), or `null` when it is none or not above zero. */
export function parseGoDuration(text: string): number | null {
  if (text.length > 40 || !WHOLE.test(text)) return null;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(PART)) total += Number(amount) * NANOSECONDS[unit as 'ns'];
  return total > 0 && Number.isFinite(total) ? total / 1e6 : null;
}

/**
 * Milliseconds for a decision: the smaller of what is configured and what the caller waits (`?timeout=`), less what the way
 * takes. A caller that waits very little is given half of it.
 */
export function decisionTime(url: string, configuredMs: number): number {
  const asked = timeoutOf(url);
  const limit = asked === null ? configuredMs : Math.min(configuredMs, asked);
  return Math.max(limit - MARGIN_MS, limit / 2);
}

function timeoutOf(url: string): number | null {
  const at = url.indexOf('?');
  if (at === -1) return null;
  const text = new URLSearchParams(url.slice(at + 1)).get('timeout');
  return text === null ? null : parseGoDuration(text);
}

/** `decisionTime`, for callers that ask with the same address over and over. */
export function createDecisionTimes(configuredMs: number): (url: string) => number {
  let lastUrl = '';
  let last = decisionTime(lastUrl, configuredMs);
  return (url) => {
    if (url === lastUrl) return last;
    lastUrl = url;
    last = decisionTime(url, configuredMs);
    return last;
  };
}
