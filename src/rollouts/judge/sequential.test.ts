import { describe, expect, test } from 'vitest';
import { interval, randomFrom, traffic } from '../../../test/rollouts/intervals.ts';
import { MINUTE, SECOND } from '../../../test/rollouts/plans.ts';
import { sequentialTest } from './sequential.ts';

const OPTIONS = { alpha: 0.02, from: 0, interval: 10 * SECOND };

describe('the arithmetic', () => {
  test('four errors in 20 requests against none in 180 raise the alarm (worked example)', () => {
    const result = sequentialTest(
      [interval(0, { requests: 20, errors: 4 })],
      [interval(0, { requests: 180, errors: 0 })],
      OPTIONS,
    );
    // Λ_r = (p_r/p0)^4 with p0 = 0.1 and p_r = 20r/(20r+180): 1.5 → 4.2, 2 → 10.9, 3 → 39.1, 5 → 162.7, 10 → 767.3.
    expect(result.evidence).toBeCloseTo((4.1699 + 10.9277 + 39.0625 + 162.6926 + 767.3281) / 5, 0);
    expect(result).toMatchObject({ threshold: 50, alarm: true, overdispersion: 1, intervals: 1 });
  });

  test('the same share of errors on both sides is evidence against an alarm', () => {
    const both = [interval(0, { requests: 100, errors: 10 })];
    expect(sequentialTest(both, both, OPTIONS).evidence).toBeLessThan(1);
  });

  test('it is one-sided: a canary that fails less often never raises an alarm', () => {
    const stable = [interval(0, { requests: 1000, errors: 300 })];
    expect(sequentialTest([interval(0, { requests: 1000, errors: 1 })], stable, OPTIONS).alarm).toBe(false);
  });

  test('errors of stable that come in bursts count for less', () => {
    const bursts = [0, 0, 40, 0, 0, 40].map((errors, index) => interval(index * 10_000, { requests: 180, errors }));
    const canary = bursts.map(({ start }) => interval(start, { requests: 20, errors: 4 }));
    const result = sequentialTest(canary, bursts, OPTIONS);
    // Mean 13.3, variance 426.7: φ = 32.
    expect(result.overdispersion).toBeCloseTo(32, 5);
    expect(result.alarm).toBe(false);
  });

  test('readings that are finer than the interval are summed up, so that sparse traffic can be compared', () => {
    // One request a second: never both versions in the same second, always both in the same ten.
    const canary = [0, 2, 4, 6, 8].map((at) => interval(at * SECOND, { requests: 1, errors: 1 }));
    const stable = [1, 3, 5, 7, 9].map((at) => interval(at * SECOND, { requests: 1, errors: 0 }));
    const result = sequentialTest(canary, stable, OPTIONS);
    expect(result.intervals).toBe(1);
    expect(result.evidence).toBeCloseTo((1.2 ** 5 + (4 / 3) ** 5 + 1.5 ** 5 + (5 / 3) ** 5 + (20 / 11) ** 5) / 5, 9);
  });

  test('without any request of stable there is nothing to compare and no alarm', () => {
    expect(sequentialTest([interval(0, { requests: 500, errors: 500 })], [], OPTIONS)).toMatchObject({
      intervals: 0,
      alarm: false,
      evidence: 1,
    });
  });

  test('what the canary did before the comparison began does not count', () => {
    const canary = [interval(0, { requests: 50, errors: 50 }), interval(60_000, { requests: 50, errors: 0 })];
    const stable = [interval(0, { requests: 50, errors: 0 }), interval(60_000, { requests: 50, errors: 0 })];
    expect(sequentialTest(canary, stable, { ...OPTIONS, from: 60_000 })).toMatchObject({ alarm: false, intervals: 1 });
  });
});

interface Scene {
  readonly stable: number;
  readonly canary: number;
  /** Errors of the canary once it has all the traffic; then stable has none. */
  readonly baking?: number;
}

/** Minutes until the alarm, read every ten seconds for ten minutes at 20 requests/s and 10 % – and ten more of baking. */
function minutesToAlarm(seed: number, { stable, canary, baking }: Scene): number | null {
  const random = randomFrom(seed);
  const shares = { from: 0, seconds: 600 };
  const mine = [...traffic(random, { ...shares, rate: 2, errorShare: canary })];
  const theirs = traffic(random, { ...shares, rate: 18, errorShare: stable });
  if (baking !== undefined)
    mine.push(...traffic(random, { from: 10 * MINUTE, seconds: 600, rate: 20, errorShare: baking }));
  const first = baking === undefined ? 1 : 60;
  for (let reads = first; reads <= mine.length; reads += 1) {
    const end = mine[reads - 1]?.end ?? 0;
    const seen = theirs.filter((entry) => entry.end <= end);
    if (sequentialTest(mine.slice(0, reads), seen, OPTIONS).alarm) return end / MINUTE;
  }
  return null;
}

function runs(count: number, scene: Scene): readonly number[] {
  return Array.from({ length: count }, (_, index) => minutesToAlarm(index * 7919 + 11, scene))
    .filter((minutes) => minutes !== null)
    .toSorted((a, b) => a - b);
}

describe('at 20 requests/s and a canary of 10%, read every ten seconds for ten minutes (seeded)', () => {
  test('0.2% → 2% errors is found in at least 99 of 100 runs: median minute two, 95 of 100 by minute five', () => {
    const found = runs(1000, { stable: 0.002, canary: 0.02 });
    expect(found.length / 1000).toBeGreaterThanOrEqual(0.99);
    expect(found[500]).toBeGreaterThan(1.4);
    expect(found[500]).toBeLessThan(2.3);
    // 95.2 % in 2000 runs; a thousand may miss that by a little.
    expect(found.filter((minutes) => minutes <= 5).length / 1000).toBeGreaterThanOrEqual(0.94);
  });

  test('0.2% → 1% errors is found in about 79% of the runs', () => {
    const share = runs(400, { stable: 0.002, canary: 0.01 }).length / 400;
    expect(share).toBeGreaterThan(0.74);
    expect(share).toBeLessThan(0.85);
  });

  test.each([0.002, 0.02, 0.1])('no difference (%d): at most 2% false alarms', (share) => {
    expect(runs(300, { stable: share, canary: share }).length / 300).toBeLessThanOrEqual(0.02);
  });
});

describe('while baking, when stable has no traffic any more (seeded)', () => {
  test('ten times the errors are found within a minute', () => {
    const found = runs(100, { stable: 0.002, canary: 0.002, baking: 0.02 });
    expect(found).toHaveLength(100);
    expect((found[50] ?? Infinity) - 10).toBeLessThan(1);
  });

  test('no difference: at most 2% false alarms', () => {
    expect(runs(300, { stable: 0.002, canary: 0.002, baking: 0.002 }).length / 300).toBeLessThanOrEqual(0.02);
  });
});
