import { sleep } from '../../kernel/index.ts';
import { ApiTrouble, isPassing } from './trouble.ts';

/** Uniform in [0, 1). */
export type Random = () => number;

export interface BackoffLimits {
  /** Milliseconds. */
  readonly first: number;
  readonly most: number;
}

export interface Backoff {
  /** Milliseconds to wait before the next try: between half of the step and the whole; the step doubles. */
  next(): number;
  reset(): void;
}

export function createBackoff({ first, most }: BackoffLimits, random: Random): Backoff {
  let step = first;
  return {
    next: () => {
      const delay = step / 2 + (step / 2) * random();
      step = Math.min(step * 2, most);
      return delay;
    },
    reset: () => {
      step = first;
    },
  };
}

export interface RetryOptions {
  readonly signal: AbortSignal;
  readonly random: Random;
  /** Told of each trouble after which it goes on. */
  readonly note?: (trouble: ApiTrouble) => void;
}

/**
 * Tries until it succeeds, `signal` ends it, or the trouble is not of the kind that passes. Then throws the last trouble that
 * was more than running out of time, since that one tells what was wrong.
 */
export async function retrying<T>(run: () => Promise<T>, { signal, random, note }: RetryOptions): Promise<T> {
  const backoff = createBackoff({ first: 50, most: 1000 }, random);
  let last: ApiTrouble | null = null;
  for (;;) {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof ApiTrouble) || !isPassing(error)) throw error;
      if (last === null || !signal.aborted) last = error;
      if (signal.aborted) throw last;
      note?.(error);
      await sleep(Math.max(backoff.next(), error.retryAfterMs ?? 0), signal);
      if (signal.aborted) throw last;
    }
  }
}
