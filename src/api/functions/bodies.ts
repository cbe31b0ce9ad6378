import type { FastifyRequest } from 'fastify';
import { FunadeError } from '../../kernel/index.ts';
import type { ApiApp } from '../app.ts';

/** Bytes of an event. */
export const EVENT_LIMIT = 6 * 1024 * 1024;

/** In this scope JSON is not parsed: an event goes to its function as it was sent. Routes set `bodyLimit` themselves. */
export function takeRawJson(scope: ApiApp): void {
  scope.removeAllContentTypeParsers();
  const options = { parseAs: 'buffer' } as const;
  scope.addContentTypeParser('application/json', options, (_request, body, done) => done(null, body));
  scope.addContentTypeParser('application/octet-stream', options, (_request, body, done) => done(null, body));
}

/** The body of a request in such a scope; without one it is empty. */
export function rawBody(request: FastifyRequest): Buffer {
  if (Buffer.isBuffer(request.body)) return request.body;
  return Buffer.alloc(0);
}

export function badRequest(message: string, path: string): FunadeError {
  return new FunadeError('FUN_BAD_REQUEST', { count: 1 }, { faults: [{ message, path }] });
}
