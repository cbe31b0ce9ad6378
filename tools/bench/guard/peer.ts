/** The program of the peer: the least that answers over TLS – reads the body, and says the same to everyone. */
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface PeerOrder {
  readonly cert: string;
  readonly key: string;
  readonly answer: string;
}

process.once('message', ({ cert, key, answer }: PeerOrder) => {
  const server = createServer({ cert, key, keepAliveTimeout: 95_000 }, (request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(answer) });
      response.end(answer);
    });
  });
  server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
});
process.once('disconnect', () => process.exit(0));
