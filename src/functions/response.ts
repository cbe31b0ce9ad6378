import type { ServerResponse } from 'node:http';
import { messageOf } from '../kernel/index.ts';
import type { Outcome } from './outcome.ts';

/** Headers that describe the connection or are worked out anew. */
const NOT_FORWARDED = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'trailer',
  'content-length',
  'x-funade-version',
  'x-funade-alias',
  'x-funade-request-id',
]);

/** Writes a function's answer. Returns why it could not be written as HTTP, if so; then nothing was sent. */
export function sendResult(
  response: ServerResponse,
  { meta, body }: Extract<Outcome, { kind: 'result' }>,
  origin: readonly string[],
): string | undefined {
  if (response.destroyed || response.headersSent) return undefined;
  const headers: string[] = [...origin];
  for (const [name, value] of Object.entries(meta.headers)) {
    if (!NOT_FORWARDED.has(name)) headers.push(name, value);
  }
  for (const cookie of meta.cookies) headers.push('set-cookie', cookie);
  const hasBody = meta.status !== 204 && meta.status !== 304;
  if (hasBody) headers.push('content-length', String(body.length));
  try {
    response.writeHead(meta.status, headers);
  } catch (thrown) {
    return messageOf(thrown);
  }
  response.end(hasBody && response.req.method !== 'HEAD' ? body : undefined);
  return undefined;
}
