const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const WHOLE = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/;
const PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/g;

/**
 * Milliseconds of a duration such as `500ms`, `10s`, `1h30m` or `7d`.
 * Returns `undefined` when the text is not a duration; a bare number has no unit and is not one.
 */
export function parseDuration(text: string): number | undefined {
  if (!WHOLE.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(PART)) total += Number(amount) * UNITS[unit as keyof typeof UNITS];
  return Math.round(total);
}

/** The two largest units of a duration: `450ms`, `12s`, `3m 20s`, `2h 5m`, `7d`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 0) return `-${formatDuration(-milliseconds)}`;
  if (milliseconds < 1000) return `${Math.round(milliseconds)}ms`;
  if (milliseconds < 10_000) return `${Math.floor(milliseconds / 100) / 10}s`.replace('.0s', 's');
  const units = [
    ['d', UNITS.d],
    ['h', UNITS.h],
    ['m', UNITS.m],
    ['s', UNITS.s],
  ] as const;
  const start = units.findIndex(([, size]) => milliseconds >= size);
  let rest = Math.floor(milliseconds / UNITS.s) * UNITS.s;
  const parts: string[] = [];
  for (const [name, size] of units.slice(start, start + 2)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count}${name}`);
  }
  return parts.join(' ');
}
