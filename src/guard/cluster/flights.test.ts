import { expect, test } from 'vitest';
import { createManualClock } from '../../kernel/index.ts';
import { type Flights, createFlights } from './flights.ts';

interface Thing {
  readonly name: string;
  readonly group: string;
  readonly size: number;
  readonly uid: string | null;
}

const clock = createManualClock();

function make(limit = 100): Flights<Thing> {
  return createFlights<Thing>({
    keyOf: ({ name }) => name,
    groupOf: ({ group }) => group,
    arrived: ({ value }, seen) => value.size === seen.size,
    inFlightMs: 1000,
    limit,
    clock,
  });
}

function thing(name: string, size: number, uid: string | null = null): Thing {
  return { name, group: name.slice(0, 1), size, uid };
}

function sizes(flights: Flights<Thing>, key: string): readonly number[] {
  return [...flights.ofKey(key)].map(({ value }) => value.size);
}

test('an object may be on its way into several states, each of which is held once', () => {
  const flights = make();
  for (const size of [1, 3, 1]) flights.add({ value: thing('a1', size), partial: false });
  expect(sizes(flights, 'a1')).toEqual([3, 1]);
  flights.landed(thing('a1', 3));
  expect(sizes(flights, 'a1')).toEqual([1]);
});

test('the same state again lasts as long as the later one', () => {
  const flights = make();
  flights.add({ value: thing('a1', 1), partial: false });
  clock.advance(900);
  flights.add({ value: thing('a1', 1), partial: false });
  clock.advance(900);
  expect(sizes(flights, 'a1')).toEqual([1]);
  clock.advance(100);
  expect(sizes(flights, 'a1')).toEqual([]);
  expect(flights.size()).toBe(0);
});

test('the oldest leave when there are too many, and leave nothing behind', () => {
  const flights = make(10);
  for (let number = 0; number < 5000; number += 1) flights.add({ value: thing(`a${number}`, 1), partial: false });
  expect(flights.size()).toBe(10);
  expect([...flights.ofGroup('a')].map(({ value }) => value.name)).toEqual(
    Array.from({ length: 10 }, (_, index) => `a${4990 + index}`),
  );
  expect(sizes(flights, 'a1')).toEqual([]);
});

test('who writes one object in a loop does not push out the others', () => {
  const flights = make(100);
  flights.add({ value: thing('b1', 1), partial: false });
  for (let number = 0; number < 1000; number += 1) flights.add({ value: thing('a1', number), partial: false });
  expect(sizes(flights, 'b1')).toEqual([1]);
  expect(sizes(flights, 'a1')).toHaveLength(16);
});

test('what was deleted leads nowhere any more, and what was created anew with its name does', () => {
  const flights = make();
  flights.add({ value: thing('a1', 1, 'old'), partial: false });
  flights.add({ value: thing('a1', 3, 'new'), partial: false });
  flights.gone(thing('a1', 9, 'old'));
  expect(sizes(flights, 'a1')).toEqual([3]);
});
