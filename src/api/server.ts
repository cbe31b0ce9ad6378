import type { Clock, Language, Logger } from '../kernel/index.ts';
import type { Db } from '../store/index.ts';
import type { Access } from './access/index.ts';
import { type ApiApp, buildApp } from './app.ts';
import { createEventHub } from './events/hub.ts';
import { createListener } from './listener.ts';
import type { Metrics } from './metrics.ts';
import type { HealthSource, RawHandler } from './port.ts';

export interface ApiOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly db: Db;
  readonly access: Access;
  readonly metrics: Metrics;
  /** For callers that ask for no language. */
  readonly language: Language;
  readonly version: string;
  /** Takes `/fn/…` whole. */
  readonly fn?: RawHandler;
  /** Takes the paths of AWS Lambda's API whole. */
  readonly lambda?: RawHandler;
  /** Takes `/webhook/…` whole. */
  readonly webhook?: RawHandler;
  /** Directory of the built dashboard. */
  readonly webRoot: string | null;
  /** Each registers the routes of one resource, with addresses relative to `/api/v1`. */
  readonly resources: readonly ((app: ApiApp) => void)[];
  readonly health: HealthSource;
  readonly onListening?: (bound: { readonly address: string; readonly port: number }) => void;
  /** Milliseconds between looks at the event log, 250 by default. */
  readonly eventPollMs?: number;
  /** Milliseconds between heartbeats of an event stream, 15000 by default. */
  readonly heartbeatMs?: number;
}

export interface Api {
  /** Fastify itself, for `inject`. */
  readonly app: ApiApp;
  /** `FUN_PORT_IN_USE`, or `FUN_SETTING_INVALID` for an address that can't be listened on. */
  listen(): Promise<{ readonly address: string; readonly port: number }>;
  /** Tells event streams at once that something was committed, instead of at the next poll. */
  nudgeEvents(): void;
  /** Stops accepting, ends event streams and idle connections, lets the rest finish within `deadlineMs` (10 s). */
  close(options?: { readonly deadlineMs?: number }): Promise<void>;
}

/** Builds the HTTP side of Funade; nothing listens before `listen`. */
export function createApi(options: ApiOptions): Api {
  const { db, logger, eventPollMs, heartbeatMs } = options;
  const hub = createEventHub({
    db,
    logger,
    ...(eventPollMs === undefined ? {} : { pollMs: eventPollMs }),
    ...(heartbeatMs === undefined ? {} : { heartbeatMs }),
  });
  const listener = createListener(options);
  const app = buildApp({ ...options, hub, closing: listener.closing, serverFactory: listener.create });
  let closed: Promise<void> | null = null;

  async function close(deadlineMs: number): Promise<void> {
    listener.beginClose();
    await hub.close();
    await listener.drain(deadlineMs);
    await app.close();
  }

  return {
    app,
    nudgeEvents: hub.nudge,
    listen: async () => {
      await app.ready();
      const bound = await listener.listen();
      options.onListening?.(bound);
      return bound;
    },
    close: ({ deadlineMs = 10_000 } = {}) => (closed ??= close(deadlineMs)),
  };
}
