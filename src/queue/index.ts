export { DRIVER_QUEUE_PREFIX, type Driver, type DriverOptions, type Lease, createDriver } from './driver.ts';
export { createMemoryQueue } from './memory.ts';
export { createPgBossQueue } from './pgboss.ts';
export type { Job, NewJob, Queue, WorkOptions } from './port.ts';
