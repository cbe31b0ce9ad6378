import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Intake, IntakeAnswer } from './port.ts';

const LINGER_MS = 2000;
const PATH = /^\/(?:webhook\/)?(?:([a-z]+)\/)?([a-z][a-z0-9-]*)\/?$/;

/** Receives on node's HTTP objects. The response is always ended, unless its socket is gone. */
export async function handleHttp(
  receive: Intake['receive'],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = (request.url ?? '/').replace(/\?.*$/, '');
  const [, forge, source = ''] = PATH.exec(path) ?? [];
  const answer = await receive({
    source,
    forge,
    method: request.method ?? '',
    path,
    headers: request.headers,
    body: request,
    remoteAddress: request.socket.remoteAddress ?? '',
  });
  if (!response.destroyed) send(answer, request, response);
}

function send(answer: IntakeAnswer, request: IncomingMessage, response: ServerResponse): void {
  const headers = { ...answer.headers, 'content-length': Buffer.byteLength(answer.body) };
  if (request.complete) {
    response.writeHead(answer.status, headers).end(answer.body);
    return;
  }
  response.writeHead(answer.status, { ...headers, connection: 'close' });
  if (answer.status === 408) {
    response.end(answer.body);
    return;
  }
  // Closing on a sender that still writes resets the connection before it reads the answer: discard for a moment first.
  response.write(answer.body);
  const timer = setTimeout(end, LINGER_MS);
  function end(): void {
    clearTimeout(timer);
    response.end();
  }
  request.once('end', end).once('close', end).resume();
}
