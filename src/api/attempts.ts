import type { Clock } from '../kernel/index.ts';

const MAX_ADDRESSES = 10_000;

/** Counts wrong credentials per address in fixed windows. */
export interface Attempts {
  /** Records one; when the limit is passed, how many there were and the seconds until the window ends. */
  record(address: string): { readonly count: number; readonly seconds: number } | null;
}

export function createAttempts(options: {
  readonly clock: Clock;
  readonly limit: number;
  readonly windowMs: number;
}): Attempts {
  const { clock, limit, windowMs } = options;
  const windows = new Map<string, { readonly end: number; count: number }>();

  function makeRoom(now: number): void {
    for (const [address, { end }] of windows) if (end <= now) windows.delete(address);
    const oldest = windows.keys().next().value;
    if (windows.size >= MAX_ADDRESSES && oldest !== undefined) windows.delete(oldest);
  }

  return {
    record: (address) => {
      const now = clock.now();
      let window = windows.get(address);
      if (window === undefined || window.end <= now) {
        if (windows.size >= MAX_ADDRESSES) makeRoom(now);
        windows.delete(address);
        window = { end: now + windowMs, count: 0 };
        windows.set(address, window);
      }
      window.count += 1;
      if (window.count <= limit) return null;
      return { count: window.count, seconds: Math.ceil((window.end - now) / 1000) };
    },
  };
}
