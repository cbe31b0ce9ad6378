import type { Clock } from '../kernel/index.ts';

const WINDOW = 60_000;
const MOST_CLIENTS = 10_000;

export interface FailureLimit {
  /** Counts one failed verification. Seconds to wait when the client has had too many in this minute, else undefined. */
  fail(client: string): number | undefined;
}

/** Counts failures per client in windows of a minute. Clients beyond 10,000 push out the ones seen first. */
export function createFailureLimit(clock: Clock, perMinute: number): FailureLimit {
  const windows = new Map<string, { readonly start: number; failures: number }>();
  return {
    fail: (client) => {
      const now = clock.now();
      let window = windows.get(client);
      if (window === undefined || now - window.start >= WINDOW) {
        window = { start: now, failures: 0 };
        windows.delete(client);
        windows.set(client, window);
        const oldest = windows.keys().next();
        if (windows.size > MOST_CLIENTS && oldest.done !== true) windows.delete(oldest.value);
      }
      window.failures += 1;
      if (window.failures <= perMinute) return undefined;
      return Math.max(1, Math.ceil((window.start + WINDOW - now) / 1000));
    },
  };
}
