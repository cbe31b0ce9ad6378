import { Connection } from 'rabbitmq-client';
import { type Logger, describeError, sleep } from '../../kernel/index.ts';
import { type BrokerPlace, troubleOf } from './troubles.ts';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5000;
const GOODBYE_MS = 1000;

export interface LinkOptions extends BrokerPlace {
  readonly password: string;
  readonly logger: Logger;
  /** For what: messages go one way and are taken another, since a broker that is short of memory stops reading whoever sends. */
  readonly name: string;
  /** It is open, or takes messages again. */
  readonly onReady: (connection: Connection) => void;
  readonly onLost: () => void;
}

/** One connection to the broker, made again for ever. */
export interface Link {
  start(): void;
  /** The open connection that takes messages; undefined while there is none. */
  open(): Connection | undefined;
  /** Why there is none; null while there is one, or before the first try has ended. */
  trouble(): string | null;
  /** Gives up a connection that no longer answers. */
  drop(connection: Connection, reason: unknown): void;
  /** Says goodbye when the broker listens, and closes the connection in any case. Channels must be closed before. */
  stop(): Promise<void>;
}

export function createLink(options: LinkOptions): Link {
  const { logger, host, port } = options;
  let current: Connection | undefined;
  let isOpen = false;
  let isBlocked = false;
  let failures = 0;
  let trouble: string | null = null;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  // The library would reconnect by itself, but tells only of the first failure: a password that was changed during an outage
  // would look like that outage for ever. So each of its connections is used once.
  function connect(): void {
    const connection = new Connection({
      hostname: host,
      port,
      username: options.user,
      password: options.password,
      vhost: options.vhost,
      connectionName: `funade ${options.name}`,
      heartbeat: 10,
      connectionTimeout: 10_000,
      acquireTimeout: 10_000,
      noDelay: true,
    });
    current = connection;
    connection.on('connection', () => {
      if (connection !== current) return;
      [isOpen, isBlocked, failures, trouble] = [true, false, 0, null];
      logger.info({ host, port }, 'Connected to RabbitMQ.');
      options.onReady(connection);
    });
    connection.on('connection.blocked', (reason) => {
      isBlocked = true;
      trouble = `it takes no messages (${reason})`;
      logger.warn({ host, port, reason }, 'RabbitMQ takes no messages; they wait.');
    });
    connection.on('connection.unblocked', () => {
      [isBlocked, trouble] = [false, null];
      options.onReady(connection);
    });
    connection.on('error', (thrown: unknown) => drop(connection, thrown));
  }

  function drop(connection: Connection, reason: unknown): void {
    connection.unsafeDestroy();
    if (connection !== current) return;
    current = undefined;
    if (isOpen) options.onLost();
    isOpen = false;
    if (stopped) return;
    const error = troubleOf(reason, options);
    trouble = error.message;
    const { fix } = describeError(error, 'en');
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS);
    failures += 1;
    logger.warn({ code: error.code, fix, attempt: failures }, `${error.message} Trying again.`);
    timer = setTimeout(connect, pause);
  }

  return {
    start: connect,
    open: () => (isOpen && !isBlocked ? current : undefined),
    trouble: () => trouble,
    drop,
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      const connection = current;
      if (connection === undefined) return;
      const goodbye = new AbortController();
      if (isOpen) await Promise.race([connection.close(), sleep(GOODBYE_MS, goodbye.signal)]).catch(() => {});
      goodbye.abort();
      connection.unsafeDestroy();
    },
  };
}
