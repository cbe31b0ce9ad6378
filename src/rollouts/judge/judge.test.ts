import { describe, expect, test } from 'vitest';
import { interval } from '../../../test/rollouts/intervals.ts';
import { SECOND, metric } from '../../../test/rollouts/plans.ts';
import type { IntervalCounts, Reading, Sample } from '../port.ts';
import { conditionOf, isApplicable, judge } from './judge.ts';

const CONTEXT = { from: 0, comparedFrom: 0, hasStable: true };

/** A dozen measurements that are all alike. */
function dozen(requests: number, errors: number): readonly (readonly [number, number])[] {
  return Array.from({ length: 12 }, () => [requests, errors] as const);
}

/** One measurement of ten seconds for each pair of requests and errors. */
function counts(candidate: readonly (readonly [number, number])[], stable: readonly IntervalCounts[] = []): Reading {
  const intervals = candidate.map(([requests, errors], index) => interval(index * 10_000, { requests, errors }, 10));
  return { kind: 'counts', candidate: intervals, stable };
}

function samples(...values: readonly number[]): Reading {
  const candidate: Sample[] = values.map((value, index) => ({ at: index * SECOND, value }));
  return { kind: 'samples', candidate, stable: [] };
}

describe('without evidence there is no pass', () => {
  test.each<readonly [string, Reading, string]>([
    ['no intervals at all', counts([]), 'no_data'],
    ['intervals without a request', counts([[0, 0]]), 'no_data'],
    ['fewer requests than minSamples', counts([[9, 0]]), 'no_data'],
    ['no samples at all', samples(), 'no_data'],
    ['fewer samples than minSamples', samples(0.01, 0.01), 'no_data'],
    ['the provider says that it has none', { kind: 'no_data', reason: 'nothing yet' }, 'no_data'],
    ['the provider does not answer', { kind: 'provider_error', reason: 'connection refused' }, 'provider_error'],
    ['only NaN', samples(...Array<number>(20).fill(NaN)), 'no_data'],
    ['only infinite values', samples(...Array<number>(20).fill(Infinity)), 'no_data'],
    ['only negative infinite values', samples(...Array<number>(20).fill(-Infinity)), 'no_data'],
    ['counts that are NaN', counts([[NaN, 0]]), 'provider_error'],
    ['errors that are NaN', counts([[100, NaN]]), 'provider_error'],
    ['infinitely many requests', counts([[Infinity, 0]]), 'provider_error'],
    ['negative counts', counts([[100, -3]]), 'provider_error'],
    ['more errors than requests', counts([[100, 101]]), 'provider_error'],
    ['counts of stable that are NaN', counts([[100, 0]], [interval(0, { requests: NaN })]), 'provider_error'],
  ])('%s', (_, reading, expected) => {
    const result = judge(metric(), reading, CONTEXT);
    expect(result.verdict).toBe(expected);
    expect(result.finding).not.toBe('');
  });

  test('samples from before the weight was seen do not count', () => {
    const late = { ...CONTEXT, from: 60 * SECOND };
    expect(judge(metric(), counts([[500, 0]]), late)).toMatchObject({ verdict: 'no_data', samples: 0 });
  });

  test('nor do those of the initial delay', () => {
    const delayed = metric({ initialDelay: 10 * SECOND });
    expect(judge(delayed, counts([[500, 0]]), CONTEXT).verdict).toBe('no_data');
    expect(
      judge(
        delayed,
        counts([
          [500, 500],
          [500, 0],
        ]),
        CONTEXT,
      ).verdict,
    ).toBe('pass');
  });

  test('a metric without a condition passes nothing', () => {
    expect(judge(metric({ max: null }), counts([[500, 0]]), CONTEXT).verdict).toBe('no_data');
  });

  test('an unknown metric passes nothing', () => {
    expect(judge(metric({ metric: 'beauty' }), counts([[500, 0]]), CONTEXT).verdict).toBe('no_data');
  });
});

describe('conditions', () => {
  test.each([
    ['below max', metric({ max: 0.05 }), [100, 5], 'pass'],
    ['above max', metric({ max: 0.05 }), [100, 6], 'fail'],
    ['between warn and max', metric({ max: 0.05, warn: 0.02 }), [100, 4], 'inconclusive'],
    ['at warn', metric({ max: 0.05, warn: 0.02 }), [100, 2], 'pass'],
    ['above max, although there is a band', metric({ max: 0.05, warn: 0.02 }), [100, 6], 'fail'],
    ['below min', metric({ metric: 'requests-per-second', max: null, min: 11 }), [100, 0], 'fail'],
    ['above min', metric({ metric: 'requests-per-second', max: null, min: 9 }), [100, 0], 'pass'],
    [
      'between min and warn',
      metric({ metric: 'requests-per-second', max: null, min: 9, warn: 12 }),
      [100, 0],
      'inconclusive',
    ],
  ] as const)('%s', (_, condition, [requests, errors], expected) => {
    expect(judge(condition, counts([[requests, errors]]), CONTEXT).verdict).toBe(expected);
  });

  test('latency is judged by its quantile', () => {
    const slow = {
      kind: 'counts',
      candidate: [interval(0, { requests: 20, latencies: Array<number>(20).fill(180) }, 10)],
      stable: [],
    } as const;
    const result = judge(metric({ name: 'p95', metric: 'latency-p95', max: 100 }), slow, CONTEXT);
    expect(result).toMatchObject({ verdict: 'fail', condition: 'latency-p95 ≤ 100ms' });
    expect(result.finding).toBe('198ms (20 requests)');
  });

  test('plain samples are judged like counts', () => {
    const condition = metric({ minSamples: 3, max: 0.5 });
    expect(judge(condition, samples(0.1, 0.2, 0.3), CONTEXT).verdict).toBe('pass');
    expect(judge(condition, samples(0.1, 0.2, 0.9), CONTEXT).verdict).toBe('fail');
    expect(judge(condition, samples(0.1, NaN, 0.2, 0.3), CONTEXT)).toMatchObject({ verdict: 'pass', samples: 3 });
  });

  test('are written as people write them', () => {
    expect(conditionOf(metric())).toBe('error-rate ≤ 5%');
    expect(conditionOf(metric({ max: null, min: 0.1, compare: 'stable' }))).toBe(
      'error-rate ≥ 10%, error-rate not worse than stable (α 2%)',
    );
  });

  test('a pure comparison needs a stable version', () => {
    expect(isApplicable(metric({ max: null, compare: 'stable' }), false)).toBe(false);
    expect(isApplicable(metric({ compare: 'stable' }), false)).toBe(true);
  });
});

describe('tolerated failures', () => {
  const tolerant = metric({ tolerateFailures: 3 });
  const [good, bad] = [
    [100, 0],
    [100, 50],
  ] as const;

  test('"2 of 3 tolerated" is what it says', () => {
    expect(judge(tolerant, counts([bad, bad, good]), CONTEXT)).toMatchObject({
      verdict: 'pass',
      failures: 2,
      finding: '0% (0 of 100) (2 of 3 tolerated)',
    });
  });

  test('the third is tolerated, the fourth of three fails', () => {
    expect(judge(tolerant, counts([good, bad, bad, bad]), CONTEXT).verdict).toBe('pass');
    expect(judge(tolerant, counts([good, bad, bad, bad, bad]), CONTEXT)).toMatchObject({
      verdict: 'fail',
      finding: '50% (50 of 100); 4 failed, 3 tolerated',
    });
  });

  test('tolerated failures alone are no pass', () => {
    expect(judge(tolerant, counts([bad, bad]), CONTEXT).verdict).toBe('no_data');
  });

  test('none are tolerated unless that is configured', () => {
    expect(judge(metric(), counts([bad, good]), CONTEXT).verdict).toBe('fail');
  });
});

describe('compare: stable', () => {
  const relative = metric({ max: null, compare: 'stable' });
  const stable = Array.from({ length: 12 }, (_, index) => interval(index * 10_000, { requests: 180, errors: 0 }, 10));

  test('passes with enough fresh requests and no evidence', () => {
    const even = dozen(20, 0);
    expect(judge(relative, counts(even, stable), CONTEXT)).toMatchObject({ verdict: 'pass', samples: 240 });
  });

  test('fails with the evidence in numbers', () => {
    const worse = dozen(20, 2);
    const result = judge(relative, counts(worse, stable), CONTEXT);
    expect(result.verdict).toBe('fail');
    expect(result.finding).toMatch(/^new 10% \(24 of 240\), stable 0% \(0 of 2160\), evidence .+ of 50$/);
  });

  test('keeps its evidence over the steps, but passes a step only with fresh requests of that step', () => {
    const even = dozen(20, 0);
    const step = { ...CONTEXT, from: 115_000 };
    expect(judge(relative, counts(even, stable), step)).toMatchObject({ verdict: 'no_data', samples: 0 });
  });

  test('has no verdict when stable had no request, now or before', () => {
    expect(judge(relative, counts([[500, 0]]), CONTEXT)).toMatchObject({
      verdict: 'no_data',
      finding: 'the stable version has no requests to compare with',
    });
  });

  test('at 100% is measured against what stable did before', () => {
    const before = stable.map((entry) => ({ ...entry, start: entry.start - 120_000, end: entry.end - 120_000 }));
    expect(judge(relative, counts([[200, 0]], before), CONTEXT).verdict).toBe('pass');
    expect(judge(relative, counts([[200, 40]], before), CONTEXT).verdict).toBe('fail');
  });

  test('of plain samples is trouble with the provider, not a verdict on the release', () => {
    expect(judge(relative, samples(...Array<number>(20).fill(0.1)), CONTEXT).verdict).toBe('provider_error');
  });

  test('together with a threshold the worse verdict speaks', () => {
    const both = metric({ max: 0.05, compare: 'stable' });
    const even = dozen(20, 2);
    const asBad = stable.map((entry) => ({ ...entry, errors: 18 }));
    expect(judge(relative, counts(even, asBad), CONTEXT).verdict).toBe('pass');
    expect(judge(both, counts(even, asBad), CONTEXT).verdict).toBe('fail');
  });
});
