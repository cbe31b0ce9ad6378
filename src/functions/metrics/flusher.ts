import { type Clock, type Logger, messageOf, sleep } from '../../kernel/index.ts';
import type { Db } from '../../store/index.ts';
import { type CountRow, type Counters, INTERVAL } from './counters.ts';
import { pruneCounts, storeCounts } from './store.ts';

/** Rows that are kept while the database is away; the oldest go first. */
const KEPT_AT_MOST = 20_000;
const PRUNE_EVERY = 600_000;

export interface FlusherOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counters: Counters;
  readonly host: { readonly id: string; readonly incarnation: string };
  /** Called when the database does not know this host (any more). */
  readonly unknownHost: () => void;
}

/** Writes each interval right after its end, which is also this host's heartbeat. */
export function startFlusher(options: FlusherOptions): { stop(): Promise<void> } {
  const { db, clock, logger, counters, host } = options;
  const stopping = new AbortController();
  let unsaved: CountRow[] = [];
  let pruned = 0;

  async function flush(until: number): Promise<void> {
    unsaved.push(...counters.take(until));
    if (unsaved.length > KEPT_AT_MOST) unsaved = unsaved.slice(-KEPT_AT_MOST);
    const saving = unsaved;
    const isKnown = await storeCounts(db, host, saving, Math.min(until, clock.now()));
    unsaved = unsaved.slice(saving.length);
    if (!isKnown) options.unknownHost();
  }

  async function tick(): Promise<void> {
    const now = clock.now();
    await flush(now - (now % INTERVAL));
    if (now - pruned < PRUNE_EVERY) return;
    pruned = now;
    await pruneCounts(db);
  }

  async function loop(): Promise<void> {
    while (!stopping.signal.aborted) {
      await sleep(INTERVAL - (clock.now() % INTERVAL) + 2, stopping.signal);
      if (stopping.signal.aborted) return;
      await tick().catch((thrown: unknown) =>
        logger.warn({ reason: messageOf(thrown) }, 'Failed to store the counts of functions; keeping them.'),
      );
    }
  }

  const done = loop();
  return {
    stop: async () => {
      stopping.abort();
      await done;
      await flush(Infinity).catch((thrown: unknown) =>
        logger.warn({ reason: messageOf(thrown) }, 'Failed to store the last counts of functions.'),
      );
    },
  };
}
