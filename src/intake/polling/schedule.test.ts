import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Pace, areWebhooksAlive, nextPollAt } from './schedule.ts';

const NOW = 1_750_000_000_000;
const MINUTE = 60_000;

function minutesUntil(pace: Partial<Pace>): number {
  const next = nextPollAt({
    now: NOW,
    intervalMs: 5 * MINUTE,
    isAlive: false,
    failures: 0,
    limitedUntil: null,
    random: 0.5,
    ...pace,
  });
  return (next - NOW) / MINUTE;
}

test.each([
  ['an interval later', {}, 5],
  ['a fifth earlier at the least', { random: 0 }, 4],
  ['four times as late while webhooks arrive', { isAlive: true }, 20],
  ['that too with jitter', { isAlive: true, random: 0 }, 16],
  ['an interval after the first failure', { failures: 1 }, 5],
  ['soon after a failure, even where webhooks arrive', { failures: 1, isAlive: true }, 5],
  ['twice that after the second', { failures: 2 }, 10],
  ['four times after the third', { failures: 3 }, 20],
  ['an hour after many failures', { failures: 5 }, 60],
  ['not beyond that after any number', { failures: 100_000, random: 0.99 }, 60],
  ['never sooner after failures than a long interval says', { failures: 1, intervalMs: 120 * MINUTE }, 120],
  ['when a limit ends', { limitedUntil: NOW + 17 * MINUTE, random: 0 }, 17],
  [
    'a little beyond, so that not all repositories come at once',
    { limitedUntil: NOW + 17 * MINUTE, random: 0.5 },
    17.25,
  ],
  ['at once when the limit is over', { limitedUntil: NOW - MINUTE, random: 0 }, 0],
])('the next look is %s', (_name, pace, minutes) => {
  expect(minutesUntil(pace)).toBeCloseTo(minutes, 5);
});

test('the next look is never in the past, never before a limit, and later the more often it failed', () => {
  const pace = fc.record({
    now: fc.integer({ min: 0, max: 2 ** 41 }),
    intervalMs: fc.integer({ min: 1000, max: 24 * 60 * MINUTE }),
    isAlive: fc.boolean(),
    failures: fc.nat(1000),
    limitedUntil: fc.option(fc.integer({ min: 0, max: 2 ** 41 })),
    random: fc.double({ min: 0, max: 0.999_999, noNaN: true }),
  });
  fc.assert(
    fc.property(pace, (given) => {
      const next = nextPollAt(given);
      expect(Number.isSafeInteger(next)).toBe(true);
      expect(next).toBeGreaterThanOrEqual(given.now);
      if (given.limitedUntil !== null) {
        expect(next).toBeGreaterThanOrEqual(given.limitedUntil);
        return;
      }
      expect(next - given.now).toBeGreaterThanOrEqual(Math.min(0.8 * given.intervalMs, 60 * MINUTE) - 1);
      if (given.failures > 0)
        expect(nextPollAt({ ...given, failures: given.failures + 1 })).toBeGreaterThanOrEqual(next);
      else expect(next - given.now).toBeLessThanOrEqual(4 * 1.2 * given.intervalMs + 1);
    }),
  );
});

describe('webhooks of a source are alive', () => {
  const signs = { now: NOW, intervalMs: 5 * MINUTE, lastWebhookAt: null, lastFailureAt: null };
  test.each([
    ['not when none ever came', {}, false],
    ['when one came just now', { lastWebhookAt: NOW }, true],
    ['when one came two intervals ago', { lastWebhookAt: NOW - 10 * MINUTE }, true],
    ['not when the last came before that', { lastWebhookAt: NOW - 10 * MINUTE - 1 }, false],
    ['not when one could not be verified since', { lastWebhookAt: NOW - 2, lastFailureAt: NOW - 1 }, false],
    ['when one was verified since', { lastWebhookAt: NOW - 1, lastFailureAt: NOW - 2 }, true],
  ])('%s', (_name, given, alive) => {
    expect(areWebhooksAlive({ ...signs, ...given })).toBe(alive);
  });
});
