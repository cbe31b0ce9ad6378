/** The program of the peer: the least that anyone would write with the same parts – fastify, node:crypto, one INSERT. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import type { Connection } from '../../src/store/index.ts';
import { openHookStore } from './store.ts';

export interface PeerOrder {
  readonly secret: string;
  /** Null: only the echo is asked for. */
  readonly connection: Connection | null;
}

process.once('message', (order: PeerOrder) => {
  void serve(order).then((port) => process.send?.({ port }));
});
process.once('disconnect', () => process.exit(0));

async function serve({ secret, connection }: PeerOrder): Promise<number> {
  const store = connection === null ? null : await openHookStore(connection);
  const app = Fastify();
  await app.register(async (plain) => {
    plain.post('/echo', async (request) => request.body);
  });
  await app.register(async (raw) => {
    raw.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    raw.post('/hook', async (request, reply) => {
      const body = request.body as Buffer;
      const expected = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
      const given = String(request.headers['x-hub-signature-256'] ?? '');
      const fits = given.length === expected.length && timingSafeEqual(Buffer.from(given), Buffer.from(expected));
      if (!fits || store === null) return reply.code(401).send({ status: 'refused' });
      await store.insert(String(request.headers['x-github-delivery']), body);
      return { status: 'success' };
    });
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  return (app.server.address() as AddressInfo).port;
}
