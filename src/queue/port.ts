import type { Trx } from '../store/index.ts';

export interface Job<T> {
  readonly id: string;
  readonly data: T;
  /** Aborted when the worker is being stopped or the job ran past its time. */
  readonly signal: AbortSignal;
}

export interface WorkOptions {
  /** Jobs of this queue that one process works on at the same time. */
  readonly concurrency?: number;
}

/** Durable jobs. A job that was sent in a transaction exists exactly when that transaction committed. */
export interface Queue {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Enqueues in the caller's transaction. `singleton`: one waiting job per key is enough. */
  send(
    trx: Trx,
    queue: string,
    data: object,
    options?: { readonly singleton?: string; readonly startAfter?: Date },
  ): Promise<void>;
  work<T extends object>(queue: string, options: WorkOptions, handler: (job: Job<T>) => Promise<void>): Promise<void>;
}
