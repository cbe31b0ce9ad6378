import { type IntervalCounts, LATENCY_BOUNDS } from '../port.ts';

export interface Counts {
  readonly requests: number;
  readonly errors: number;
  readonly latency: readonly number[];
}

/** Sums intervals bucket by bucket. */
export function sumCounts(intervals: readonly IntervalCounts[]): Counts {
  const latency = Array.from({ length: LATENCY_BOUNDS.length + 1 }, () => 0);
  let requests = 0;
  let errors = 0;
  for (const interval of intervals) {
    requests += interval.requests;
    errors += interval.errors;
    interval.latency.forEach((count, index) => {
      latency[index] = (latency[index] ?? 0) + count;
    });
  }
  return { requests, errors, latency };
}

/**
 * Quantile of a latency histogram in milliseconds, linear within the bucket; null when it is empty. In the open last bucket
 * the highest bound is returned, so the true value is at least that.
 */
export function quantile(latency: readonly number[], q: number): number | null {
  const total = latency.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  const rank = q * total;
  let below = 0;
  for (const [index, count] of latency.entries()) {
    const lower = index === 0 ? 0 : (LATENCY_BOUNDS[index - 1] ?? 0);
    const upper = LATENCY_BOUNDS[index];
    if (upper === undefined) return lower;
    if (below + count >= rank && count > 0) return lower + ((rank - below) / count) * (upper - lower);
    below += count;
  }
  return LATENCY_BOUNDS.at(-1) ?? null;
}

/** Value of a built-in metric in a window of `milliseconds`; null when it has none (no request, unknown name). */
export function valueOf(metric: string, counts: Counts, milliseconds: number): number | null {
  if (metric === 'requests-per-second') return milliseconds > 0 ? (counts.requests * 1000) / milliseconds : null;
  if (counts.requests === 0) return null;
  if (metric === 'error-rate') return counts.errors / counts.requests;
  const percentile = /^latency-p(\d+)$/.exec(metric)?.[1];
  return percentile === undefined ? null : quantile(counts.latency, Number(percentile) / 100);
}
