import { PgBoss, fromKysely } from 'pg-boss';
import { type Logger, messageOf } from '../kernel/index.ts';
import type { Connection } from '../store/index.ts';
import type { Job, Queue, WorkOptions } from './port.ts';

/** Jobs on PostgreSQL: sent in the caller's transaction, picked up within milliseconds through LISTEN/NOTIFY. */
export function createPgBossQueue(options: {
  readonly connection: Connection;
  readonly queues: readonly string[];
  readonly logger: Logger;
}): Queue {
  const boss = new PgBoss({
    ...options.connection,
    max: 4,
    application_name: 'funade-queue',
    schema: 'pgboss',
    useListenNotify: true,
    superviseIntervalSeconds: 60,
    schedule: false,
  });
  boss.on('error', (error) => options.logger.warn({ reason: messageOf(error) }, 'Failed to work on the job queue.'));
  return {
    start: async () => {
      await boss.start();
      for (const name of options.queues) {
        const settings = {
          policy: 'short',
          notify: true,
          retryLimit: 3,
          deleteAfterSeconds: 3600,
          expireInSeconds: 900,
        } as const;
        await boss.createQueue(name, settings);
      }
    },
    stop: () => boss.stop({ graceful: true, timeout: 5000 }),
    send: async (trx, queue, jobs) => {
      if (jobs.length === 0) return;
      const rows = jobs.map(({ data, singleton, startAfter }) => ({
        data,
        ...(singleton === undefined ? {} : { singletonKey: singleton }),
        ...(startAfter === undefined ? {} : { startAfter }),
      }));
      await boss.insert(queue, rows, { db: fromKysely(trx) });
    },
    work: async <T extends object>(
      queue: string,
      workOptions: WorkOptions,
      handler: (job: Job<T>) => Promise<void>,
    ) => {
      const concurrency = workOptions.concurrency ?? 1;
      const polling = { pollingIntervalSeconds: 1, notifyPollingIntervalSeconds: 5 };
      await boss.work<T>(
        queue,
        { batchSize: workOptions.batch ?? 1, localConcurrency: concurrency, ...polling },
        async (jobs) => {
          for (const job of jobs) await handler({ id: job.id, data: job.data, signal: job.signal });
        },
      );
    },
  };
}
