import { type ErrorCode, type ErrorOptions, FunadeError, type MessageValues, describeError } from '../kernel/index.ts';
import type { IntakeAnswer, Outcome } from './port.ts';

/** What a sender is asked to wait when a delivery could not be stored. */
export const RETRY_SECONDS = 30;

/** An answer and what it means for counters and logs. */
export interface Verdict {
  readonly outcome: Outcome;
  readonly answer: IntakeAnswer;
}

export function accepted(outcome: Outcome, body: Readonly<Record<string, unknown>>): Verdict {
  return { outcome, answer: answer(200, 'application/json', {}, body) };
}

/** An error of the catalogue as `application/problem+json`; `headers` may add `Allow` or `Retry-After`. */
export function problem(
  outcome: Outcome,
  code: ErrorCode,
  values: MessageValues = {},
  headers: Readonly<Record<string, string>> = {},
): Verdict {
  return { outcome, answer: problemAnswer(new FunadeError(code, values), headers) };
}

/** The delivery is authentic or not yet looked at, but it could not be kept. */
export function notStored(reason: string): Verdict {
  const values = { reason, seconds: RETRY_SECONDS };
  return problem('unavailable', 'FUN_WEBHOOK_NOT_STORED', values, { 'retry-after': String(RETRY_SECONDS) });
}

function problemAnswer(error: FunadeError, headers: Readonly<Record<string, string>>): IntakeAnswer {
  const { message, fix } = describeError(error, 'en');
  const body = {
    type: `urn:funade:error:${error.code}`,
    title: message,
    status: error.status,
    code: error.code,
    detail: message,
    fix,
    errors: [] satisfies ErrorOptions['faults'],
    next: [] satisfies ErrorOptions['next'],
  };
  return answer(error.status, 'application/problem+json', headers, body);
}

function answer(
  status: number,
  type: string,
  headers: Readonly<Record<string, string>>,
  body: Readonly<Record<string, unknown>>,
): IntakeAnswer {
  return {
    status,
    headers: { 'content-type': type, 'cache-control': 'no-store', ...headers },
    body: JSON.stringify(body),
  };
}
