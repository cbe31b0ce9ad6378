import type { Connection } from 'rabbitmq-client';
import { type Logger, messageOf } from '../../kernel/index.ts';
import type { Db } from '../../store/index.ts';
import type { Link } from './link.ts';
import { type Published, type Publisher, Unanswered } from './publisher.ts';
import { type Outgoing, claimMessages, deleteMessages, postponeMessages } from './store.ts';
import { type BrokerPlace, troubleOf } from './troubles.ts';

const AT_ONCE = 100;
/** Longer than a publication may take, which the publisher limits. */
const LEASE_MS = 30_000;
const SWEEP_MS = 1000;

export interface PublishMetrics {
  publishFailed(): void;
}

export interface DispatcherOptions {
  readonly db: Db;
  readonly link: Link;
  readonly publisher: Publisher;
  readonly place: BrokerPlace;
  readonly logger: Logger;
  readonly metrics: PublishMetrics | undefined;
}

export interface Dispatcher {
  start(): void;
  /** There is something to publish, or somewhere to publish it. */
  wake(): void;
  stop(): Promise<void>;
}

/**
 * Publishes the rows of the outbox, of all processes together: each takes some for half a minute, publishes them, and deletes
 * those that the broker has confirmed. No transaction is open meanwhile. A process that is killed between the confirmation and
 * the deletion leaves rows that are published once more.
 */
export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { db, logger } = options;
  let stopped = false;
  let isWoken = false;
  let endPause = (): void => {};
  let running: Promise<void> = Promise.resolve();

  async function run(): Promise<void> {
    while (!stopped) {
      isWoken = false;
      const isMore = await dispatch().catch((thrown: unknown) => {
        logger.warn({ reason: messageOf(thrown) }, 'Failed to look for messages to publish.');
        return false;
      });
      if (!isMore) await pause();
    }
  }

  /** Until something calls `wake`, or another process may have left something. */
  function pause(): Promise<void> {
    if (isWoken || stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, SWEEP_MS);
      endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Whether more is waiting that can be published now. */
  async function dispatch(): Promise<boolean> {
    const connection = options.link.open();
    if (connection === undefined) return false;
    const messages = await claimMessages(db, AT_ONCE, LEASE_MS);
    if (messages.length === 0) return false;
    const { confirmed, failure } = await publish(connection, messages);
    if (confirmed.length > 0) await deleteMessages(db, confirmed);
    if (confirmed.length === messages.length) return messages.length === AT_ONCE;
    await tellFailure(connection, messages, { confirmed, failure });
    return false;
  }

  async function publish(connection: Connection, messages: readonly Outgoing[]): Promise<Published> {
    try {
      return await options.publisher.publish(connection, messages);
    } catch (thrown) {
      return { confirmed: [], failure: thrown };
    }
  }

  async function tellFailure(connection: Connection, messages: readonly Outgoing[], end: Published): Promise<void> {
    const failed = messages.map(({ position }) => position).filter((position) => !end.confirmed.includes(position));
    failed.forEach(() => options.metrics?.publishFailed());
    const { code, message } = troubleOf(end.failure, options.place);
    logger.warn({ code, messages: failed.length }, `${message} Messages wait to be published again.`);
    if (end.failure instanceof Unanswered) options.link.drop(connection, end.failure);
    await postponeMessages(db, failed);
  }

  function wake(): void {
    isWoken = true;
    endPause();
  }

  return {
    start: () => {
      running = run();
    },
    wake,
    stop: () => {
      stopped = true;
      wake();
      return running;
    },
  };
}
