/** The program of the peer that does nothing but parse the JSON that it is sent. */
import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';

process.once('message', () => {
  const app = Fastify();
  app.post('/hook', async () => ({ status: 'success' }));
  void app
    .listen({ port: 0, host: '127.0.0.1' })
    .then(() => process.send?.({ port: (app.server.address() as AddressInfo).port }));
});
process.once('disconnect', () => process.exit(0));
