import type { Clock } from '../kernel/index.ts';
import { createAttempts } from './attempts.ts';

/** How often one caller may do something. */
export interface RateLimit {
  /** Calls in one window; 0: as many as they like. */
  readonly limit: number;
  /** Takes one; when there is none left, the seconds until there are some again. */
  take(key: string): { readonly seconds: number } | null;
}

/**
 * Fixed windows that begin with a caller's first call, so that what `take` says about waiting is exact. `limit: 0` does not
 * limit. With more callers than it remembers (10 000) the oldest begin anew.
 */
export function createRateLimit(options: {
  readonly clock: Clock;
  readonly limit: number;
  readonly windowMs: number;
}): RateLimit {
  const { limit } = options;
  if (limit === 0) return { limit, take: () => null };
  const attempts = createAttempts(options);
  return {
    limit,
    take: (key) => {
      const over = attempts.record(key);
      return over === null ? null : { seconds: over.seconds };
    },
  };
}
