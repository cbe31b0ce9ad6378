import { type ErrorClass, type GuardErrorCode, troubleFields } from '../errors.ts';
import type { Uncertainty } from '../world.ts';

export const API_TROUBLES = [
  /** 401 and 403. */
  'forbidden',
  'not_found',
  /** 410: the version or the continue token is too old. */
  'gone',
  'conflict',
  'timeout',
  'unreachable',
  /** 5xx and 429. */
  'server_error',
  /** Another 4xx: asking again does not help. */
  'refused',
  /** Nothing came on a watch for too long. */
  'silent',
  /** The answer, or one line of a watch, is larger than what is taken. */
  'too_large',
  /** No JSON, or not of the form that was expected. */
  'malformed',
] as const;
export type ApiTroubleReason = (typeof API_TROUBLES)[number];

/** Why a call to an API did not give what was asked. The message is for logs: what was asked, and the status or system code. */
export class ApiTrouble extends Error {
  readonly reason: ApiTroubleReason;
  readonly status: number | null;
  /** As the server asked; `null`: it did not. */
  readonly retryAfterMs: number | null;

  constructor(
    reason: ApiTroubleReason,
    message: string,
    { status = null, retryAfterMs = null }: { status?: number | null; retryAfterMs?: number | null } = {},
  ) {
    super(message);
    this.name = 'ApiTrouble';
    this.reason = reason;
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

export function isApiTrouble(thrown: unknown, reason?: ApiTroubleReason): thrown is ApiTrouble {
  return thrown instanceof ApiTrouble && (reason === undefined || thrown.reason === reason);
}

const PASSING: readonly ApiTroubleReason[] = ['timeout', 'unreachable', 'server_error', 'silent'];

/** Whether the same call may succeed a moment later. */
export function isPassing({ reason }: ApiTrouble): boolean {
  return PASSING.includes(reason);
}

/** What a failed read means for a decision. */
export function uncertaintyOf(thrown: unknown): Uncertainty {
  if (!(thrown instanceof ApiTrouble)) throw thrown;
  return { reason: kindOf(thrown.reason), detail: thrown.message };
}

/** Fields of a log line. */
export function logFieldsOf({ reason, message }: ApiTrouble): {
  readonly class: ErrorClass;
  readonly code: GuardErrorCode;
  readonly reason: ApiTroubleReason;
  readonly detail: string;
} {
  return { ...troubleFields(kindOf(reason)), reason, detail: message };
}

function kindOf(reason: ApiTroubleReason): 'forbidden' | 'timeout' | 'unreachable' | 'server_error' {
  switch (reason) {
    case 'forbidden':
    case 'timeout':
    case 'unreachable':
      return reason;
    case 'silent':
      return 'timeout';
    default:
      return 'server_error';
  }
}
