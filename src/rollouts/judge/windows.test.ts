import { expect, test } from 'vitest';
import { interval } from '../../../test/rollouts/intervals.ts';
import { SECOND } from '../../../test/rollouts/plans.ts';
import { cutMeasurements } from './windows.ts';

function seconds(requests: readonly number[]) {
  return requests.map((count, index) => interval(index * SECOND, { requests: count }));
}

test('a measurement closes when it is long enough and has enough requests', () => {
  const { measurements, pending } = cutMeasurements(seconds([5, 5, 5, 5, 5]), {
    from: 0,
    interval: 2 * SECOND,
    minSamples: 10,
  });
  expect(measurements.map(({ start, end, counts }) => [start, end, counts.requests])).toEqual([
    [0, 2000, 10],
    [2000, 4000, 10],
  ]);
  expect(pending).toBe(5);
});

test('little traffic makes longer measurements, not noisy ones', () => {
  const { measurements } = cutMeasurements(seconds([1, 1, 1, 1, 1, 1, 1, 1, 1, 1]), {
    from: 0,
    interval: 2 * SECOND,
    minSamples: 5,
  });
  expect(measurements.map(({ counts }) => counts.requests)).toEqual([5, 5]);
});

test('an interval that began before the weight was seen does not count', () => {
  const { measurements, pending } = cutMeasurements(seconds([100, 100, 3]), {
    from: 1500,
    interval: SECOND,
    minSamples: 10,
  });
  expect(measurements).toEqual([]);
  expect(pending).toBe(3);
});

test('too few requests are never a measurement, however long it takes', () => {
  const { measurements, pending } = cutMeasurements(seconds(Array<number>(600).fill(0).with(300, 9)), {
    from: 0,
    interval: SECOND,
    minSamples: 10,
  });
  expect(measurements).toEqual([]);
  expect(pending).toBe(9);
});
