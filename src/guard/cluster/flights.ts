import type { Clock } from '../../kernel/index.ts';

export interface Flight<T> {
  readonly value: T;
  /** Only the number of replicas is known: the rest is that of the object as it is. */
  readonly partial: boolean;
}

export interface FlightsOptions<T> {
  /** Of one object. */
  readonly keyOf: (value: T) => string;
  /** By which flights are found in numbers: namespace, or target. */
  readonly groupOf: (value: T) => string;
  /** Whether an object in this state is what the flight leads to. */
  readonly arrived: (flight: Flight<T>, value: T) => boolean;
  readonly inFlightMs: number;
  /** The oldest leave first. */
  readonly limit: number;
  readonly clock: Clock;
}

/** States of objects that were allowed a moment ago and may not be seen yet. An object may be on its way into several. */
export interface Flights<T> {
  add(flight: Flight<T>): void;
  ofKey(key: string): Iterable<Flight<T>>;
  ofGroup(group: string): Iterable<Flight<T>>;
  /** The watch shows this state. */
  landed(value: T): void;
  /** The object with this uid was deleted: nothing leads there any more. One that was created anew has another uid. */
  gone(value: T): void;
  /** Of all, also those whose time is over and that nobody asked for. */
  size(): number;
}

interface Held<T> extends Flight<T> {
  readonly until: number;
}

type Index<T> = Map<string, Set<Held<T>>>;

/** Of one object. More at once is somebody who writes in a loop. */
const STATES = 16;
const NONE: readonly never[] = [];

export function createFlights<T extends { readonly uid: string | null }>(options: FlightsOptions<T>): Flights<T> {
  const { keyOf, groupOf, arrived, inFlightMs, limit, clock } = options;
  // All last equally long, so that the order of insertion is the order of leaving.
  const held = new Set<Held<T>>();
  const byKey: Index<T> = new Map();
  const byGroup: Index<T> = new Map();

  function drop(flight: Held<T>): void {
    held.delete(flight);
    leave(byKey, keyOf(flight.value), flight);
    leave(byGroup, groupOf(flight.value), flight);
  }

  function expire(): void {
    const now = clock.now();
    for (const flight of held) {
      if (flight.until > now && held.size <= limit) return;
      drop(flight);
    }
  }

  function add({ value, partial }: Flight<T>): void {
    const key = keyOf(value);
    for (const other of byKey.get(key) ?? NONE) if (other.partial === partial && arrived(other, value)) drop(other);
    const others = byKey.get(key);
    const [oldest] = others ?? NONE;
    if (others !== undefined && oldest !== undefined && others.size >= STATES) drop(oldest);
    const flight = { value, partial, until: clock.now() + inFlightMs };
    held.add(flight);
    enter(byKey, key, flight);
    enter(byGroup, groupOf(value), flight);
    expire();
  }

  function read(index: Index<T>, key: string): Iterable<Flight<T>> {
    if (held.size === 0) return NONE;
    expire();
    return index.get(key) ?? NONE;
  }

  return {
    add,
    ofKey: (key) => read(byKey, key),
    ofGroup: (group) => read(byGroup, group),
    landed: (value) => {
      if (held.size === 0) return;
      for (const flight of byKey.get(keyOf(value)) ?? NONE) if (arrived(flight, value)) drop(flight);
    },
    gone: (value) => {
      if (held.size === 0 || value.uid === null) return;
      for (const flight of byKey.get(keyOf(value)) ?? NONE) if (flight.value.uid === value.uid) drop(flight);
    },
    size: () => held.size,
  };
}

function enter<T>(index: Index<T>, key: string, flight: Held<T>): void {
  const known = index.get(key);
  if (known === undefined) index.set(key, new Set([flight]));
  else known.add(flight);
}

function leave<T>(index: Index<T>, key: string, flight: Held<T>): void {
  const known = index.get(key);
  known?.delete(flight);
  if (known?.size === 0) index.delete(key);
}
