import { type Clock, type Logger, messageOf, newId, sleep } from '../kernel/index.ts';
import { type Db, type Trx, afterCommit, together } from '../store/index.ts';
import { type Queue, UnreadableJob, type Worker } from './port.ts';
import { type Claim, claim, due, freeLeases, oldestOverdue, release, renew, wishWake } from './store.ts';

/** The right to advance one thing, for a while. */
export interface Lease {
  readonly id: string;
  /** Rises with every claim of this id; every outside call carries it. */
  readonly fence: number;
  /** Aborted when the lease was lost (its reason is a `LeaseLost`) or the process is stopping: stop acting at once. */
  readonly signal: AbortSignal;
}

/** Another process holds it, or may hold it by now. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
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
  /**
   * Places beside those of `concurrency`, only for what takes next to no time: a wish to pause something must not wait until others have
   * ended. `quick` answers which of the due ones are such.
   */
  readonly reserve?: {
    readonly places: number;
    readonly quick: (ids: readonly string[]) => Promise<readonly string[]>;
  };
  /** How long `stop` waits for rounds, whose signals it has aborted, in milliseconds; without it, until all have ended. */
  readonly drainMs?: number;
  /** Who is told of work at the commit: this process if it drives (`here`), or whoever takes the job (`queue`). */
  readonly hint?: 'here' | 'queue';
}

export interface Driver {
  /** Asks, in the caller's transaction, for a round of each at `at` (epoch ms; null = as soon as it commits). */
  schedule(trx: Trx, ids: string | readonly string[], at?: number | null): Promise<void>;
  /** `alone`: no other process can hold a lease (this one holds the data directory), so leftovers are freed at once. */
  start(options: { readonly alone: boolean }): Promise<void>;
  /** Begins no more rounds and lets those that run end. One that doesn't in time keeps its lease until that runs out. */
  stop(): Promise<void>;
  /** What a watchdog wants to know: time since the last sweep and the oldest wake-up nobody took, in milliseconds. */
  progress(): Promise<{ readonly sinceSweep: number; readonly overdue: number }>;
}

/** How much a timer may be early. */
const TIMER_SLACK_MS = 50;
/** Due things that are looked through for quick ones. */
const MOST_LOOKED_THROUGH = 1000;

export const DRIVER_QUEUE_PREFIX = 'drive-';

interface Active {
  /** Somebody asked for a look while it was being looked at. */
  again: boolean;
  /** Resolves when it is known whether this process holds it. */
  claimed: Promise<void>;
  done: Promise<void>;
}

type Taken =
  | (Claim & { /** When it was asked for, by the monotonic clock (ms). */ readonly askedAt: number })
  | undefined
  | 'failed';

/**
 * Keeps things moving that live longer than any process. The row in `work` is the truth (wake-up, lease, fence). A hint
 * makes it quick: a call after the commit where this process drives, and a queue job where another one does. A sweep finds
 * whatever a lost hint or a killed process left behind, and what was due while every place was taken.
 */
export function createDriver(options: DriverOptions): Driver {
  const { db, clock, logger, kind } = options;
  const leaseMs = options.leaseMs ?? 6000;
  const owner = options.owner ?? newId('drv');
  const stopping = new AbortController();
  const drained = new AbortController();
  const active = new Map<string, Active>();
  /** Those of `active` that are in reserved places. */
  const reserved = new Set<string>();
  const timers = new Map<string, NodeJS.Timeout>();
  let driving = false;
  /** More is due than found a place. */
  let more = false;
  let looking: { again: boolean } | undefined;
  let worker: Worker | undefined;
  let sweptAt = clock.now();
  let sweeping: Promise<void> = Promise.resolve();

  function room(): number {
    return stopping.signal.aborted ? 0 : Math.max(0, options.concurrency - (active.size - reserved.size));
  }

  /** Takes it if it is due and free. Resolves when that is known. */
  function kick(id: string): Promise<void> {
    if (stopping.signal.aborted) return Promise.resolve();
    clearTimeout(timers.get(id));
    timers.delete(id);
    const current = active.get(id);
    if (current !== undefined) {
      current.again = true;
      return current.claimed;
    }
    if (room() === 0) {
      more = true;
      return Promise.resolve();
    }
    return begin(id).claimed;
  }

  function begin(id: string): Active {
    const claiming = take(id);
    const entry = { again: false, claimed: claiming.then(() => undefined), done: Promise.resolve() };
    active.set(id, entry);
    worker?.roomChanged();
    entry.done = drive(id, claiming).then((isSound) => {
      active.delete(id);
      reserved.delete(id);
      if (more && isSound) void look();
      else if (entry.again) void kick(id);
      worker?.roomChanged();
    });
    return entry;
  }

  async function take(id: string): Promise<Taken> {
    const askedAt = performance.now();
    try {
      const held = await claim(db, { kind, id }, owner, { leaseMs, dueBy: clock.now() + TIMER_SLACK_MS });
      return held === undefined ? undefined : { ...held, askedAt };
    } catch (thrown) {
      logger.warn({ kind, id, reason: messageOf(thrown) }, 'Failed to take a lease.');
      return 'failed';
    }
  }

  /** False when the database failed: then what is due waits for the next sweep. */
  async function drive(id: string, claiming: Promise<Taken>): Promise<boolean> {
    const held = await claiming;
    if (held === 'failed') return false;
    if (held === undefined) return true;
    try {
      await hold(id, held);
      return true;
    } catch (thrown) {
      logger.warn({ kind, id, reason: messageOf(thrown) }, 'Failed to give back a lease.');
      return false;
    }
  }

  async function hold(id: string, { fence, failures, askedAt }: Exclude<Taken, undefined | 'failed'>): Promise<void> {
    const lost = new AbortController();
    const letGo = keep(id, fence, { lost, askedAt });
    const end = await runRound({ id, fence, signal: AbortSignal.any([lost.signal, stopping.signal]) }, failures);
    letGo();
    const wakeAt = await release(db, { kind, id }, fence, end);
    if (wakeAt !== null) wakeLater(id, wakeAt.getTime());
  }

  /**
   * Prolongs the lease until `letGo` is called, or `stop` waits no longer. When it could not be for as long as it lasts, it
   * is lost, whether the database refuses or does not answer: another process may hold it, and nobody can tell.
   */
  function keep(
    id: string,
    fence: number,
    { lost, askedAt }: { readonly lost: AbortController; readonly askedAt: number },
  ): () => void {
    let keptAt = askedAt;
    let isLetGo = false;
    let expiry = expireLater();
    function expireLater(): NodeJS.Timeout {
      // After a standstill of this process an answer may lie there unread: it counts.
      return setTimeout(() => setImmediate(expire), Math.max(0, Math.ceil(keptAt + leaseMs - performance.now())));
    }
    function expire(): void {
      if (isLetGo) return;
      if (performance.now() - keptAt >= leaseMs) lost.abort(new LeaseLost('the lease ran out'));
      else expiry = expireLater(); // a timer may be early
    }
    async function prolong(): Promise<void> {
      const at = performance.now();
      try {
        const isHeld = await renew(db, { kind, id }, fence, leaseMs);
        if (isHeld) keptAt = Math.max(keptAt, at);
        else lost.abort(new LeaseLost('another process has the lease'));
      } catch (thrown) {
        logger.warn({ kind, id, reason: messageOf(thrown) }, 'Failed to prolong a lease.');
      }
    }
    const renewal = setInterval(() => void prolong(), leaseMs / 3);
    const letGo = () => {
      isLetGo = true;
      clearInterval(renewal);
      clearTimeout(expiry);
    };
    drained.signal.addEventListener('abort', letGo, { once: true });
    return () => {
      letGo();
      drained.signal.removeEventListener('abort', letGo);
    };
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
    if (delay > 3_600_000 || stopping.signal.aborted) return; // the sweep finds it
    clearTimeout(timers.get(id));
    timers.set(
      id,
      setTimeout(() => void kick(id), delay),
    );
  }

  async function hint(trx: Trx, ids: readonly string[], at: number | null): Promise<void> {
    if (at !== null && at > clock.now()) return;
    const isKicked = driving && options.hint !== 'queue' && afterCommit(trx, () => ids.forEach((id) => void kick(id)));
    if (isKicked) return;
    const jobs = ids.map((id) => ({ data: { id }, singleton: id }));
    await options.queue.send(trx, DRIVER_QUEUE_PREFIX + kind, jobs);
  }

  async function takeQuick(): Promise<void> {
    const { reserve } = options;
    if (reserve === undefined || reserved.size >= reserve.places) return;
    const ids = await due(db, kind, [...active.keys()], MOST_LOOKED_THROUGH);
    const quick = ids.length === 0 ? [] : await reserve.quick(ids);
    for (const id of quick.slice(0, reserve.places - reserved.size)) {
      if (active.has(id) || stopping.signal.aborted) continue;
      reserved.add(id);
      begin(id);
    }
  }

  /** Takes what is due, as much as there is room for: the rest is left to others, or to the next place that gets free. */
  async function look(): Promise<void> {
    if (looking !== undefined) {
      looking.again = true;
      return;
    }
    const turn = { again: true };
    looking = turn;
    try {
      while (turn.again && !stopping.signal.aborted) {
        turn.again = false;
        const places = room();
        if (places === 0) {
          await takeQuick();
          break;
        }
        const ids = await due(db, kind, [...active.keys()], places);
        more = ids.length === places;
        for (const id of ids) void kick(id);
      }
      sweptAt = clock.now();
    } catch (thrown) {
      logger.warn({ kind, reason: messageOf(thrown) }, 'Failed to look for due work.');
    } finally {
      looking = undefined;
    }
  }

  async function sweep(): Promise<void> {
    while (!stopping.signal.aborted) {
      await look();
      await sleep(options.sweepMs ?? 1000, stopping.signal);
    }
  }

  function handle({ data }: { readonly data: { readonly id?: unknown } }): Promise<void> {
    if (typeof data.id !== 'string') throw new UnreadableJob(`a job for ${kind} has no id`);
    return kick(data.id);
  }

  async function drain(): Promise<void> {
    const ends = Promise.allSettled([sweeping, ...[...active.values()].map((entry) => entry.done)]);
    if (options.drainMs === undefined) {
      await ends;
      return;
    }
    const inTime = new AbortController();
    await Promise.race([ends, sleep(options.drainMs, inTime.signal)]);
    inTime.abort();
    drained.abort();
    if (active.size === 0) return;
    logger.warn({ kind, rounds: active.size }, 'Failed to end every round in time; their leases run out.');
  }

  return {
    schedule: async (trx, wanted, at = null) => {
      const ids = typeof wanted === 'string' ? [wanted] : wanted;
      if (ids.length === 0) return;
      await together(wishWake(trx, kind, ids, at), hint(trx, ids, at));
    },
    start: async ({ alone }) => {
      await freeLeases(db, kind, alone ? null : owner);
      worker = await options.queue.work<{ id?: unknown }>(
        DRIVER_QUEUE_PREFIX + kind,
        { batch: Math.min(50, options.concurrency), room },
        async (job) => handle(job),
      );
      driving = true;
      sweeping = sweep();
    },
    stop: async () => {
      stopping.abort();
      worker?.roomChanged();
      for (const timer of timers.values()) clearTimeout(timer);
      await drain();
    },
    progress: async () => ({ sinceSweep: clock.now() - sweptAt, overdue: await oldestOverdue(db, kind) }),
  };
}
