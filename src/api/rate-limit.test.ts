import { expect, test } from 'vitest';
import { createManualClock } from '../kernel/index.ts';
import { createRateLimit } from './rate-limit.ts';

const MINUTE = 60_000;

function limited(limit: number) {
  const clock = createManualClock();
  return { clock, ...createRateLimit({ clock, limit, windowMs: MINUTE }) };
}

test('the limit passes, the next call is told how long to wait, and after that time it passes', () => {
  const { take, clock } = limited(2);
  expect([take('mika'), take('mika')]).toEqual([null, null]);
  clock.advance(14_500);
  expect(take('mika')).toEqual({ seconds: 46 });
  clock.advance(45_499);
  expect(take('mika')).toEqual({ seconds: 1 });
  clock.advance(1);
  expect([take('mika'), take('mika')]).toEqual([null, null]);
  expect(take('mika')).toEqual({ seconds: 60 });
});

test('calls that were refused do not lengthen the wait', () => {
  const { take, clock } = limited(1);
  take('mika');
  clock.advance(59_000);
  for (let index = 0; index < 100; index += 1) expect(take('mika')).toEqual({ seconds: 1 });
  clock.advance(1000);
  expect(take('mika')).toBeNull();
});

test('one caller does not use up what another may', () => {
  const { take } = limited(1);
  expect([take('mika'), take('rin')]).toEqual([null, null]);
  expect(take('mika')).not.toBeNull();
});

test('0 does not limit', () => {
  const { take } = limited(0);
  for (let index = 0; index < 1000; index += 1) expect(take('mika')).toBeNull();
});

test('of more callers than are remembered the oldest begin anew', () => {
  const { take } = limited(1);
  for (let index = 0; index <= 10_000; index += 1) expect(take(`caller ${index}`)).toBeNull();
  expect(take('caller 10000')).not.toBeNull();
  expect(take('caller 0')).toBeNull();
});
