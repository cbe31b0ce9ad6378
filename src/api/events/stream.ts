import type { ServerResponse } from 'node:http';
import { type Logger, messageOf } from '../../kernel/index.ts';
import { type Db, type StoredEvent, readEvents } from '../../store/index.ts';
import { type EventRing, frameOf } from './ring.ts';

const PAGE = 500;
const BEHIND_MS = 1000;
const BEATS_UNTIL_STALLED = 2;

export interface StreamOptions {
  /** Id of the last event that the reader has; 0 for none. */
  readonly after: number;
  readonly app?: string | undefined;
  readonly subject?: string | undefined;
  /** Asked at every heartbeat; a reader whose token was revoked is cut off. */
  readonly mayStay: () => Promise<boolean>;
}

export interface EventStream {
  /** New events are in the ring. */
  wake(): void;
  /** Shows the reader that the connection lives, and drops a reader that has stopped reading. */
  beat(): void;
  end(): void;
}

interface Parts extends StreamOptions {
  readonly db: Db;
  readonly logger: Logger;
  readonly ring: EventRing;
  readonly nudge: () => void;
  readonly response: ServerResponse;
}

/**
 * Writes events to one reader: from the table until it meets an event that is in the ring, then from the ring. A reader
 * holds no queue of its own, only its place; one that is too slow loses its place and is dropped.
 */
export function openEventStream(parts: Parts): EventStream {
  const { db, logger, ring, response } = parts;
  let closed = false;
  let stalledBeats = 0;
  let writes = 0;
  let seen = { writes: 0, pending: 0 };
  let resume = (): void => {};

  function wake(): void {
    resume();
  }
  function woken(): Promise<void> {
    return new Promise((resolve) => {
      resume = resolve;
    });
  }
  response.on('drain', wake);
  response.on('error', () => {}); // a reader that vanishes is an ordinary end; 'close' follows
  response.once('close', () => {
    closed = true;
    wake();
  });

  async function write(event: StoredEvent, frame: string): Promise<void> {
    if (closed) return;
    if (parts.app !== undefined && event.app !== parts.app) return;
    if (parts.subject !== undefined && event.subject !== parts.subject) return;
    writes += 1;
    response.write(frame);
    while (!closed && response.writableNeedDrain) await woken();
  }

  /** Waits a moment for the follower to read the event at `position`. */
  async function meet(position: number): Promise<number | undefined> {
    let gaveUp = false;
    const timer = setTimeout(() => {
      gaveUp = true;
      wake();
    }, BEHIND_MS);
    parts.nudge();
    while (!closed && !gaveUp && ring.following(position) === undefined) await woken();
    clearTimeout(timer);
    return ring.following(position);
  }

  /** Writes what the table has after `after` and returns the place in the ring where it goes on. */
  async function catchUp(after: number): Promise<number> {
    let position = after;
    while (!closed) {
      const known = ring.following(position);
      if (known !== undefined) return known;
      const head = ring.head();
      const page = await readEvents(db, { after: position, limit: PAGE });
      for (const event of page) {
        await write(event, frameOf(event));
        position = event.position;
        const next = ring.following(position);
        if (closed || next !== undefined) return next ?? head;
      }
      if (page.length > 0) continue;
      // Nothing follows, and the follower has not come by: it is a moment behind the table, or the id that the reader
      // came with is not of this log. An id that was read here is, so the follower will come.
      const met = await meet(position);
      if (met !== undefined) return met;
      if (position === after) return head;
    }
    return ring.head();
  }

  async function run(): Promise<void> {
    let next = await catchUp(parts.after);
    while (!closed) {
      const entry = ring.at(next);
      if (entry !== undefined) {
        next += 1;
        await write(entry.event, entry.frame);
      } else if (next < ring.oldest()) {
        drop('fell behind');
        return;
      } else {
        await woken();
      }
    }
  }

  function end(): void {
    closed = true;
    response.end();
    wake();
  }

  function drop(reason: string): void {
    logger.info({ reason, writes }, 'Dropped the reader of an event stream; it can resume by id.');
    closed = true;
    response.destroy();
  }

  void run().catch((thrown: unknown) => {
    logger.warn({ reason: messageOf(thrown) }, 'Failed to read events for a stream; its reader can resume.');
    end();
  });

  return {
    wake,
    end,
    beat: () => {
      const pending = response.writableLength;
      const stuck = response.writableNeedDrain && writes === seen.writes && pending === seen.pending;
      stalledBeats = stuck ? stalledBeats + 1 : 0;
      seen = { writes, pending };
      if (stalledBeats >= BEATS_UNTIL_STALLED) {
        drop('stopped reading');
        return;
      }
      if (!response.writableNeedDrain) response.write(': heartbeat\n\n');
      void parts.mayStay().then(
        (stays) => (stays ? undefined : end()),
        () => {}, // the database is away: who was let in stays until it can be asked again
      );
    },
  };
}
