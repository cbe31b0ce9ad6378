import { type JobWithMetadata, PgBoss, fromKysely } from 'pg-boss';
import { type Logger, messageOf, newId } from '../kernel/index.ts';
import type { Connection } from '../store/index.ts';
import { createGate } from './gate.ts';
import type { Job, Queue, WorkOptions, Worker } from './port.ts';
import { DEAD_LETTER, RETRIES, STOP_PATIENCE_MS, TRIED_AGAIN, isDead } from './retries.ts';

type Ending = { readonly id: string; readonly status: 'completed' | 'failed' | 'deadletter'; readonly output?: object };

const SETTINGS = {
  notify: true,
  retryLimit: RETRIES,
  retryDelay: 1,
  retryBackoff: true,
  deleteAfterSeconds: 3600,
  expireInSeconds: 900,
} as const;

const TAKING = {
  pollingIntervalSeconds: 1,
  notifyPollingIntervalSeconds: 5,
  includeMetadata: true,
  perJobResults: true,
} as const;

const DEAD_LETTERS_KEPT_SECONDS = 14 * 86_400;

/** Jobs on PostgreSQL: sent in the caller's transaction, picked up within milliseconds through LISTEN/NOTIFY. */
export function createPgBossQueue(options: {
  readonly connection: Connection;
  readonly queues: readonly string[];
  readonly logger: Logger;
}): Queue {
  const { logger } = options;
  const boss = new PgBoss({
    ...options.connection,
    max: 4,
    application_name: 'funade-queue',
    schema: 'pgboss',
    useListenNotify: true,
    superviseIntervalSeconds: 60,
    schedule: false,
  });
  boss.on('error', (error) => logger.warn({ reason: messageOf(error) }, 'Failed to work on the job queue.'));
  const stopping = new AbortController();

  function know(queue: string): void {
    if (!options.queues.includes(queue)) throw new Error(`there is no queue ${queue}`);
  }

  /** Queues of an earlier version are brought to the present settings. */
  async function declare(): Promise<void> {
    const present = await boss.getQueues(options.queues.flatMap((name) => [name, deadOf(name)]));
    const known = new Map(present.map((queue) => [queue.name, queue]));
    for (const name of options.queues) {
      const dead = deadOf(name);
      if (!known.has(dead)) await boss.createQueue(dead, { retentionSeconds: DEAD_LETTERS_KEPT_SECONDS });
      if (!known.has(name)) await boss.createQueue(name, { policy: 'short', ...SETTINGS, deadLetter: dead });
      else if (known.get(name)?.deadLetter !== dead) await boss.updateQueue(name, { ...SETTINGS, deadLetter: dead });
    }
  }

  async function handle<T extends object>(
    queue: string,
    job: JobWithMetadata<T>,
    handler: (job: Job<T>) => Promise<void>,
  ): Promise<Ending> {
    const { id, data, retryCount } = job;
    try {
      await handler({ id, data, signal: AbortSignal.any([job.signal, stopping.signal]) });
      return { id, status: 'completed' };
    } catch (thrown) {
      const told = { queue, job: id, reason: messageOf(thrown) };
      const dead = isDead(thrown, retryCount);
      if (dead) logger.error(told, DEAD_LETTER);
      else logger.warn(told, TRIED_AGAIN);
      return { id, status: dead ? 'deadletter' : 'failed', output: { message: told.reason } };
    }
  }

  return {
    start: async () => {
      await boss.start();
      await declare();
    },
    stop: async () => {
      stopping.abort();
      await boss.stop({ graceful: true, timeout: STOP_PATIENCE_MS });
    },
    send: async (trx, queue, jobs) => {
      know(queue);
      if (jobs.length === 0) return;
      // In a queue of the policy `short` jobs without a key would share one.
      const rows = jobs.map(({ data, singleton = newId('job'), startAfter }) => ({
        data,
        singletonKey: singleton,
        ...(startAfter === undefined ? {} : { startAfter }),
      }));
      await boss.insert(queue, rows, { db: fromKysely(trx) });
    },
    work: async <T extends object>(
      queue: string,
      { concurrency = 1, batch = 1, room }: WorkOptions,
      handler: (job: Job<T>) => Promise<void>,
    ): Promise<Worker> => {
      know(queue);
      const take = async (): Promise<string> => {
        const id: string = await boss.work(
          queue,
          { ...TAKING, batchSize: batch },
          async (jobs: JobWithMetadata<T>[]) => {
            const endings = await Promise.all(jobs.map((job) => handle(queue, job, handler)));
            boss.notifyWorker(id); // looks again at once: what was told of while it worked was told to nobody
            return endings;
          },
        );
        return id;
      };
      return createGate({
        room,
        open: () => Promise.all(Array.from({ length: concurrency }, take)),
        close: async (ids) => {
          for (const id of ids) await boss.offWork(queue, { id, wait: false });
        },
        signal: stopping.signal,
        onTrouble: (thrown) => logger.warn({ queue, reason: messageOf(thrown) }, 'Failed to begin or end taking jobs.'),
      });
    },
  };
}

function deadOf(name: string): string {
  return `${name}.dead`;
}
