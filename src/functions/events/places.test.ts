import { expect, test } from 'vitest';
import { createManualClock } from '../../kernel/index.ts';
import { createPlaces } from './places.ts';

function placesOf(each: number) {
  const clock = createManualClock();
  return { clock, ...createPlaces({ each, now: clock.now }) };
}

test('a function that has all its places takes none from another', () => {
  const { take } = placesOf(2);
  expect(['a', 'b', 'c'].map((id) => take('slow', id))).toEqual([true, true, false]);
  expect(take('quick', 'd')).toBe(true);
});

test('the event that stood in line the longest is next, and nobody takes its place', () => {
  const { take, leave } = placesOf(1);
  for (const id of ['a', 'b', 'c']) take('slow', id);
  expect(take('slow', 'b')).toBe(false); // looking again costs no place in the line
  expect(leave('slow', 'a')).toEqual(['b']);
  expect([take('slow', 'new'), take('slow', 'b')]).toEqual([false, true]);
  expect([leave('slow', 'b'), take('slow', 'c'), leave('slow', 'c')]).toEqual([['c'], true, ['new']]);
});

test('a place that was kept in vain is free after a moment', () => {
  const { take, leave, clock } = placesOf(1);
  for (const id of ['a', 'b']) take('slow', id);
  expect(leave('slow', 'a')).toEqual(['b']);
  expect(take('slow', 'c')).toBe(false);
  clock.advance(1000);
  expect(take('slow', 'c')).toBe(true);
});

test('an event that needs its turn no more leaves it to the next', () => {
  const { take, leave } = placesOf(1);
  for (const id of ['a', 'b', 'c']) take('slow', id);
  leave('slow', 'a');
  expect(leave('slow', 'b')).toEqual(['c']);
});

test('a long line looks as often as a short one, and forgets itself when it is gone', () => {
  const { take, leave, pauseOf } = placesOf(1);
  take('slow', 'first');
  expect(pauseOf('slow')).toBe(1000);
  for (let id = 0; id < 400; id += 1) take('slow', `${id}`);
  expect(pauseOf('slow')).toBe(20_000);
  for (let id = 400; id < 20_000; id += 1) take('slow', `${id}`);
  expect(pauseOf('slow')).toBe(600_000);
  for (const id of ['first', ...Array.from({ length: 20_000 }, (_, each) => `${each}`)]) leave('slow', id);
  expect(pauseOf('slow')).toBe(1000);
});
