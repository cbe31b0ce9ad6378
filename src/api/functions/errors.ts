import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  type ErrorCode,
  type FunadeError,
  type Language,
  type Logger,
  describeError,
  newId,
} from '../../kernel/index.ts';
import { explain, log } from '../errors.ts';
import { headersOf, preferredLanguage, problemOf } from '../problem.ts';
import { OutcomeError } from './outcome-error.ts';

/** Codes of the function APIs for errors of the catalogue; anything else is INTERNAL. */
const CODES: Readonly<Partial<Record<ErrorCode, string>>> = {
  FUN_BAD_REQUEST: 'INVALID_REQUEST',
  FUN_UNAUTHENTICATED: 'UNAUTHENTICATED',
  FUN_TOO_MANY_ATTEMPTS: 'UNAUTHENTICATED',
  FUN_FORBIDDEN: 'FORBIDDEN',
  FUN_CROSS_ORIGIN: 'FORBIDDEN',
  FUN_NOT_FOUND: 'NOT_FOUND',
  FUN_CONFLICT: 'CONFLICT',
  FUN_SESSION_BUSY: 'SESSION_BUSY',
  FUN_IDEMPOTENCY_CONFLICT: 'CONFLICT',
  FUN_REVISION_MISMATCH: 'REVISION_MISMATCH',
  FUN_BODY_TOO_LARGE: 'PAYLOAD_TOO_LARGE',
  FUN_MEDIA_TYPE: 'UNSUPPORTED_MEDIA_TYPE',
  FUN_FUNCTION_INVALID: 'INVALID_REQUEST',
  FUN_FUNCTION_NOT_PROVEN: 'INIT_ERROR',
  FUN_ISOLATION_UNAVAILABLE: 'ISOLATION_UNAVAILABLE',
  FUN_RATE_LIMITED: 'THROTTLED',
  FUN_SECRET_MISSING: 'INVALID_REQUEST',
  FUN_SECRET_GONE: 'CONFLICT',
  FUN_UNAVAILABLE: 'NO_CAPACITY',
  FUN_STORAGE_FULL: 'NO_CAPACITY',
};

/**
 * Answers in the form that callers of the session API know: `{"error": {code, message, requestId, details}}`, with problem
 * details around it for everybody else.
 */
export function createFunctionErrorHandler(options: { readonly logger: Logger; readonly language: Language }) {
  return (thrown: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const answer = thrown instanceof OutcomeError ? ofOutcome(thrown) : ofError(thrown, request, options);
    const error = { code: answer.code, message: answer.message, requestId: request.id, details: answer.details };
    void reply
      .code(answer.status)
      .headers({ ...answer.headers, 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })
      .serializer((body: unknown) => JSON.stringify(body))
      .send({ ...answer.problem, error });
  };
}

interface Answer {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly problem: object;
}

function ofOutcome(thrown: OutcomeError): Answer {
  const { status, code, message, details, fix, retryAfter } = thrown;
  const problem = {
    ...{ type: `about:blank#${code}`, title: message.split('\n', 1)[0] ?? '', status, code, detail: message, fix },
    ...{ errors: [], next: [], details },
  };
  const headers: Record<string, string> = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
  return { status, code, message, details, headers, problem };
}

function ofError(
  thrown: unknown,
  request: FastifyRequest,
  options: { readonly logger: Logger; readonly language: Language },
): Answer {
  const error = explain(thrown, request);
  if (error.status >= 500) {
    const route = `${request.method} ${request.routeOptions.url ?? ''}`;
    log(options.logger, { error, thrown, requestId: request.id || newId('req'), route });
  }
  const language = preferredLanguage(request.headers['accept-language'], options.language);
  const { message, fix } = describeError(error, language);
  const [first] = error.faults;
  return {
    status: error.status,
    code: codeOf(error),
    message,
    details: {
      fix,
      ...(error.faults.length === 0 ? {} : { errors: error.faults }),
      ...(first?.line === undefined ? {} : { line: first.line, column: first.column ?? 1 }),
    },
    headers: headersOf(error),
    problem: problemOf(error, language),
  };
}

function codeOf({ code, values, faults }: FunadeError): string {
  if (code === 'FUN_NOT_FOUND' && values['kind'] === 'session') return 'SESSION_NOT_FOUND';
  if (code === 'FUN_FUNCTION_INVALID' && faults.some(({ line }) => line !== undefined)) return 'COMPILE_ERROR';
  return CODES[code] ?? 'INTERNAL';
}
