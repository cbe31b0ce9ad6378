import type { IntakeLimits } from './port.ts';
import { type Entry, type Recorded, type Recorder, recordDeliveries } from './record.ts';

/** No place in the line, or none within the time. */
export class NoTurn extends Error {}

/** Stores deliveries: those that wait are taken together, in one transaction. */
export interface Batches {
  /** Resolves when the delivery is committed. Throws `NoTurn`, or why it could not be stored within the time limit. */
  store(entry: Entry): Promise<Recorded>;
}

const MOST_ENTRIES = 64;
const MOST_BYTES = 1024 * 1024;

/** How long what waits lets a transaction under way end, so that more goes together into the next one. */
const PATIENCE_MS = 20;

interface Waiting {
  readonly entry: Entry;
  readonly late: AbortController;
  readonly settle: { resolve(recorded: Recorded): void; reject(reason: unknown): void };
  readonly timer: NodeJS.Timeout;
  /** Milliseconds of the process's clock. */
  readonly since: number;
}

/**
 * A commit costs the same for one delivery as for many, so whatever has arrived while a transaction is under way goes into the
 * next one. Alone, a delivery waits for nobody. A second transaction begins beside the first when a whole batch waits, or when
 * the first takes long: one that is stuck must not hold up the rest. One that came too late keeps its transaction until that ends and
 * commits nothing.
 */
export function createBatches(
  recorder: Recorder,
  limits: Pick<IntakeLimits, 'concurrency' | 'waiting' | 'storeMs'>,
): Batches {
  const line = new Set<Waiting>();
  let busy = 0;
  let patience: NodeJS.Timeout | undefined;

  function next(): readonly Waiting[] {
    const batch: Waiting[] = [];
    let bytes = 0;
    for (const waiting of line) {
      bytes += waiting.entry.delivery.body?.length ?? 0;
      if (batch.length > 0 && bytes > MOST_BYTES) break;
      batch.push(waiting);
      line.delete(waiting);
      if (batch.length === MOST_ENTRIES) break;
    }
    return batch;
  }

  function pump(): void {
    clearTimeout(patience);
    while (busy < limits.concurrency && line.size > 0) {
      const wait = busy === 0 || line.size >= MOST_ENTRIES ? 0 : patienceLeft();
      if (wait > 0) {
        patience = setTimeout(pump, wait);
        return;
      }
      busy += 1;
      void run(next()).finally(() => {
        busy -= 1;
        pump();
      });
    }
  }

  function patienceLeft(): number {
    const [first] = line;
    return first === undefined ? 0 : Math.ceil(first.since + PATIENCE_MS - performance.now());
  }

  async function run(batch: readonly Waiting[]): Promise<void> {
    const results = await recordDeliveries(
      recorder,
      batch.map(({ entry, late }) => ({ ...entry, signal: late.signal })),
    );
    for (const [index, { settle, timer }] of batch.entries()) {
      clearTimeout(timer);
      const result = results[index];
      if (result?.kind === 'recorded') settle.resolve(result.recorded);
      else settle.reject(result?.thrown);
    }
  }

  function expire(waiting: Waiting): void {
    if (line.delete(waiting)) return waiting.settle.reject(new NoTurn('no free turn'));
    const reason = new Error('the database did not answer in time');
    waiting.late.abort(reason);
    waiting.settle.reject(reason);
  }

  return {
    store: (entry) => {
      if (busy >= limits.concurrency && line.size >= limits.waiting) {
        return Promise.reject(new NoTurn('no free turn'));
      }
      return new Promise((resolve, reject) => {
        const waiting: Waiting = {
          entry,
          late: new AbortController(),
          settle: { resolve, reject },
          timer: setTimeout(() => expire(waiting), limits.storeMs),
          since: performance.now(),
        };
        line.add(waiting);
        pump();
      });
    },
  };
}
