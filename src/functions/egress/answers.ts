import { type IncomingMessage, STATUS_CODES, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Refusal, bodyOf } from './refusals.ts';

export const ESTABLISHED = 'HTTP/1.1 200 Connection Established\r\n\r\n';
/**
 * Milliseconds for a client to read why it is refused, while what it still sends is thrown away: closing with bytes unread
 * could take the answer from it.
 */
const LINGER = 1_000;

/** Answers on a socket that HTTP has let go of (CONNECT, requests that can't be parsed), and closes it. */
export function refuseOnSocket(client: Socket, refusal: Refusal): void {
  const body = bodyOf(refusal);
  client.end(
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
  client.resume();
  const timer = setTimeout(() => client.destroy(), LINGER);
  client.once('close', () => clearTimeout(timer));
}

/** Answers a request with a refusal. */
export function refuseRequest(request: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
  const body = bodyOf(refusal);
  response.writeHead(refusal.status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
  drain(request);
}

/** Throws away what is left of the body of a request that is answered; one that goes on for long ends the connection. */
export function drain(request: IncomingMessage): void {
  request.resume();
  if (request.complete) return;
  const timer = setTimeout(() => request.socket.destroy(), LINGER);
  request.once('close', () => clearTimeout(timer));
}
