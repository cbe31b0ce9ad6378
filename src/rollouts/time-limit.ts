import { FunadeError, formatDuration } from '../kernel/index.ts';

export interface TimeLimit {
  /** Milliseconds. */
  readonly limit: number;
  /** What is waited for, for the error. */
  readonly what: string;
  /** Ends the wait at once: the lease was lost or the process stops. */
  readonly signal: AbortSignal;
}

/**
 * What `work` resolves to, when it does in time. A call that hangs must not keep an environment from being taken back, so it is
 * left alone; its effect is fenced and keyed, and may come late without harm. Throws `FUN_TARGET_SILENT` or `FUN_LEASE_LOST`.
 */
export async function within<T>(
  { limit, what, signal }: TimeLimit,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const ending = AbortSignal.any([signal, AbortSignal.timeout(limit)]);
  let onAbort = (): void => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => {
      const isLost = signal.aborted;
      const code = isLost ? 'FUN_LEASE_LOST' : 'FUN_TARGET_SILENT';
      reject(new FunadeError(code, { what, limit: formatDuration(limit) }));
    };
    if (ending.aborted) onAbort();
    else ending.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([aborted, work(ending)]);
  } finally {
    ending.removeEventListener('abort', onAbort);
  }
}
