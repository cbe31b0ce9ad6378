import type { AsyncMessage } from 'rabbitmq-client';
import { type Logger, messageOf, newId, sleep } from '../../kernel/index.ts';
import { type Db, afterCommit } from '../../store/index.ts';
import type { Job, NewJob, Queue, WorkOptions, Worker } from '../port.ts';
import { DEAD_LETTER, STOP_PATIENCE_MS, TRIED_AGAIN, isDead, retryPause } from '../retries.ts';
import { type Consumer, type Verdict, createConsumer } from './consumer.ts';
import { type PublishMetrics, createDispatcher } from './dispatcher.ts';
import { type Link, createLink } from './link.ts';
import { readMessage } from './message.ts';
import { createPublisher } from './publisher.ts';
import { insertMessages, insertRetry } from './store.ts';
import { createTopology } from './topology.ts';

export interface RabbitQueueOptions {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Begins the name of each queue on the broker. */
  readonly queue: string;
  /** The job queues there are. */
  readonly queues: readonly string[];
  readonly vhost?: string;
  readonly logger: Logger;
  readonly db: Db;
  readonly metrics?: PublishMetrics;
}

export interface RabbitQueue extends Queue {
  /** Why the broker can't be used now; null when it can. */
  trouble(): string | null;
}

const LONGEST_HOLD_MS = 60_000;

/** Part of `stop` that is left for closing connections. */
const GOODBYE_MS = 1500;

/**
 * Jobs through RabbitMQ. They are written to the outbox in the caller's transaction and published after its commit; RabbitMQ being
 * away is a delay. `start` does not wait for it.
 */
export function createRabbitQueue(options: RabbitQueueOptions): RabbitQueue {
  const { db, logger, metrics } = options;
  const { host, port, user, password } = options;
  const place = { host, port, user, vhost: options.vhost ?? '/' };
  const topology = createTopology(options.queue, place);
  const consumers: Consumer[] = [];
  const stopping = new AbortController();
  let isStarted = false;

  const sending: Link = createLink({
    ...place,
    password,
    logger,
    name: 'sends',
    onReady: () => dispatcher.wake(),
    onLost: () => {},
  });
  const taking: Link = createLink({
    ...place,
    password,
    logger,
    name: 'takes',
    onReady: (connection) => consumers.forEach((consumer) => consumer.attach(connection)),
    onLost: () => consumers.forEach((consumer) => consumer.detach()),
  });
  const publisher = createPublisher({ topology });
  const dispatcher = createDispatcher({ db, link: sending, publisher, place, logger, metrics });

  function know(queue: string): void {
    if (!options.queues.includes(queue)) throw new Error(`there is no queue ${queue}`);
  }

  function sent(jobs: readonly NewJob[]): void {
    if (sending.open() === undefined) jobs.forEach(() => metrics?.publishFailed());
    dispatcher.wake();
  }

  async function handle<T extends object>(
    queue: string,
    message: AsyncMessage,
    handler: (job: Job<T>) => Promise<void>,
  ): Promise<Verdict> {
    const read = readMessage(message);
    if (read === null) {
      logger.error({ queue, job: message.messageId, reason: 'it is no JSON object' }, DEAD_LETTER);
      return 'dead';
    }
    try {
      await handler({ id: read.id, data: read.data as T, signal: stopping.signal });
      return 'done';
    } catch (thrown) {
      const told = { queue, job: read.id, reason: messageOf(thrown) };
      if (isDead(thrown, read.tries)) {
        logger.error(told, DEAD_LETTER);
        return 'dead';
      }
      logger.warn(told, TRIED_AGAIN);
      return tryLater({ ...read, queue }, read.deliveries);
    }
  }

  /** Through the outbox: a broker of this kind would hand it out again at once, and a message that is held takes a place. */
  async function tryLater(message: Parameters<typeof insertRetry>[1], deliveries: number): Promise<Verdict> {
    try {
      const pause = retryPause(message.tries);
      await insertRetry(db, { ...message, tries: message.tries + 1 }, pause);
      setTimeout(() => dispatcher.wake(), pause).unref();
      return 'done';
    } catch (thrown) {
      logger.warn({ job: message.id, reason: messageOf(thrown) }, 'Failed to keep a job for its next try.');
      // The broker counts how often it hands a message out: it must not give up while the database is away.
      await sleep(Math.min(1000 * 2 ** deliveries, LONGEST_HOLD_MS), stopping.signal);
      return 'again';
    }
  }

  async function end(): Promise<void> {
    const lastSent = dispatcher.stop().then(() => publisher.close());
    await Promise.allSettled([lastSent, ...consumers.map((consumer) => consumer.stop())]);
  }

  return {
    start: () => {
      isStarted = true;
      sending.start();
      if (consumers.length > 0) taking.start();
      dispatcher.start();
      return Promise.resolve();
    },
    stop: async () => {
      stopping.abort();
      if (!isStarted) return;
      await Promise.race([end(), sleep(STOP_PATIENCE_MS - GOODBYE_MS)]);
      await Promise.all([sending.stop(), taking.stop()]);
    },
    send: async (trx, queue, jobs) => {
      know(queue);
      if (jobs.length === 0) return;
      await insertMessages(trx, queue, jobs, () => newId('job'));
      afterCommit(trx, () => sent(jobs));
    },
    work: <T extends object>(
      queue: string,
      { concurrency = 1, batch = 1, room }: WorkOptions,
      handler: (job: Job<T>) => Promise<void>,
    ): Promise<Worker> => {
      know(queue);
      const consumer = createConsumer({
        queue: topology.nameOf(queue),
        capacity: concurrency * batch,
        room,
        declare: (connection) => topology.declare(connection, queue),
        handle: (message) => handle(queue, message, handler),
        logger,
      });
      consumers.push(consumer);
      const connection = taking.open();
      if (connection !== undefined) consumer.attach(connection);
      else if (isStarted && consumers.length === 1) taking.start();
      return Promise.resolve(consumer);
    },
    trouble: () => sending.trouble() ?? taking.trouble(),
  };
}
