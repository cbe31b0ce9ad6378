/** The program of the peer that verifies and parses deliveries with GitHub's own library, and keeps nothing of them. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhooks, createNodeMiddleware } from '@octokit/webhooks';

export interface OctokitOrder {
  readonly secret: string;
}

process.once('message', ({ secret }: OctokitOrder) => {
  const webhooks = new Webhooks({ secret });
  webhooks.on('issues.labeled', () => {});
  const middleware = createNodeMiddleware(webhooks, { path: '/hook' });
  const server = createServer((request, response) => void middleware(request, response));
  server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
});
process.once('disconnect', () => process.exit(0));
