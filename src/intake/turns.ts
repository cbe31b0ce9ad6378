export interface Turns {
  /** Resolves to the function that gives the turn back, or to undefined when there was none within `milliseconds`. */
  take(milliseconds: number): Promise<(() => void) | undefined>;
}

/** At most `concurrency` turns at a time; at most `waiting` others wait, first come first served. */
export function createTurns(concurrency: number, waiting: number): Turns {
  let free = concurrency;
  const line = new Set<() => void>();
  function giveBack(): void {
    const next = line.values().next();
    if (next.done === true) {
      free += 1;
      return;
    }
    line.delete(next.value);
    next.value();
  }
  return {
    take: (milliseconds) => {
      if (free > 0) {
        free -= 1;
        return Promise.resolve(giveBack);
      }
      if (line.size >= waiting) return Promise.resolve(undefined);
      return new Promise((resolve) => {
        const start = (): void => {
          clearTimeout(timer);
          resolve(giveBack);
        };
        const timer = setTimeout(() => {
          line.delete(start);
          resolve(undefined);
        }, milliseconds);
        line.add(start);
      });
    },
  };
}
