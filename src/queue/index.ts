export { DRIVER_QUEUE_PREFIX, type Driver, type DriverOptions, type Lease, LeaseLost, createDriver } from './driver.ts';
export { createMemoryQueue } from './memory.ts';
export { createPgBossQueue } from './pgboss.ts';
export { type Job, type NewJob, type Queue, UnreadableJob, type WorkOptions, type Worker } from './port.ts';
export { type RabbitQueue, type RabbitQueueOptions, createRabbitQueue } from './rabbitmq/rabbitmq.ts';
