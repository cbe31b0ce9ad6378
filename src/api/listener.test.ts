import { once } from 'node:events';
import { Agent, type IncomingMessage, request as httpRequest } from 'node:http';
import { type AddressInfo, type Socket, connect as openSocket, createServer as createTcpServer } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import { type TestApi, createTestApi } from '../../test/api.ts';
import { type Logger, silentLogger } from '../kernel/index.ts';
import type { ApiApp } from './app.ts';
import type { ApiOptions } from './server.ts';

let cleanups: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const clean of cleanups.reverse()) await clean();
  cleanups = [];
});

async function listen(options: Partial<ApiOptions> = {}): Promise<TestApi & { readonly url: string; port: number }> {
  const started = await createTestApi(options);
  cleanups.push(started.close);
  const { port } = await started.api.listen();
  return { ...started, url: `http://127.0.0.1:${port}`, port };
}

async function isRefused(port: number): Promise<boolean> {
  const socket: Socket = openSocket({ host: '127.0.0.1', port });
  const refused = await Promise.race([
    once(socket, 'connect').then(() => false),
    once(socket, 'error').then(() => true),
  ]).catch(() => true);
  socket.destroy();
  return refused;
}

test('functions and webhooks get the bare request: no parsing, no hooks, no limits of the API', async () => {
  const { url } = await listen({
    fn: async (request, response) => void response.end(`fn ${request.url} ${(await readText(request)).length}`),
    webhook: async (request, response) => void response.end(`hook ${request.url} ${await readText(request)}`),
  });
  const big = await fetch(`${url}/fn/production/greeter/hello?a=1`, { method: 'PATCH', body: 'x'.repeat(2_000_000) });
  expect(await big.text()).toBe('fn /fn/production/greeter/hello?a=1 2000000');
  expect(big.headers.get('content-security-policy')).toBeNull();
  const hook = await fetch(`${url}/webhook/github`, { method: 'POST', body: '{not json' });
  expect(await hook.text()).toBe('hook /webhook/github {not json');
  expect((await fetch(`${url}/fnord`)).status).toBe(404);
});

test('a sender that stops in its headers is cut off after ten seconds', async () => {
  const { port } = await listen({ webhook: (_, response) => void response.end() });
  const socket = openSocket({ host: '127.0.0.1', port });
  socket.write('POST /webhook/github HTTP/1.1\r\nhos');
  const started = performance.now();
  const answer = await readText(socket);
  expect(answer).toMatch(/^HTTP\/1.1 408 /);
  expect(performance.now() - started).toBeGreaterThan(9000);
  expect(performance.now() - started).toBeLessThan(15_000);
});

test('without a function runtime /fn is an unknown address', async () => {
  const { url } = await listen();
  const answer = await fetch(`${url}/fn/production/greeter/hello`, { headers: { accept: 'text/html' } });
  expect(answer.status).toBe(404);
  expect(await answer.json()).toMatchObject({ code: 'FUN_NOT_FOUND' });
});

test.each([
  {
    how: 'throws',
    fn: () => {
      throw new Error('secret');
    },
  },
  { how: 'rejects', fn: () => Promise.reject(new Error('secret')) },
])('a raw handler that $how is a 500 with an id, and the server lives on', async ({ fn }) => {
  const { url } = await listen({ fn });
  const answer = await fetch(`${url}/fn/x`);
  expect(answer.status).toBe(500);
  expect(await answer.text()).toMatch(/"code":"FUN_INTERNAL".*err_\w+/);
  expect((await fetch(`${url}/livez`)).status).toBe(200);
});

test('a port that is in use is told by name', async () => {
  const other = createTcpServer();
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  cleanups.push(() => void other.close());
  const { port } = other.address() as AddressInfo;
  const started = await createTestApi({ port });
  cleanups.push(started.close);
  await expect(started.api.listen()).rejects.toMatchObject({ code: 'FUN_PORT_IN_USE', values: { port } });
});

test('an address that this machine does not have is a wrong setting', async () => {
  const started = await createTestApi({ host: '203.0.113.1' });
  cleanups.push(started.close);
  const values = { setting: 'FUNADE_HOST', value: '203.0.113.1' };
  await expect(started.api.listen()).rejects.toMatchObject({ code: 'FUN_SETTING_INVALID', values });
});

test('listening on more than this machine is warned about, on loopback it is not', async () => {
  const warnings: string[] = [];
  const logger: Logger = { ...silentLogger, warn: (_, message) => void warnings.push(message) };
  await listen({ logger });
  expect(warnings).toEqual([]);
  await listen({ logger, host: '0.0.0.0' });
  expect(warnings).toEqual([expect.stringContaining('without TLS')]);
});

test('closing lets requests in flight finish, raw or not, and takes no new connection', async () => {
  const gate = Promise.withResolvers<void>();
  const inside = { raw: false, api: false };
  const resources = [
    (app: ApiApp) =>
      void app.get('/slow', { config: { public: true } }, async () => {
        inside.api = true;
        await gate.promise;
        return { done: true };
      }),
  ];
  const fn: ApiOptions['fn'] = async (_, response) => {
    inside.raw = true;
    await gate.promise;
    response.end('done');
  };
  const { api, url, port } = await listen({ resources, fn });
  const raw = fetch(`${url}/fn/slow`);
  const slow = fetch(`${url}/api/v1/slow`);
  await expect.poll(() => inside).toEqual({ raw: true, api: true });
  const closed = api.close();
  await expect.poll(() => isRefused(port)).toBe(true);
  gate.resolve();
  expect(await (await raw).text()).toBe('done');
  expect((await raw).headers.get('connection')).toBe('close');
  expect(await (await slow).json()).toEqual({ done: true });
  await closed;
});

test('closing does not wait for idle keep-alive connections, nor for those that never sent a byte', async () => {
  const { api, port } = await listen();
  const agent = new Agent({ keepAlive: true });
  cleanups.push(() => agent.destroy());
  const request = httpRequest({ port, path: '/livez', agent }).end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  await readText(response);
  const spare = openSocket({ host: '127.0.0.1', port });
  await once(spare, 'connect');
  const ended = once(spare, 'close');
  await expect.poll(async () => (await fetch(`http://127.0.0.1:${port}/livez`)).status).toBe(200);
  const before = performance.now();
  await api.close({ deadlineMs: 20_000 });
  expect(performance.now() - before).toBeLessThan(5000);
  await ended;
});

test('a request that does not end is cut off at the deadline', async () => {
  const { api, url } = await listen({ fn: () => {} });
  const stuck = fetch(`${url}/fn/stuck`).then(
    () => 'answered',
    () => 'cut off',
  );
  const headers = { accept: 'application/json' };
  await expect.poll(async () => (await fetch(`${url}/livez`, { headers })).status).toBe(200);
  await api.close({ deadlineMs: 100 });
  expect(await stuck).toBe('cut off');
});

test('readiness is red while the server closes', async () => {
  const gate = Promise.withResolvers<void>();
  const { api, port, url } = await listen({ fn: async (_, response) => gate.promise.then(() => void response.end()) });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  cleanups.push(() => agent.destroy());
  const busy = fetch(`${url}/fn/busy`);
  const socket = openSocket({ host: '127.0.0.1', port });
  cleanups.push(() => void socket.destroy());
  await once(socket, 'connect');
  socket.write('GET /readyz HTTP/1.1\r\nhost: x\r\n'); // begun before the close, finished after it
  await expect.poll(async () => (await fetch(`${url}/livez`)).status).toBe(200);
  const closed = api.close();
  await expect.poll(() => isRefused(port)).toBe(true);
  const data = once(socket, 'data') as Promise<[Buffer]>;
  socket.write('\r\n');
  expect(String((await data)[0])).toMatch(/^HTTP\/1.1 503 [\s\S]*the server is shutting down/);
  gate.resolve();
  await busy;
  await closed;
});
