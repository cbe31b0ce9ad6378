import type { Trx } from '../store/index.ts';

export interface Job<T> {
  readonly id: string;
  readonly data: T;
  /** Aborted when the worker is being stopped or the job ran past its time. */
  readonly signal: AbortSignal;
}

export interface NewJob {
  readonly data: object;
  /** One waiting job per key is enough. */
  readonly singleton?: string;
  readonly startAfter?: Date;
}

export interface WorkOptions {
  /** Jobs of this queue that one process works on at the same time; 1. */
  readonly concurrency?: number;
  /** Jobs that are fetched at once, for work that takes next to no time; 1. */
  readonly batch?: number;
}

/** Durable jobs. A job that was sent in a transaction exists exactly when that transaction committed. */
export interface Queue {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Enqueues in the caller's transaction. */
  send(trx: Trx, queue: string, jobs: readonly NewJob[]): Promise<void>;
  work<T extends object>(queue: string, options: WorkOptions, handler: (job: Job<T>) => Promise<void>): Promise<void>;
}
