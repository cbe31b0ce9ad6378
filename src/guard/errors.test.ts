import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ERROR_CLASSES, GUARD_ERROR_CODES, RETRY_RULES, classOf, retryDelay } from './errors.ts';

test('every class has codes and a rule', () => {
  const used = new Set(GUARD_ERROR_CODES.map(classOf));
  expect([...used].sort()).toEqual([...ERROR_CLASSES].sort());
  expect(Object.keys(RETRY_RULES).sort()).toEqual([...ERROR_CLASSES].sort());
});

test('what somebody has to change is not tried again', () => {
  for (const each of ['configuration', 'validation', 'internal'] as const) expect(retryDelay(each, 1)).toBeNull();
});

test('waits double up to the limit, with half of them left to chance', () => {
  const waits = [1, 2, 3, 100].map((attempt) => retryDelay('certificate', attempt, () => 1));
  expect(waits).toEqual([100, 200, 400, 30_000]);
  expect(retryDelay('certificate', 1, () => 0)).toBe(50);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, chance) => {
      const wait = retryDelay('network', attempt, () => chance) ?? -1;
      expect(wait).toBeGreaterThanOrEqual(50);
      expect(wait).toBeLessThanOrEqual(15_000);
    }),
  );
});
