import type { IncomingMessage, ServerResponse } from 'node:http';

/** How long a caller may go on sending after it was refused. */
const LINGER_MS = 1000;

export interface JsonAnswer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Answers, and keeps the connection unless `isLast`. */
export function respond(response: ServerResponse, status: number, body: string, isLast: boolean): void {
  if (response.destroyed || response.headersSent) return;
  const length = Buffer.byteLength(body);
  const headers = ['Content-Type', 'application/json', 'Content-Length', String(length)];
  if (isLast) headers.push('Connection', 'close');
  response.writeHead(status, headers).end(body);
}

/**
 * Answers a request whose body is not wanted, and ends the connection. The end waits a moment, in which what still arrives is
 * thrown away: a connection that is closed on unread bytes is reset, and the caller would lose the answer.
 */
export function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  { status, body, headers }: JsonAnswer,
): void {
  if (response.destroyed || response.headersSent) return;
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    Connection: 'close',
    ...headers,
  });
  if (request.complete || !hasBody(request)) {
    response.end(body);
    return;
  }
  if (request.method !== 'HEAD') response.write(body);
  const timer = setTimeout(() => request.socket.destroy(), LINGER_MS);
  function finish(): void {
    clearTimeout(timer);
    response.end();
  }
  request.on('end', finish);
  request.on('close', finish);
  request.on('error', finish);
  response.on('error', finish);
  request.resume();
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}
