import { sleep } from '../../kernel/index.ts';

/** The lease was lost, or the process is stopping. */
export class Interrupted extends Error {
  override readonly message = 'it was told to end, or nobody waits for it any longer';
}

/** A later holder has taken over: nothing that this one knows counts any more. */
export class StaleHolder extends Error {}

/** What was begun, unless the signal comes first; what is on its way then ends by itself, and nobody looks. */
export function unlessInterrupted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  if (signal.aborted) return Promise.reject(new Interrupted());
  return new Promise((resolve, reject) => {
    const interrupt = () => reject(new Interrupted());
    signal.addEventListener('abort', interrupt, { once: true });
    void work()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', interrupt));
  });
}

/** As above, but what was begun gets some time to end. */
export async function withGrace<T>(signal: AbortSignal, graceMs: number, work: () => Promise<T>): Promise<T> {
  if (signal.aborted) throw new Interrupted();
  const late = new AbortController();
  const settled = new AbortController();
  const begin = () => void sleep(graceMs, settled.signal).then(() => late.abort());
  signal.addEventListener('abort', begin, { once: true });
  try {
    return await unlessInterrupted(late.signal, work);
  } finally {
    signal.removeEventListener('abort', begin);
    settled.abort();
  }
}
