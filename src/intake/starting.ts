import type { IncomingMessage, ServerResponse } from 'node:http';
import { notStored } from './answers.ts';
import { handleHttp } from './http.ts';

/** Answers every webhook with 503 and `Retry-After`: what takes deliveries in is not there yet. */
export function handleWhileStarting(request: IncomingMessage, response: ServerResponse): Promise<void> {
  return handleHttp(() => Promise.resolve(notStored('Funade is starting').answer), request, response);
}
