import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDecisionTimes, decisionTime, parseGoDuration } from './deadline.ts';

describe('a duration as Go writes it', () => {
  test.each([
    ['5s', 5000],
    ['500ms', 500],
    ['1m30s', 90_000],
    ['1.5s', 1500],
    ['.5s', 500],
    ['1h', 3_600_000],
    ['100us', 0.1],
    ['100µs', 0.1],
    ['+2s', 2000],
  ])('%s is %d ms', (text, milliseconds) => {
    expect(parseGoDuration(text)).toBeCloseTo(milliseconds, 6);
  });

  test.each(['', '5', 's', '5 s', '-5s', '0s', '5x', '1s1', '1e3s', 'Infinitys', `${'9'.repeat(60)}s`])(
    '%j is none',
    (text) => {
      expect(parseGoDuration(text)).toBeNull();
    },
  );
});

describe('the time for a decision', () => {
  test.each([
    ['without a wish, what is configured less the margin', '/validate', 5000, 4700],
    ['the wish when it is less', '/validate?timeout=2s', 5000, 1700],
    ['what is configured when the wish is more', '/validate?timeout=30s', 5000, 4700],
    ['half of a wish that is shorter than the margin', '/validate?timeout=200ms', 5000, 100],
    ['a wish that is none is not heard', '/validate?timeout=soon', 5000, 4700],
    ['beside other parameters', '/validate?a=b&timeout=1s&c', 5000, 700],
  ])('%s', (_name, url, configured, expected) => {
    expect(decisionTime(url, configured)).toBe(expected);
  });

  test('is above zero and below both limits, whatever is asked', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60_000 }), fc.integer({ min: 1, max: 60_000 }), (configured, asked) => {
        const time = decisionTime(`/validate?timeout=${asked}ms`, configured);
        expect(time).toBeGreaterThan(0);
        expect(time).toBeLessThan(Math.min(configured, asked));
      }),
    );
  });

  test('is that of the address at hand when addresses take turns', () => {
    const timeFor = createDecisionTimes(5000);
    expect([timeFor('/validate?timeout=1s'), timeFor('/validate'), timeFor('/validate?timeout=1s')]).toEqual([
      700, 4700, 700,
    ]);
  });
});
