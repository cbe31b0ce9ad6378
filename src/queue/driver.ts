import { type Clock, type Logger, messageOf, newId, sleep } from '../kernel/index.ts';
import { type Db, type Trx, afterCommit, together } from '../store/index.ts';
import type { Queue } from './port.ts';
import { claim, due, freeLeases, oldestOverdue, release, renew, wishWake } from './store.ts';

/** The right to advance one thing, for a while. */
export interface Lease {
  readonly id: string;
  /** Rises with every claim of this id; every outside call carries it. */
  readonly fence: number;
  /** Aborted when the lease was lost or the process is stopping: stop acting at once. */
  readonly signal: AbortSignal;
}

export interface DriverOptions {
  readonly db: Db;
  readonly queue: Queue;
  readonly clock: Clock;
  readonly logger: Logger;
  /** One word for what is driven: `run`, `environment`. */
  readonly kind: string;
  /** Advances it by one round and tells when it wants to be looked at again (epoch ms; null = when asked for). */
  readonly round: (lease: Lease) => Promise<number | null>;
  /** Rounds at the same time in this process. */
  readonly concurrency: number;
  /**
   * Names this process among all on the database, and its successor after a crash: what it held is free at once when it
   * starts again. Only one process at a time may bear it. Without a name leases of a killed process run out.
   */
  readonly owner?: string;
  readonly leaseMs?: number;
  readonly sweepMs?: number;
}

export interface Driver {
  /** Asks, in the caller's transaction, for a round of each at `at` (epoch ms; null = as soon as it commits). */
  schedule(trx: Trx, ids: string | readonly string[], at?: number | null): Promise<void>;
  /** `alone`: no other process can hold a lease (this one holds the data directory), so leftovers are freed at once. */
  start(options: { readonly alone: boolean }): Promise<void>;
  stop(): Promise<void>;
  /** What a watchdog wants to know: time since the last sweep and the oldest wake-up nobody took, in milliseconds. */
  progress(): Promise<{ readonly sinceSweep: number; readonly overdue: number }>;
}

export const DRIVER_QUEUE_PREFIX = 'drive-';

/**
 * Keeps things moving that live longer than any process. The row in `work` is the truth (wake-up, lease, fence). A hint
 * makes it quick: a call after the commit where this process drives, and a queue job where another one does. A sweep finds
 * whatever a lost hint or a killed process left behind.
 */
export function createDriver(options: DriverOptions): Driver {
  const { db, clock, logger, kind } = options;
  const leaseMs = options.leaseMs ?? 6000;
  const owner = options.owner ?? newId('drv');
  const stopping = new AbortController();
  const active = new Map<string, { again: boolean; readonly done: Promise<void> }>();
  const waiting = new Set<string>();
  const timers = new Map<string, NodeJS.Timeout>();
  let driving = false;
  let sweptAt = clock.now();
  let sweeping: Promise<void> = Promise.resolve();

  function kick(id: string): void {
    if (stopping.signal.aborted) return;
    clearTimeout(timers.get(id));
    timers.delete(id);
    const current = active.get(id);
    if (current !== undefined) {
      current.again = true;
      return;
    }
    if (active.size >= options.concurrency) {
      waiting.add(id);
      return;
    }
    const entry = { again: false, done: Promise.resolve() };
    active.set(id, entry);
    entry.done = drive(id).finally(() => {
      active.delete(id);
      if (entry.again) kick(id);
      const [next] = waiting;
      if (next === undefined) return;
      waiting.delete(next);
      kick(next);
    });
  }

  async function drive(id: string): Promise<void> {
    try {
      const held = await claim(db, { kind, id }, owner, leaseMs);
      if (held !== undefined) await hold(id, held.fence, held.failures);
    } catch (thrown) {
      logger.warn({ kind, id, reason: messageOf(thrown) }, 'Failed to take or give back a lease.');
    }
  }

  async function hold(id: string, fence: number, failures: number): Promise<void> {
    const lost = new AbortController();
    const renewal = setInterval(() => {
      renew(db, { kind, id }, fence, leaseMs).then(
        (kept) => (kept ? undefined : lost.abort()),
        (thrown: unknown) => logger.warn({ kind, id, reason: messageOf(thrown) }, 'Failed to prolong a lease.'),
      );
    }, leaseMs / 3);
    const end = await runRound({ id, fence, signal: AbortSignal.any([lost.signal, stopping.signal]) }, failures);
    clearInterval(renewal);
    const wakeAt = await release(db, { kind, id }, fence, end);
    if (wakeAt !== null) wakeLater(id, wakeAt.getTime());
  }

  async function runRound(lease: Lease, failures: number): Promise<{ wakeAt: number | null; failure: string | null }> {
    try {
      return { wakeAt: await options.round(lease), failure: null };
    } catch (thrown) {
      if (!stopping.signal.aborted)
        logger.error({ kind, id: lease.id, err: thrown }, 'Failed to advance; trying again.');
      const pause = stopping.signal.aborted ? 0 : Math.min(250 * 2 ** failures, 15_000);
      return { wakeAt: clock.now() + pause, failure: messageOf(thrown) };
    }
  }

  function wakeLater(id: string, at: number): void {
    const delay = at - clock.now();
    if (delay <= 0) {
      const current = active.get(id);
      if (current !== undefined) current.again = true;
      return;
    }
    if (delay > 3_600_000) return; // the sweep finds it
    clearTimeout(timers.get(id));
    timers.set(
      id,
      setTimeout(() => kick(id), delay),
    );
  }

  async function hint(trx: Trx, ids: readonly string[], at: number | null): Promise<void> {
    if (at !== null && at > clock.now()) return;
    const isKicked = driving && afterCommit(trx, () => ids.forEach(kick));
    if (isKicked) return;
    const jobs = ids.map((id) => ({ data: { id }, singleton: id }));
    await options.queue.send(trx, DRIVER_QUEUE_PREFIX + kind, jobs);
  }

  async function sweep(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        for (const id of await due(db, kind, 200)) kick(id);
        sweptAt = clock.now();
      } catch (thrown) {
        logger.warn({ kind, reason: messageOf(thrown) }, 'Failed to look for due work.');
      }
      await sleep(options.sweepMs ?? 1000, stopping.signal);
    }
  }

  return {
    schedule: async (trx, wanted, at = null) => {
      const ids = typeof wanted === 'string' ? [wanted] : wanted;
      if (ids.length === 0) return;
      await together(wishWake(trx, kind, ids, at), hint(trx, ids, at));
    },
    start: async ({ alone }) => {
      await freeLeases(db, kind, alone ? null : owner);
      await options.queue.work<{ id: string }>(DRIVER_QUEUE_PREFIX + kind, { batch: 50 }, (job) =>
        Promise.resolve(kick(job.data.id)),
      );
      driving = true;
      sweeping = sweep();
    },
    stop: async () => {
      stopping.abort();
      for (const timer of timers.values()) clearTimeout(timer);
      await Promise.allSettled([sweeping, ...[...active.values()].map((entry) => entry.done)]);
    },
    progress: async () => ({ sinceSweep: clock.now() - sweptAt, overdue: await oldestOverdue(db, kind) }),
  };
}
