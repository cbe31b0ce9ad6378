import type { VerificationFailure } from '../port.ts';

const EVERY_MS = 3000;

interface Pending {
  readonly last: VerificationFailure;
  readonly count: number;
}

/** Keeps failures in memory and writes the last of each source with their number. */
export interface FailureNotes {
  note(failure: VerificationFailure): void;
  /** Writes what is pending, and nothing after it. */
  close(): Promise<void>;
}

/**
 * The first failure is written at once, what follows within three seconds together: a flood of requests that can't be verified costs
 * one write now and then. What can't be written is dropped: it is in the log as well.
 */
export function createFailureNotes(options: {
  write(name: string, pending: Pending): Promise<void>;
  onError(thrown: unknown): void;
}): FailureNotes {
  const pending = new Map<string, Pending>();
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();
  let isClosed = false;

  function flush(): Promise<void> {
    const batch = [...pending];
    pending.clear();
    writing = writing.then(async () => {
      for (const [name, each] of batch) await options.write(name, each).catch(options.onError);
    });
    return writing;
  }

  function tick(): void {
    timer = undefined;
    if (pending.size > 0) begin();
  }

  function begin(): void {
    void flush();
    timer = setTimeout(tick, EVERY_MS);
    timer.unref();
  }

  return {
    note: (failure) => {
      if (isClosed) return;
      pending.set(failure.source, { last: failure, count: (pending.get(failure.source)?.count ?? 0) + 1 });
      if (timer === undefined) begin();
    },
    close: async () => {
      isClosed = true;
      clearTimeout(timer);
      await flush();
    },
  };
}
