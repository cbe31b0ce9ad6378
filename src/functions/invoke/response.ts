import type { ServerResponse } from 'node:http';
import { messageOf } from '../../kernel/index.ts';
import type { Outcome } from '../outcome.ts';
import type { StreamSink } from '../pools/call.ts';
import type { ResultMeta } from '../runtimes/messages.ts';

/**
 * Headers that describe the connection or are worked out anew: from a function they could make of one answer two (RFC 9110, 7.6.1).
 * Names are in lower case, see `readResult`. Characters that a header may not have are refused by `writeHead`.
 */
const NOT_FORWARDED = new Set([
  'connection',
  'proxy-connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
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
  const hasBody = mayHaveBody(meta.status);
  const length = hasBody ? ['content-length', String(body.length)] : [];
  const fault = writeHead(response, meta, [...origin, ...length]);
  if (fault !== undefined) return fault;
  response.end(hasBody && response.req.method !== 'HEAD' ? body : undefined);
  return undefined;
}

function mayHaveBody(status: number): boolean {
  return status !== 204 && status !== 304;
}

function writeHead(response: ServerResponse, meta: ResultMeta, origin: readonly string[]): string | undefined {
  const headers: string[] = [...origin];
  for (const [name, value] of Object.entries(meta.headers)) {
    if (!NOT_FORWARDED.has(name)) headers.push(name, value);
  }
  for (const cookie of meta.cookies) headers.push('set-cookie', cookie);
  try {
    response.writeHead(meta.status, headers);
    return undefined;
  } catch (thrown) {
    return messageOf(thrown);
  }
}

/** Whichever comes first, room for more or the end: a reader that has left does not hold the function up. */
export function whenReady(response: ServerResponse, resume: () => void): void {
  const goOn = (): void => {
    response.off('drain', goOn);
    response.off('close', goOn);
    resume();
  };
  response.on('drain', goOn);
  response.on('close', goOn);
}

/** A response that a streamed answer is written to as it comes. */
export interface ResponseSink extends StreamSink {
  hasStarted(): boolean;
  /** Why the answer could not be begun as HTTP; then nothing was sent. */
  fault(): string | undefined;
  /** Completes the response, or breaks it off where the answer was; returns how the call counts. */
  end(outcome: Outcome): Outcome;
}

export function createResponseSink(response: ServerResponse, origin: readonly string[]): ResponseSink {
  let started = false;
  let fault: string | undefined;
  return {
    hasStarted: () => started,
    fault: () => fault,
    start: (meta) => {
      if (response.destroyed || response.headersSent) return;
      fault = writeHead(response, meta, origin);
      if (fault !== undefined) return;
      started = true;
      response.flushHeaders();
    },
    write: (chunk) => fault !== undefined || response.destroyed || response.write(chunk),
    whenReady: (resume) => whenReady(response, resume),
    end: (outcome) => {
      if (outcome.kind === 'streamed') response.end();
      else response.destroy(); // what was sent so far is not all, and its reader has to know
      return outcome;
    },
  };
}
