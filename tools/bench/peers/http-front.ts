/** The program of the peer that forwards each request over HTTP, on a unix socket, to a worker process. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, type IncomingMessage, type ServerResponse, createServer, request as ask } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

export interface FrontOrder {
  /** For the socket. */
  readonly folder: string;
}

const WORKER = new URL('./http-worker.ts', import.meta.url);
const agent = new Agent({ keepAlive: true });

process.once('message', ({ folder }: FrontOrder) => {
  void serve(join(folder, 'worker.sock'));
});

async function serve(socketPath: string): Promise<void> {
  const worker: ChildProcess = fork(WORKER, [], { stdio: 'inherit' });
  process.once('disconnect', () => {
    worker.disconnect();
    process.exit(0);
  });
  worker.send({ socketPath });
  await once(worker, 'message');
  const server = createServer((request, response) => forward(socketPath, request, response));
  server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
}

function forward(socketPath: string, request: IncomingMessage, response: ServerResponse): void {
  const { method, url: path, headers } = request;
  const onward = ask({ agent, socketPath, method, path, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  onward.once('error', () => response.writeHead(502, { 'content-length': '0' }).end());
  request.pipe(onward);
}
