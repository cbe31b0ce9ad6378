import { type Logger, newId } from '../src/kernel/index.ts';
import {
  type NewJob,
  type Queue,
  createMemoryQueue,
  createPgBossQueue,
  createRabbitQueue,
} from '../src/queue/index.ts';
import { transaction } from '../src/store/index.ts';
import type { TestDatabase } from './database.ts';
import type { RabbitMq } from './rabbitmq.ts';

export interface Line {
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A logger that keeps its lines. */
export function recordingLogger(): { readonly logger: Logger; readonly lines: Line[] } {
  const lines: Line[] = [];
  const at = (level: Line['level']) => (fields: Line['fields'], message: string) =>
    void lines.push({ level, message, fields });
  const logger: Logger = {
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    debug: at('debug'),
    child: () => logger,
  };
  return { logger, lines };
}

export const ADAPTERS = ['memory', 'pg-boss', 'rabbitmq'] as const;
export type Adapter = (typeof ADAPTERS)[number];

export interface Ground {
  readonly database: TestDatabase;
  readonly broker: RabbitMq | undefined;
  readonly prefix: string;
}

export function createQueue(
  adapter: Adapter,
  { database, broker, prefix }: Ground,
  { queues, logger }: { readonly queues: readonly string[]; readonly logger: Logger },
): Queue {
  const { db, connection } = database;
  switch (adapter) {
    case 'memory':
      return createMemoryQueue(logger, { queues, retryPauseMs: () => 20 });
    case 'pg-boss':
      return createPgBossQueue({ connection, queues, logger });
    case 'rabbitmq':
      if (broker === undefined) throw new Error('there is no broker');
      return createRabbitQueue({ ...broker, db, queue: prefix, queues, logger });
  }
}

export function newPrefix(): string {
  return newId('test').replace('_', '-');
}

export async function sendAll(
  { db }: TestDatabase,
  queue: Queue,
  name: string,
  jobs: readonly NewJob[],
): Promise<void> {
  await transaction(db, (trx) => queue.send(trx, name, jobs));
}

export function numbered(count: number): readonly NewJob[] {
  return Array.from({ length: count }, (_, number) => ({ data: { number } }));
}
