import type { Registry } from 'prom-client';
import type { ServerConfig } from '../config/index.ts';
import { EVENT_KIND } from '../functions/index.ts';
import type { Logger } from '../kernel/index.ts';
import { LOOP_KIND } from '../loop/index.ts';
import {
  DRIVER_QUEUE_PREFIX,
  type Queue,
  type RabbitQueue,
  createPgBossQueue,
  createRabbitQueue,
} from '../queue/index.ts';
import type { Connection, Db } from '../store/index.ts';
import { publishFailures } from './metrics.ts';

const TASK = `${DRIVER_QUEUE_PREFIX}task`;

export interface Queues {
  readonly queue: Queue;
  readonly taskQueue: Queue;
  /** Null where PostgreSQL announces everything. */
  readonly broker: Pick<RabbitQueue, 'trouble'> | null;
}

/** The queue of this process, and the one that announces agent tasks: the same, or RabbitMQ where that is configured. */
export function openQueues(options: {
  readonly config: ServerConfig;
  readonly connection: Connection;
  readonly db: Db;
  readonly logger: Logger;
  readonly registry: Registry;
}): Queues {
  const { config, connection, db, logger } = options;
  const { enabled, ...broker } = config.rabbitmq;
  const queue = createPgBossQueue({
    connection,
    queues: [...['run', 'environment', EVENT_KIND, LOOP_KIND].map((kind) => DRIVER_QUEUE_PREFIX + kind), TASK],
    logger,
  });
  const publishFailed = publishFailures(options.registry);
  if (!enabled) return { queue, taskQueue: queue, broker: null };
  const taskQueue = createRabbitQueue({ ...broker, queues: [TASK], db, logger, metrics: { publishFailed } });
  return { queue, taskQueue, broker: taskQueue };
}
