import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { histogram, interval } from '../../../test/rollouts/intervals.ts';
import { LATENCY_BOUNDS } from '../port.ts';
import { quantile, sumCounts, valueOf } from './counts.ts';

describe('quantile', () => {
  test('of nothing is nothing', () => {
    expect(quantile(histogram([]), 0.95)).toBeNull();
  });

  test('is linear within its bucket (worked example)', () => {
    // 10 of 20–30 ms, 10 of 30–50 ms: the 15th of 20 lies in the middle of 30–50.
    const latency = histogram([...Array<number>(10).fill(25), ...Array<number>(10).fill(40)]);
    expect(quantile(latency, 0.5)).toBe(30);
    expect(quantile(latency, 0.75)).toBe(40);
    expect(quantile(latency, 1)).toBe(50);
    expect(quantile(latency, 0)).toBe(20);
  });

  test('above the last bound is at least that bound', () => {
    expect(quantile(histogram([40_000, 50_000]), 0.5)).toBe(30_000);
  });

  test('lies in the same bucket as the value that sorting finds', () => {
    const latencies = fc.array(fc.double({ min: 0.001, max: 29_999, noNaN: true }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(latencies, fc.constantFrom(0.5, 0.9, 0.95, 0.99, 1), (values, q) => {
        const exact = values.toSorted((a, b) => a - b)[Math.ceil(q * values.length) - 1] ?? 0;
        const upper = LATENCY_BOUNDS.find((bound) => exact <= bound) ?? Infinity;
        const lower = LATENCY_BOUNDS[LATENCY_BOUNDS.findIndex((bound) => exact <= bound) - 1] ?? 0;
        const estimate = quantile(histogram(values), q) ?? NaN;
        expect(estimate).toBeGreaterThanOrEqual(lower);
        expect(estimate).toBeLessThanOrEqual(upper);
      }),
      { numRuns: 300 },
    );
  });
});

describe('values', () => {
  const counts = sumCounts([
    interval(0, { requests: 3, errors: 1, latencies: [4, 4, 90] }),
    interval(1000, { requests: 1, errors: 0, latencies: [4] }),
  ]);

  test('intervals are summed up bucket by bucket', () => {
    expect(counts).toEqual({ requests: 4, errors: 1, latency: histogram([4, 4, 4, 90]) });
  });

  test.each([
    ['error-rate', 0.25],
    ['requests-per-second', 2],
    ['latency-p50', 3 + (2 / 3) * 2],
    ['latency-p99', 75 + 0.96 * 25],
  ])('%s of four requests in two seconds', (metric, expected) => {
    expect(valueOf(metric, counts, 2000)).toBeCloseTo(expected, 9);
  });

  test.each(['error-rate', 'latency-p95', 'no-such-metric'])('%s has no value without a request', (metric) => {
    expect(valueOf(metric, sumCounts([]), 1000)).toBeNull();
  });

  test('an unknown metric has no value', () => {
    expect(valueOf('no-such-metric', counts, 1000)).toBeNull();
  });
});
