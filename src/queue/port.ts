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
  /** Jobs that each of them takes at once, for work that takes next to no time; 1. */
  readonly batch?: number;
  /** How many more jobs would find a place now. A full process leaves jobs to others. Without it there is always room. */
  readonly room?: () => number;
}

export interface Worker {
  /** What `room` answers has changed. */
  roomChanged(): void;
}

/** Thrown by a handler: no retry can help this job, so it becomes a dead letter at once. */
export class UnreadableJob extends Error {}

/**
 * Durable jobs. A job that was sent in a transaction exists exactly when that transaction committed. It is handed over at least
 * once: a handler must bear the same job twice. One whose handler throws is tried again three times, after growing pauses, and
 * is a dead letter then.
 */
export interface Queue {
  start(): Promise<void>;
  /** Takes no more jobs, aborts the signals of those in hand and waits for them, for 5 seconds at the most. */
  stop(): Promise<void>;
  /** Enqueues in the caller's transaction, which `transaction` of the store must have begun. Throws for an unknown queue. */
  send(trx: Trx, queue: string, jobs: readonly NewJob[]): Promise<void>;
  work<T extends object>(queue: string, options: WorkOptions, handler: (job: Job<T>) => Promise<void>): Promise<Worker>;
}
