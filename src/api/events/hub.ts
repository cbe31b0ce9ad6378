import type { ServerResponse } from 'node:http';
import type { Logger } from '../../kernel/index.ts';
import { type Db, type EventFollower, followEvents, lastEventPosition } from '../../store/index.ts';
import { type EventRing, createEventRing } from './ring.ts';
import { type EventStream, type StreamOptions, openEventStream } from './stream.ts';

export interface EventHubOptions {
  readonly db: Db;
  readonly logger: Logger;
  readonly pollMs?: number;
  readonly heartbeatMs?: number;
  /** Newest events kept in memory; a reader that lags by more is dropped and resumes by id. */
  readonly ringSize?: number;
}

/** One reader of the event log for all event streams of this process. */
export interface EventHub {
  /** Begins to follow the log, once; rejects (and may be tried again) while the database does not answer. */
  start(): Promise<void>;
  /** Streams events to `response`, whose headers are sent, until either side ends it. Call `start` first. */
  open(response: ServerResponse, options: StreamOptions): void;
  /** Looks for new events now: call it after a commit in this process to save the wait for the next poll. */
  nudge(): void;
  streams(): number;
  /** Ends every stream, then stops following. */
  close(): Promise<void>;
}

export function createEventHub(options: EventHubOptions): EventHub {
  const { db, logger, pollMs = 250, heartbeatMs = 15_000, ringSize = 4096 } = options;
  const streams = new Set<EventStream>();
  let started: Promise<void> | null = null;
  let running: { readonly ring: EventRing; readonly follower: EventFollower } | null = null;
  let heartbeat: NodeJS.Timeout | undefined;
  let closed = false;

  async function begin(): Promise<void> {
    const after = await lastEventPosition(db);
    if (closed) return;
    const ring = createEventRing(after, ringSize);
    const follower = followEvents(db, {
      after,
      pollMs,
      logger,
      receive: (events) => {
        for (const event of events) ring.append(event);
        for (const stream of streams) stream.wake();
      },
    });
    running = { ring, follower };
    heartbeat = setInterval(() => {
      for (const stream of streams) stream.beat();
    }, heartbeatMs);
    heartbeat.unref();
  }

  return {
    start: () => {
      started ??= begin().catch((thrown: unknown) => {
        started = null;
        throw thrown;
      });
      return started;
    },
    open: (response, streamOptions) => {
      if (running === null || closed) {
        response.end();
        return;
      }
      const { ring, follower } = running;
      const stream = openEventStream({ db, logger, ring, nudge: follower.nudge, response, ...streamOptions });
      streams.add(stream);
      response.once('close', () => streams.delete(stream));
    },
    nudge: () => running?.follower.nudge(),
    streams: () => streams.size,
    close: async () => {
      closed = true;
      clearInterval(heartbeat);
      for (const stream of streams) stream.end();
      await started?.catch(() => {});
      await running?.follower.stop();
    },
  };
}
