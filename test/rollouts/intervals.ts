import { type IntervalCounts, LATENCY_BOUNDS } from '../../src/rollouts/port.ts';
import { SECOND } from './plans.ts';

/** One interval of `seconds` that begins `at` milliseconds after the beginning. */
export function interval(
  at: number,
  counts: { readonly requests: number; readonly errors?: number; readonly latencies?: readonly number[] },
  seconds = 1,
): IntervalCounts {
  const { requests, errors = 0, latencies = [] } = counts;
  return { start: at, end: at + seconds * SECOND, requests, errors, latency: histogram(latencies) };
}

export function histogram(latencies: readonly number[]): readonly number[] {
  const counts = Array.from({ length: LATENCY_BOUNDS.length + 1 }, () => 0);
  for (const latency of latencies) {
    const bucket = LATENCY_BOUNDS.findIndex((bound) => latency <= bound);
    const index = bucket === -1 ? LATENCY_BOUNDS.length : bucket;
    counts[index] = (counts[index] ?? 0) + 1;
  }
  return counts;
}

/** Numbers from 0 to below 1 that are the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export interface Traffic {
  readonly from: number;
  readonly seconds: number;
  /** Requests per second of this version. */
  readonly rate: number;
  readonly errorShare: number;
}

/** Traffic of one version in intervals of ten seconds: Poisson arrivals, independent errors. */
export function traffic(random: () => number, { from, seconds, rate, errorShare }: Traffic): readonly IntervalCounts[] {
  const width = 10;
  return Array.from({ length: Math.round(seconds / width) }, (_, index) => {
    const requests = poisson(random, rate * width);
    let errors = 0;
    for (let request = 0; request < requests; request += 1) if (random() < errorShare) errors += 1;
    return interval(from + index * width * SECOND, { requests, errors }, width);
  });
}

function poisson(random: () => number, mean: number): number {
  if (mean > 30) return poisson(random, 30) + poisson(random, mean - 30);
  const limit = Math.exp(-mean);
  let count = -1;
  for (let product = 1; product > limit; product *= random()) count += 1;
  return count;
}
