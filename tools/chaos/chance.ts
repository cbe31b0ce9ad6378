/** Random numbers that a seed repeats. */
export interface Chance {
  /** Uniform in [0, 1). */
  next(): number;
  between(min: number, max: number): number;
  happens(probability: number): boolean;
}

/** The generator "mulberry32" (public domain, Tommy Ettinger): 32 bits of state, good enough to pick moments. */
export function createChance(seed: number): Chance {
  let state = seed >>> 0;
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
  return {
    next,
    between: (min, max) => min + next() * (max - min),
    happens: (probability) => next() < probability,
  };
}
