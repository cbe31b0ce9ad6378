import { FunadeError, assertNever, isFunadeError } from '../../kernel/index.ts';

/** Why a request brought no answer that can be used. Reasons are short, without secrets, and for people. */
export type FailedOutcome =
  /** Network trouble, a timeout, or an answer of 5xx. */
  | { readonly kind: 'unreachable'; readonly reason: string }
  /** The forge wants no request of this account before `until` (epoch milliseconds). */
  | { readonly kind: 'limited'; readonly until: number }
  /** 304 and 4xx. `doubtful`: an earlier try of the same request brought no answer, and may have done the work. */
  | { readonly kind: 'answered'; readonly status: number; readonly reason: string; readonly doubtful: boolean };

/**
 * A failed request on its way through the forge's client library, which wraps what its `fetch` throws. The message is bare on
 * purpose: libraries look into it for texts of the forge.
 */
export class RequestFailure extends Error {
  readonly outcome: FailedOutcome;

  constructor(outcome: FailedOutcome) {
    super(outcome.kind === 'answered' ? `answered ${outcome.status}` : outcome.kind);
    this.name = 'RequestFailure';
    this.outcome = outcome;
  }
}

/** The failed request behind anything thrown, or undefined when it was none. */
export function failureOf(thrown: unknown): FailedOutcome | undefined {
  let current = thrown;
  for (let depth = 0; depth < 5 && current instanceof Error; depth += 1) {
    if (current instanceof RequestFailure) return current.outcome;
    current = current.cause;
  }
  return undefined;
}

/** Status of the answer behind anything thrown, or undefined when there was none. */
export function statusOf(thrown: unknown): number | undefined {
  const outcome = failureOf(thrown);
  return outcome?.kind === 'answered' ? outcome.status : undefined;
}

export function reasonOf(thrown: unknown): string {
  const outcome = failureOf(thrown);
  return outcome === undefined || outcome.kind === 'limited' ? '' : outcome.reason;
}

/** Whether the work may have been done though no answer told so. */
export function isUncertain(thrown: unknown): boolean {
  const outcome = failureOf(thrown);
  return outcome?.kind === 'unreachable' || (outcome?.kind === 'answered' && outcome.doubtful);
}

/** The error that callers of a verb meet. `act` completes "Failed to …". What a library throws is never its cause: it holds headers. */
export function explain(thrown: unknown, host: string, act: string): unknown {
  if (isFunadeError(thrown)) return thrown;
  const outcome = failureOf(thrown);
  if (outcome !== undefined) return forgeError(outcome, host, act);
  // Readers of answers take for granted what the forge documents.
  if (!(thrown instanceof TypeError)) return thrown;
  const reason = 'its answer has another form than it documents';
  return new FunadeError('FUN_FORGE_UNREACHABLE', { act, host, reason }, { cause: thrown });
}

function forgeError(outcome: FailedOutcome, host: string, act: string): FunadeError {
  switch (outcome.kind) {
    case 'unreachable':
      return new FunadeError('FUN_FORGE_UNREACHABLE', { act, host, reason: outcome.reason });
    case 'limited': {
      const until = new Date(outcome.until).toISOString();
      return new FunadeError('FUN_FORGE_LIMITED', { act, host, until, at: outcome.until });
    }
    case 'answered':
      return answeredError(outcome, host, act);
    default:
      return assertNever(outcome);
  }
}

function answeredError(outcome: Extract<FailedOutcome, { kind: 'answered' }>, host: string, act: string): FunadeError {
  const { status } = outcome;
  const reason = outcome.reason === '' ? `status ${status}` : outcome.reason;
  if (status === 401) return new FunadeError('FUN_FORGE_LOGIN_REFUSED', { act, host, reason });
  if (status === 403) return new FunadeError('FUN_FORGE_REFUSED', { act, host, reason });
  if (status === 404 || status === 410) return new FunadeError('FUN_FORGE_NOT_FOUND', { act, host });
  return new FunadeError('FUN_FORGE_REJECTED', { act, host, status, reason });
}

/** The answer, or null where the forge says that it is not there (404, 410). */
export async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    const status = statusOf(error);
    if (status === 404 || status === 410) return null;
    throw error;
  }
}
