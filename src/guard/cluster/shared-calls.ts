import { ApiTrouble } from './trouble.ts';

/** Calls of the same thing at the same time are one call; it ends when nobody waits for it any more. */
export interface SharedCalls {
  /** When `signal` ends the waiting, it throws the last trouble that `run` noted, or else `timeout`. */
  call<T>(key: string, signal: AbortSignal, run: Run<T>): Promise<T>;
}

export type Run<T> = (signal: AbortSignal, note: (trouble: ApiTrouble) => void) => Promise<T>;

interface Running {
  readonly result: Promise<unknown>;
  readonly ending: AbortController;
  waiting: number;
  trouble: ApiTrouble | null;
}

export function createSharedCalls(): SharedCalls {
  const running = new Map<string, Running>();

  function begin(key: string, run: Run<unknown>): Running {
    const ending = new AbortController();
    const note = (trouble: ApiTrouble) => {
      call.trouble = trouble;
    };
    const result = run(ending.signal, note).finally(() => {
      if (running.get(key) === call) running.delete(key);
    });
    result.catch(() => {}); // Told to whoever waits; perhaps nobody does any more.
    const call: Running = { result, ending, waiting: 0, trouble: null };
    running.set(key, call);
    return call;
  }

  function leave(key: string, call: Running): void {
    call.waiting -= 1;
    if (call.waiting > 0) return;
    // Whoever comes now gets a call of his own, not the end of this one.
    if (running.get(key) === call) running.delete(key);
    call.ending.abort();
  }

  return {
    async call<T>(key: string, signal: AbortSignal, run: Run<T>): Promise<T> {
      const call = running.get(key) ?? begin(key, run);
      call.waiting += 1;
      try {
        return (await inTime(call, key, signal)) as T;
      } finally {
        leave(key, call);
      }
    },
  };
}

function inTime(call: Running, key: string, signal: AbortSignal): Promise<unknown> {
  if (signal.aborted) return Promise.reject(new ApiTrouble('timeout', `${key}: no time was left`));
  return new Promise((resolve, reject) => {
    const over = () => reject(call.trouble ?? new ApiTrouble('timeout', `${key}: no answer before the deadline`));
    signal.addEventListener('abort', over, { once: true });
    call.result.then(resolve, reject).finally(() => signal.removeEventListener('abort', over));
  });
}
