import type { ResultMeta } from './runtimes/messages.ts';

/** How one call ended. */
export type Outcome =
  | { readonly kind: 'result'; readonly meta: ResultMeta; readonly body: Buffer }
  /** The handler threw. */
  | { readonly kind: 'threw'; readonly errorType: string; readonly message: string; readonly trace: readonly string[] }
  /** The process ended while it worked on the call. */
  | { readonly kind: 'exited'; readonly reason: string }
  | { readonly kind: 'out_of_memory' }
  /** What came over the wire was no answer. */
  | { readonly kind: 'protocol'; readonly reason: string }
  | { readonly kind: 'response_too_large' }
  | { readonly kind: 'timeout'; readonly milliseconds: number }
  /** The queue is full, or the call waited in it for as long as it may take. */
  | { readonly kind: 'throttled'; readonly reason: string }
  /** No instance could be started. */
  | { readonly kind: 'not_ready'; readonly reason: string; readonly failed: boolean }
  | { readonly kind: 'shutting_down' }
  /** The caller left while the call was waiting. */
  | { readonly kind: 'abandoned' };

const NOT_THE_VERSION: ReadonlySet<Outcome['kind']> = new Set(['throttled', 'shutting_down', 'abandoned']);

/** Whether an answer speaks against the version that gave it. */
export function isVersionError(outcome: Outcome): boolean {
  if (outcome.kind === 'result') return outcome.meta.status >= 500;
  return !NOT_THE_VERSION.has(outcome.kind);
}
