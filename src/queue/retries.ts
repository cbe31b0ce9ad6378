import { UnreadableJob } from './port.ts';

/** How often a job is tried again whose handler throws. */
export const RETRIES = 3;

/** How long a stopping queue waits for the handlers that run, in milliseconds. */
export const STOP_PATIENCE_MS = 5000;

/** Whether a job becomes a dead letter after this failure; `failures`: those before it. */
export function isDead(thrown: unknown, failures: number): boolean {
  return thrown instanceof UnreadableJob || failures >= RETRIES;
}

/** Milliseconds before the next try: 1 s, 2 s, 4 s. */
export function retryPause(failures: number): number {
  return 1000 * 2 ** failures;
}

export const DEAD_LETTER = 'Gave up on a job: it is a dead letter now.';
export const TRIED_AGAIN = 'Failed to handle a job; it is tried again.';
