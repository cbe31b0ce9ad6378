import type { FaultMeta, ResultMeta } from './runtimes/messages.ts';

/** How one call ended. */
export type Outcome =
  | { readonly kind: 'result'; readonly meta: ResultMeta; readonly body: Buffer }
  /** All of it went to the call's sink. */
  | { readonly kind: 'streamed'; readonly status: number; readonly bytes: number }
  /** The handler threw, or what it returned can't be written as JSON. */
  | { readonly kind: 'threw'; readonly errorType: string; readonly message: string; readonly trace: readonly string[] }
  /** The payload was no JSON that the runtime can hold. */
  | { readonly kind: 'invalid_event'; readonly message: string }
  /** What the handler returned is no HTTP answer. */
  | { readonly kind: 'bad_response'; readonly message: string }
  /** The process ended while it worked on the call. */
  | { readonly kind: 'exited'; readonly reason: string }
  | { readonly kind: 'out_of_memory' }
  /** What came over the wire was no answer. */
  | { readonly kind: 'protocol'; readonly reason: string }
  | { readonly kind: 'response_too_large' }
  /** Its reader was too far behind while the same process worked on other calls. */
  | { readonly kind: 'reader_too_slow' }
  | { readonly kind: 'timeout'; readonly milliseconds: number }
  /** The queue is full, the call waited in it for as long as it may take, or the function's own limit is reached. */
  | { readonly kind: 'throttled'; readonly reason: string }
  /** The instance that was started for the call did not come up. */
  | { readonly kind: 'init_failed'; readonly reason: string; readonly fault: FaultMeta | null }
  /** Instances fail to come up again and again: none is started for a while. */
  | { readonly kind: 'failing'; readonly reason: string; readonly retryAfter: number }
  /** No instance can be started now, for lack of memory or isolation. */
  | { readonly kind: 'no_capacity'; readonly reason: string }
  | { readonly kind: 'not_isolated'; readonly reason: string; readonly fix: string }
  | { readonly kind: 'shutting_down' }
  /** The caller left while the call was waiting. */
  | { readonly kind: 'abandoned' };

const NOT_THE_VERSION: ReadonlySet<Outcome['kind']> = new Set<Outcome['kind']>([
  ...([
    'invalid_event',
    'throttled',
    'shutting_down',
    'abandoned',
    'reader_too_slow',
    'no_capacity',
    'not_isolated',
  ] as const),
]);

/** Whether an answer speaks against the version that gave it. */
export function isVersionError(outcome: Outcome): boolean {
  if (outcome.kind === 'result') return outcome.meta.status >= 500;
  if (outcome.kind === 'streamed') return outcome.status >= 500;
  return !NOT_THE_VERSION.has(outcome.kind);
}

const NEVER_RAN: ReadonlySet<Outcome['kind']> = new Set<Outcome['kind']>([
  ...([
    'invalid_event',
    'throttled',
    'init_failed',
    'failing',
    'no_capacity',
    'not_isolated',
    'shutting_down',
  ] as const),
]);

/** Whether the handler may have begun to work on the call. */
export function mayHaveRun(outcome: Outcome): boolean {
  return !NEVER_RAN.has(outcome.kind);
}

/** What an outcome without an answer says, as a sentence. */
export function reasonOf(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'threw':
      return `it threw ${outcome.errorType}: ${outcome.message}`;
    case 'exited':
    case 'protocol':
    case 'init_failed':
    case 'failing':
    case 'no_capacity':
    case 'throttled':
      return outcome.reason;
    case 'not_isolated':
      return `isolation is missing: ${outcome.reason}. Fix: ${outcome.fix}`;
    case 'invalid_event':
    case 'bad_response':
      return outcome.message;
    case 'timeout':
      return `it had no answer after ${outcome.milliseconds} ms`;
    case 'out_of_memory':
      return 'it ran out of memory';
    case 'response_too_large':
      return 'it answered with more than 6 MB';
    case 'reader_too_slow':
      return 'its answer was not read';
    case 'shutting_down':
      return 'the server stops';
    case 'result':
    case 'streamed':
    case 'abandoned':
      return '';
  }
}
