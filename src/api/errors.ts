import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import {
  type Fault,
  FunadeError,
  type Language,
  type Logger,
  isFunadeError,
  messageOf,
  newId,
} from '../kernel/index.ts';
import { isStorageFull, isUnreachable } from '../store/index.ts';

import { headersOf, preferredLanguage, problemOf } from './problem.ts';

/** Answers with problem details for whatever was thrown while a request was served. */
export type ErrorHandler = (thrown: unknown, request: FastifyRequest, reply: FastifyReply) => void;

export function createErrorHandler(options: { readonly logger: Logger; readonly language: Language }): ErrorHandler {
  return (thrown, request, reply) => {
    const error = explain(thrown, request);
    const language = preferredLanguage(request.headers['accept-language'], options.language);
    if (error.status >= 500) log(options.logger, { error, thrown, requestId: request.id, route: routeOf(request) });
    void reply
      .code(error.status)
      .headers(headersOf(error))
      .header('content-language', language)
      .serializer((problem: unknown) => JSON.stringify(problem))
      .send(problemOf(error, language));
  };
}

/** The catalogued error behind anything thrown. What is not known becomes `FUN_INTERNAL` with an id to search for. */
export function explain(thrown: unknown, request: FastifyRequest): FunadeError {
  if (isFunadeError(thrown)) return thrown;
  if (hasZodFastifySchemaValidationErrors(thrown)) return badRequest(faultsOf(thrown), thrown);
  if (isStorageFull(thrown)) return new FunadeError('FUN_STORAGE_FULL', {}, { cause: thrown });
  if (isUnreachable(thrown)) {
    return new FunadeError('FUN_UNAVAILABLE', { reason: 'the database does not answer' }, { cause: thrown });
  }
  return fromFastify(thrown, request) ?? new FunadeError('FUN_INTERNAL', { id: newId('err') }, { cause: thrown });
}

export function badRequest(faults: readonly Fault[], cause?: unknown): FunadeError {
  return new FunadeError('FUN_BAD_REQUEST', { count: faults.length }, { faults, cause });
}

/** Logs a failure of Funade's own with everything that the answer must not tell. */
export function log(
  logger: Logger,
  failure: {
    readonly error: FunadeError;
    readonly thrown: unknown;
    readonly requestId: string;
    readonly route: string;
  },
): void {
  const { error, thrown, requestId, route } = failure;
  const stack = thrown instanceof Error ? thrown.stack : messageOf(thrown);
  const cause = thrown instanceof Error && thrown.cause !== undefined ? messageOf(thrown.cause) : undefined;
  logger.error({ code: error.code, errorId: error.values['id'], requestId, route, stack, cause }, error.message);
}

function faultsOf(thrown: Pick<FastifyError, 'validation' | 'validationContext'>): readonly Fault[] {
  const part = thrown.validationContext === 'querystring' ? 'query' : thrown.validationContext;
  return (thrown.validation ?? []).map((issue) => {
    const inside = issue.instancePath.split('/').filter((name) => name !== '');
    const path = part === undefined || part === 'body' ? inside : [part, ...inside];
    return { message: issue.message ?? 'is not valid', path: path.join('.') };
  });
}

function fromFastify(thrown: unknown, request: FastifyRequest): FunadeError | null {
  if (!(thrown instanceof Error) || !('statusCode' in thrown) || typeof thrown.statusCode !== 'number') return null;
  const { statusCode, message } = thrown;
  if (statusCode === 413) return new FunadeError('FUN_BODY_TOO_LARGE', { limit: limitOf(request) }, { cause: thrown });
  if (statusCode === 415) {
    const type = request.headers['content-type'] ?? 'none';
    return new FunadeError('FUN_MEDIA_TYPE', { type }, { cause: thrown });
  }
  if (statusCode >= 400 && statusCode < 500) return badRequest([{ message }], thrown);
  return null;
}

/** Largest body of the route that was called. */
function limitOf({ routeOptions }: FastifyRequest): string {
  const mebibytes = (routeOptions.bodyLimit ?? 0) / (1024 * 1024);
  return `${Math.round(mebibytes * 10) / 10} MiB`;
}

function routeOf(request: FastifyRequest): string {
  return `${request.method} ${request.routeOptions.url ?? 'unknown'}`;
}
