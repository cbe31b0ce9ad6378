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
  /** Intervals in which both versions had traffic. */
  readonly intervals: number;
}

/**
 * One-sided sequential test of "the canary fails more often than stable", valid however often it is read (any-time-valid
 * count test, arXiv 2205.14762). Given an error, it is the canary's with probability p0 = rc/(rc+rs) when both are alike and
 * p_r = rc·r/(rc·r+rs) when the canary's rate is r times stable's; log Λ_r adds ec·ln(p_r/p0) + es·ln((1−p_r)/(1−p0)) per
 * interval, divided by the overdispersion φ. Alarm when the mean of Λ_r over `RATIOS` reaches 1/alpha.
 *
 * Example: rc = 20, rs = 180, ec = 4, es = 0, φ = 1: Λ_10 = (0.526/0.1)^4 ≈ 767; the mean passes 50 (alpha = 0.02).
 */
export function sequentialTest(
  candidate: readonly IntervalCounts[],
  stable: readonly IntervalCounts[],
  alpha: number,
): SequentialResult {
  const stableByStart = new Map(stable.map((interval) => [interval.start, interval]));
  const overdispersion = overdispersionOf(stable);
  const logs = RATIOS.map(() => 0);
  let intervals = 0;
  for (const { start, requests: rc, errors: ec } of candidate) {
    const other = stableByStart.get(start);
    if (other === undefined || rc === 0 || other.requests === 0) continue;
    intervals += 1;
    const rs = other.requests;
    const p0 = rc / (rc + rs);
    RATIOS.forEach((ratio, index) => {
      const pr = (rc * ratio) / (rc * ratio + rs);
      const gain = ec * Math.log(pr / p0) + other.errors * Math.log((1 - pr) / (1 - p0));
      logs[index] = (logs[index] ?? 0) + gain / overdispersion;
    });
  }
  const evidence = logs.reduce((sum, log) => sum + Math.exp(Math.min(log, 700)), 0) / RATIOS.length;
  return { evidence, threshold: 1 / alpha, alarm: evidence >= 1 / alpha, overdispersion, intervals };
}

/** Variance over mean of stable's errors per interval; 1 where errors come independently, more where they come in bursts. */
function overdispersionOf(stable: readonly IntervalCounts[]): number {
  if (stable.length < 2) return 1;
  const mean = stable.reduce((sum, interval) => sum + interval.errors, 0) / stable.length;
  if (mean === 0) return 1;
  const variance = stable.reduce((sum, interval) => sum + (interval.errors - mean) ** 2, 0) / (stable.length - 1);
  return Math.max(1, variance / mean);
}
