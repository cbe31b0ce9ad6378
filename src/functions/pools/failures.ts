import type { Outcome } from '../outcome.ts';
import type { InitFailure } from './instance.ts';

/** Failed starts of one function. */
export interface Failures {
  add(failure: InitFailure): void;
  /** An instance came up. */
  clear(): void;
  last(): InitFailure | null;
  /** So many in so short a time that the version counts as degraded. */
  areMany(): boolean;
  /** No start is tried now; `retry` is called when the next one may be. */
  arePausing(): boolean;
  /** What a call gets meanwhile. */
  outcome(): Outcome;
  stop(): void;
}

const MANY = 3;
const WITHIN = 60_000;
const FIRST_PAUSE = 1000;
const LAST_PAUSE = 30_000;

/** After each failed start the next one waits twice as long, one try at a time, until one comes up. */
export function createFailures(retry: () => void): Failures {
  let times: number[] = [];
  let last: InitFailure | null = null;
  let pause: { readonly timer: NodeJS.Timeout; readonly until: number } | null = null;
  let count = 0;

  function areMany(): boolean {
    const since = performance.now() - WITHIN;
    return times.filter((time) => time > since).length >= MANY;
  }

  function end(): void {
    if (pause !== null) clearTimeout(pause.timer);
    pause = null;
  }

  return {
    add: (failure) => {
      last = failure;
      count += 1;
      times = [...times, performance.now()].slice(-MANY);
      const length = Math.min(FIRST_PAUSE * 2 ** (count - 1), LAST_PAUSE);
      end();
      const timer = setTimeout(() => {
        pause = null;
        retry();
      }, length);
      pause = { timer, until: performance.now() + length };
    },
    clear: () => {
      if (last === null) return;
      last = null;
      times = [];
      count = 0;
      end();
    },
    last: () => last,
    areMany,
    arePausing: () => pause !== null,
    outcome: () => {
      const retryAfter = Math.max(1, Math.ceil(((pause?.until ?? 0) - performance.now()) / 1000));
      return { kind: 'failing', reason: last?.reason ?? 'it does not come up', retryAfter };
    },
    stop: end,
  };
}
