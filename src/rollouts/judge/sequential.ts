import type { IntervalCounts } from '../port.ts';

/** Ratios of the canary's error rate to stable's that are tested together. */
export const RATIOS = [1.5, 2, 3, 5, 10] as const;

export interface SequentialResult {
  /** Mean likelihood ratio; the alarm is at `1/alpha`. */
  readonly evidence: number;
  readonly threshold: number;
  readonly alarm: boolean;
  /** Overdispersion of stable's errors per interval, at least 1. */
  readonly overdispersion: number;
  /** Intervals that could be compared; 0 means that the test has nothing to say. */
  readonly intervals: number;
}

export interface SequentialOptions {
  readonly alpha: number;
  /** Epoch milliseconds where the comparison begins; what stable did before only tells its usual rate. */
  readonly from: number;
  /** Milliseconds of one interval of the test. Finer readings are summed up, so that both versions have requests in it. */
  readonly interval: number;
}

interface Pair {
  readonly requests: number;
  readonly errors: number;
  readonly stableRequests: number;
  readonly stableErrors: number;
}

/**
 * One-sided sequential test of "the canary fails more often than stable", valid however often it is read (any-time-valid
 * count test, arXiv 2205.14762). Given an error, it is the canary's with probability p0 = rc/(rc+rs) when both are alike and
 * p_r = rc·r/(rc·r+rs) when the canary's rate is r times stable's; log Λ_r adds ec·ln(p_r/p0) + es·ln((1−p_r)/(1−p0)) per
 * interval, divided by the overdispersion φ. Alarm when the mean of Λ_r over `RATIOS` reaches 1/alpha.
 *
 * Example: rc = 20, rs = 180, ec = 4, es = 0, φ = 1: Λ_10 = (0.526/0.1)^4 ≈ 767; the mean passes 50 (alpha = 0.02).
 *
 * Intervals in which only the canary had requests (it has all the traffic) have no counterpart. Together they are compared
 * with everything that stable is known to have done, so that baking is not blind.
 */
export function sequentialTest(
  candidate: readonly IntervalCounts[],
  stable: readonly IntervalCounts[],
  { alpha, from, interval }: SequentialOptions,
): SequentialResult {
  const mine = windowsOf(
    candidate.filter(({ start }) => start >= from),
    interval,
  );
  const theirs = windowsOf(stable, interval);
  const pairs: Pair[] = [];
  let alone = { requests: 0, errors: 0 };
  for (const [window, { requests, errors }] of mine) {
    const other = theirs.get(window);
    if (requests === 0) continue;
    if (other === undefined || other.requests === 0) {
      alone = { requests: alone.requests + requests, errors: alone.errors + errors };
    } else {
      pairs.push({ requests, errors, stableRequests: other.requests, stableErrors: other.errors });
    }
  }
  const all = [...theirs.values()];
  const stableRequests = all.reduce((sum, window) => sum + window.requests, 0);
  const stableErrors = all.reduce((sum, window) => sum + window.errors, 0);
  if (alone.requests > 0 && stableRequests > 0) pairs.push({ ...alone, stableRequests, stableErrors });
  const overdispersion = overdispersionOf(all.map(({ errors }) => errors));
  const evidence = evidenceOf(pairs, overdispersion);
  return { evidence, threshold: 1 / alpha, alarm: evidence >= 1 / alpha, overdispersion, intervals: pairs.length };
}

/** Requests and errors summed up per window of `interval` milliseconds. */
function windowsOf(intervals: readonly IntervalCounts[], interval: number) {
  const windows = new Map<number, { requests: number; errors: number }>();
  for (const { start, requests, errors } of intervals) {
    const window = Math.floor(start / interval);
    const sum = windows.get(window) ?? { requests: 0, errors: 0 };
    windows.set(window, { requests: sum.requests + requests, errors: sum.errors + errors });
  }
  return windows;
}

function evidenceOf(pairs: readonly Pair[], overdispersion: number): number {
  const likelihoods = RATIOS.map((ratio) => {
    let log = 0;
    for (const { requests, errors, stableRequests, stableErrors } of pairs) {
      const p0 = requests / (requests + stableRequests);
      const pr = (requests * ratio) / (requests * ratio + stableRequests);
      log += (errors * Math.log(pr / p0) + stableErrors * Math.log((1 - pr) / (1 - p0))) / overdispersion;
    }
    return Math.exp(Math.min(log, 700));
  });
  return likelihoods.reduce((sum, likelihood) => sum + likelihood, 0) / RATIOS.length;
}

/** Variance over mean of stable's errors per interval; 1 where errors come independently, more where they come in bursts. */
function overdispersionOf(errors: readonly number[]): number {
  if (errors.length < 2) return 1;
  const mean = errors.reduce((sum, count) => sum + count, 0) / errors.length;
  if (mean === 0) return 1;
  const variance = errors.reduce((sum, count) => sum + (count - mean) ** 2, 0) / (errors.length - 1);
  return Math.max(1, variance / mean);
}
