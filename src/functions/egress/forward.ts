import { type IncomingMessage, type ServerResponse, request as httpRequest } from 'node:http';
import type { Socket } from 'node:net';
import { pipeline } from 'node:stream';
import { drain } from './answers.ts';
import { causeOf } from './dial.ts';
import { type Refusal, timedOut, unreachable } from './refusals.ts';
import type { HttpTarget } from './request-target.ts';

/** Headers for the next hop only (RFC 9110, 7.6.1), those for proxies, and those that are worked out anew. */
const NOT_FORWARDED: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
]);
const NOT_FORWARDED_OUT: ReadonlySet<string> = new Set([...NOT_FORWARDED, 'host', 'content-length', 'expect']);
const WITHOUT_BODY: ReadonlySet<string> = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE']);

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly target: HttpTarget;
  /** Connected. Used for this exchange only, and destroyed with it by the caller. */
  readonly remote: Socket;
  /** Milliseconds without a byte. */
  readonly idleTimeout: number;
  /** Answers instead, when the service has not begun to. */
  refuse(refusal: Refusal): void;
}

/** What is wrong with how a request says where its body ends; null when nothing is. */
export function framingProblem(request: IncomingMessage): string | null {
  const coding = request.headers['transfer-encoding'];
  return coding === undefined || coding.toLowerCase() === 'chunked' ? null : 'a transfer coding other than chunked';
}

/** Sends a plain HTTP request on over a connection and its answer back, bodies as they come. */
export function forward(exchange: Exchange): void {
  const { request, response, target, remote } = exchange;
  let isIdle = false;
  remote.setTimeout(exchange.idleTimeout, () => {
    isIdle = true;
    remote.destroy();
  });
  const outgoing = httpRequest({
    method: request.method,
    path: target.path,
    headers: headersOut(request, target),
    createConnection: () => remote,
  });
  outgoing.on('response', (incoming) => answer(exchange, incoming));
  outgoing.on('error', (fault) => fail(causeOf(fault)));
  outgoing.on('close', () => {
    fail('the service did not answer in HTTP');
    request.unpipe(outgoing);
    drain(request);
  });
  request.on('error', () => outgoing.destroy());
  request.pipe(outgoing);

  function fail(cause: string): void {
    if (response.headersSent || response.destroyed) return;
    request.unpipe(outgoing);
    exchange.refuse(isIdle ? timedOut(target, 'was silent for too long') : unreachable(target, cause));
  }
}

function answer({ response, target, refuse }: Exchange, incoming: IncomingMessage): void {
  response.sendDate = false;
  try {
    response.writeHead(incoming.statusCode ?? 0, incoming.statusMessage ?? '', forwarded(incoming, NOT_FORWARDED));
  } catch {
    incoming.destroy();
    refuse(unreachable(target, 'the service did not answer in HTTP'));
    return;
  }
  pipeline(incoming, response, () => {
    // An error destroys both, so that a client sees that the answer is not complete.
  });
}

/**
 * Never by a header that names others as belonging to the connection is it decided where the body ends: that would let
 * a client hide a second request in the body of the first.
 */
function headersOut(request: IncomingMessage, target: HttpTarget): string[] {
  const headers = ['Host', target.authority, ...forwarded(request, NOT_FORWARDED_OUT)];
  const length = request.headers['content-length'];
  if (request.headers['transfer-encoding'] !== undefined) headers.push('Transfer-Encoding', 'chunked');
  else if (length !== undefined) headers.push('Content-Length', length);
  else if (!WITHOUT_BODY.has(request.method ?? '')) headers.push('Content-Length', '0');
  return headers;
}

function forwarded(message: IncomingMessage, without: ReadonlySet<string>): string[] {
  const named = new Set(message.headers.connection?.split(',').map((name) => name.trim().toLowerCase()));
  const headers: string[] = [];
  for (let index = 0; index + 1 < message.rawHeaders.length; index += 2) {
    const name = message.rawHeaders[index] ?? '';
    const key = name.toLowerCase();
    if (!without.has(key) && !named.has(key)) headers.push(name, message.rawHeaders[index + 1] ?? '');
  }
  return headers;
}
