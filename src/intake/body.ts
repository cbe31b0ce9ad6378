import type { Readable } from 'node:stream';

/** Bodies that may be under way at the same time. One that is sent at once takes milliseconds, so the oldest are the slow ones. */
const MOST_UNFINISHED = 512;

export type ReadBody =
  | { readonly kind: 'read'; readonly bytes: Uint8Array; readonly release: () => void }
  | { readonly kind: 'too_large' | 'too_slow' | 'no_memory' | 'client_gone' };

interface Reading {
  size: number;
  drop(): void;
}

export interface BodyReader {
  /** Reads at most the limit within the time; `release` gives the memory back to the budget. */
  read(body: Uint8Array | Readable): Promise<ReadBody>;
}

/** Reads bodies with a limit each (bytes, time), and for all together a number and a budget of bytes: over it, some are dropped. */
export function createBodyReader(limits: {
  readonly bodyBytes: number;
  readonly bodyMs: number;
  readonly bufferedBytes: number;
  readonly unfinished?: number;
}): BodyReader {
  const mostUnfinished = limits.unfinished ?? MOST_UNFINISHED;
  const unfinished = new Set<Reading>();
  let buffered = 0;

  /** The largest goes first, so that a flood of large ones does not keep an ordinary push out; of equal ones the oldest. */
  function makeRoom(): void {
    while (buffered > limits.bufferedBytes) {
      let largest: Reading | undefined;
      for (const reading of unfinished) if (reading.size > (largest?.size ?? 0)) largest = reading;
      if (largest === undefined) return;
      largest.drop();
    }
  }

  function dropOldest(): void {
    const [oldest] = unfinished;
    oldest?.drop();
  }

  function readStream(stream: Readable): Promise<ReadBody> {
    if (stream.destroyed) return Promise.resolve({ kind: 'client_gone' });
    return new Promise((resolve) => {
      let chunks: Uint8Array[] = [];
      const reading: Reading = { size: 0, drop: () => finish({ kind: 'no_memory' }) };
      const timer = setTimeout(() => finish({ kind: 'too_slow' }), limits.bodyMs);
      if (unfinished.size >= mostUnfinished) dropOldest();
      unfinished.add(reading);

      function forget(): void {
        buffered -= reading.size;
        reading.size = 0;
      }
      function finish(outcome: ReadBody): void {
        if (!unfinished.delete(reading)) return;
        clearTimeout(timer);
        stream.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone);
        stream.on('error', () => {}); // a peer that resets later has its answer already
        if (outcome.kind !== 'read') {
          stream.pause();
          chunks = [];
          forget();
        }
        resolve(outcome);
      }
      function onData(chunk: Uint8Array): void {
        reading.size += chunk.length;
        buffered += chunk.length;
        if (reading.size > limits.bodyBytes) return finish({ kind: 'too_large' });
        chunks.push(chunk);
        if (buffered > limits.bufferedBytes) makeRoom();
      }
      function onEnd(): void {
        const [first] = chunks;
        const bytes = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
        finish({ kind: 'read', bytes, release: forget });
      }
      function onGone(): void {
        finish({ kind: 'client_gone' });
      }
      stream.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone);
    });
  }

  return {
    read: (body) => {
      if (!(body instanceof Uint8Array)) return readStream(body);
      if (body.length > limits.bodyBytes) return Promise.resolve({ kind: 'too_large' });
      return Promise.resolve({ kind: 'read', bytes: body, release: () => {} });
    },
  };
}
