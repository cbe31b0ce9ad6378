import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { type IncomingMessage, type ServerResponse, createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ModelConfig } from '../../config/index.ts';
import { type Logger, silentLogger } from '../../kernel/index.ts';
import type { TaskUsage } from '../port.ts';
import { type ModelProxy, createModelProxy } from './proxy.ts';
import type { ModelAccess, ModelUse } from './session.ts';

const KEY = 'sk-the-only-key-0123456789';
const cleanups: (() => unknown)[] = [];
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'funade-proxy-'));
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  await rm(directory, { recursive: true, force: true });
});

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A provider, by its base URL. */
async function provider(handler: Handler): Promise<string> {
  const server = createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/base/v1`;
}

const MODEL: ModelConfig = {
  provider: 'openai-compatible',
  url: null,
  name: 'm',
  key: KEY,
  window: 100_000,
  price: { input: null, output: null },
};

async function started(model: Partial<ModelConfig>, logger: Logger = silentLogger): Promise<ModelProxy> {
  const proxy = createModelProxy({ model: { ...MODEL, ...model }, logger, directory: join(directory, 'model') });
  await proxy.start();
  cleanups.push(() => proxy.stop());
  return proxy;
}

async function opened(model: Partial<ModelConfig>, use?: ModelUse): Promise<ModelAccess> {
  const access = (await started(model)).open('task_1', use);
  if (access === null) throw new Error('there is no endpoint');
  return access;
}

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

async function send(access: ModelAccess, { method = 'POST', path = '/chat', headers = {}, body = '' }: Sent = {}) {
  const request = httpRequest({
    ...{ socketPath: access.socket, path: path.startsWith('/') ? `/t/${access.token}${path}` : path.slice(1), method },
    headers: { 'content-type': 'application/json', ...headers },
  });
  request.on('error', () => {}); // after an early answer; before it, `once` tells
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

test('a request gets our key in place of its own, and no header that is not for the provider', async () => {
  const seen: IncomingMessage[] = [];
  const bodies: string[] = [];
  const url = await provider((request, response) => {
    seen.push(request);
    void text(request).then((body) => {
      bodies.push(body);
      response.setHeader('set-cookie', 'session=1');
      response.end('{"ok":true}');
    });
  });
  const headers = {
    authorization: 'Bearer theirs',
    'x-api-key': 'theirs',
    'x-goog-api-key-x': 'kept',
    cookie: 'theirs',
    'proxy-authorization': 'theirs',
    'x-forwarded-for': '1.2.3.4',
    'x-hop': 'theirs',
    connection: 'x-hop',
  };
  const answer = await send(await opened({ url }), { path: '/v1/chat?x=1', headers, body: '{"a":1}' });
  expect(answer).toMatchObject({ status: 200, body: '{"ok":true}' });
  expect(answer.headers['set-cookie']).toBeUndefined();
  expect(bodies).toEqual(['{"a":1}']);
  const [request] = seen;
  expect(request).toMatchObject({ method: 'POST', url: '/base/v1/chat?x=1' });
  expect(request?.headers).toMatchObject({
    authorization: `Bearer ${KEY}`,
    'x-goog-api-key-x': 'kept',
    host: new URL(url).host,
  });
  expect(JSON.stringify(request?.rawHeaders)).not.toMatch(/theirs|1\.2\.3\.4/);
});

test.each([
  [
    'Anthropic gets it as x-api-key, with a version',
    'anthropic',
    {},
    { 'x-api-key': KEY, 'anthropic-version': '2023-06-01' },
  ],
  [
    'a version of the client is kept',
    'anthropic',
    { 'anthropic-version': '2099-01-01' },
    { 'anthropic-version': '2099-01-01' },
  ],
  [
    'a client of Google gets it where it has its own',
    'openai-compatible',
    { 'x-goog-api-key': 'x' },
    { 'x-goog-api-key': KEY },
  ],
] as const)('the key: %s', async (_, name, headers, expected) => {
  let seen: IncomingMessage['headers'] = {};
  const url = await provider((request, response) => {
    seen = request.headers;
    response.end('{}');
  });
  await send(await opened({ url, provider: name }), { headers });
  expect(seen).toMatchObject(expected);
  expect(seen['authorization']).toBeUndefined();
});

test('without a valid token nothing is passed on, also after the run', async () => {
  let asked = 0;
  const url = await provider((_, response) => {
    asked += 1;
    response.end('{}');
  });
  const access = await opened({ url });
  expect((await send({ ...access, token: 'b'.repeat(43) })).status).toBe(401);
  expect((await send(access, { path: ':/v1/chat' })).status).toBe(401);
  expect((await send(access, { path: `:http://127.0.0.1:1/t/${access.token}/chat` })).status).toBe(401);
  access.close();
  expect((await send(access)).status).toBe(401);
  expect(asked).toBe(0);
});

test.each([
  ['a path out of the base', { path: '/../admin' }, 400],
  ['an encoded path out of the base', { path: '/%2e%2e/admin' }, 400],
  ['a method that changes things', { method: 'DELETE', path: '/files/1' }, 405],
  ['a method that changes things', { method: 'PUT', path: '/files/1' }, 405],
  ['a body that is too large', { body: Buffer.alloc(33 * 1024 * 1024, 32) }, 413],
  [
    'a body that is too large, in pieces',
    { body: Buffer.alloc(33 * 1024 * 1024, 32), headers: { 'transfer-encoding': 'chunked' } },
    413,
  ],
] as const)('%s is refused', async (_, sent, status) => {
  let answered = 0;
  const url = await provider((request, response) => {
    request.resume().once('end', () => {
      answered += 1;
      response.end('{}');
    });
  });
  expect((await send(await opened({ url }), sent)).status).toBe(status);
  expect(answered).toBe(0);
});

test('a body of 30 MB is passed on', async () => {
  const url = await provider((request, response) => {
    void text(request).then((body) => response.end(String(body.length)));
  });
  expect((await send(await opened({ url }), { body: Buffer.alloc(30_000_000, 32) })).body).toBe('30000000');
});

test('a redirect is not followed and not passed on', async () => {
  let asked = 0;
  const url = await provider((_, response) => {
    asked += 1;
    response.writeHead(302, { location: '/elsewhere' }).end();
  });
  const access = await opened({ url });
  const answer = await send(access);
  expect(answer.status).toBe(502);
  expect(answer.headers.location).toBeUndefined();
  expect(access.trouble()).toMatchObject({ reason: 'model_not_found' });
  expect(asked).toBe(1);
});

test('a stream arrives as it is sent, and is counted', async () => {
  let go = () => {};
  const url = await provider((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: {"choices":[]}\n\n');
    go = () => response.end('data: {"usage":{"prompt_tokens":1000,"completion_tokens":100}}\n\ndata: [DONE]\n\n');
  });
  const used: Partial<TaskUsage>[] = [];
  const access = await opened({ url, price: { input: 3, output: 15 } }, { onUsage: (each) => used.push(each) });
  const request = httpRequest({ socketPath: access.socket, path: `/t/${access.token}/chat`, method: 'POST' });
  request.end('{}');
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const [first] = (await once(response, 'data')) as [Buffer];
  expect(first.toString()).toContain('choices'); // long before the end
  go();
  expect(await text(response)).toContain('[DONE]');
  await expect.poll(() => used).toEqual([{ steps: 1, inputTokens: 1000, outputTokens: 100, money: 0.0045 }]);
});

test('counting tokens and listing models are no steps, and failed requests are none', async () => {
  const url = await provider((request, response) => {
    response.statusCode = request.url?.endsWith('/bad') === true ? 400 : 200;
    response.setHeader('content-type', 'application/json');
    response.end('{"usage":{"input_tokens":1,"output_tokens":1}}');
  });
  const used: Partial<TaskUsage>[] = [];
  const access = await opened({ url }, { onUsage: (each) => used.push(each) });
  await send(access, { path: '/messages/count_tokens' });
  await send(access, { path: '/models', method: 'GET' });
  await send(access, { path: '/bad' });
  await send(access, { path: '/messages' });
  await expect.poll(() => used).toEqual([{ steps: 1, inputTokens: 1, outputTokens: 1 }]);
});

test('a client that goes away takes the request to the provider with it', async () => {
  let cut = false;
  const url = await provider((request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: {}\n\n');
    request.socket.once('close', () => {
      cut = true;
    });
  });
  const access = await opened({ url });
  const request = httpRequest({ socketPath: access.socket, path: `/t/${access.token}/chat`, method: 'POST' });
  request.on('error', () => {});
  request.end('{}');
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.on('error', () => {});
  request.destroy();
  await expect.poll(() => cut).toBe(true);
});

test('the end of a run cuts off what is under way', async () => {
  const url = await provider((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: {}\n\n');
  });
  const access = await opened({ url });
  const request = httpRequest({ socketPath: access.socket, path: `/t/${access.token}/chat`, method: 'POST' });
  request.end('{}');
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const ended = text(response);
  access.close();
  await expect(ended).rejects.toThrow('aborted');
});

test('a used-up budget refuses, and tells clients not to try again', async () => {
  const url = await provider((_, response) => response.end('{}'));
  let left = true;
  let refusals = 0;
  const access = await opened({ url }, { mayGoOn: () => left, onUsedUp: () => (refusals += 1) });
  expect((await send(access)).status).toBe(200);
  left = false;
  const answer = await send(access);
  expect(answer.status).toBe(429);
  expect(answer.headers['x-should-retry']).toBe('false');
  expect(JSON.parse(answer.body)).toMatchObject({ error: { code: 'budget_used_up' } });
  expect(refusals).toBe(1);
});

test.each([
  [401, {}, { reason: 'model_key_refused', at: null }],
  [403, {}, { reason: 'model_key_refused', at: null }],
  [404, {}, { reason: 'model_not_found', at: null }],
  [503, {}, { reason: 'model_unreachable', at: null }],
  [429, { 'retry-after': '30' }, { reason: 'model_limited', at: expect.any(Number) }],
] as const)('status %i is passed on and remembered until the next answer', async (status, headers, trouble) => {
  let isBad = true;
  const url = await provider((_, response) => {
    response.writeHead(isBad ? status : 200, headers).end('{"error":"theirs"}');
  });
  const access = await opened({ url });
  expect(await send(access)).toMatchObject({ status, body: '{"error":"theirs"}' });
  expect(access.trouble()).toMatchObject(trouble);
  isBad = false;
  await send(access);
  expect(access.trouble()).toBeNull();
});

test('an endpoint that is not there is a 502 that names no address', async () => {
  const access = await opened({ url: 'http://127.0.0.1:9/v1' });
  const answer = await send(access, { body: 'x'.repeat(100_000) });
  expect(answer.status).toBe(502);
  expect(answer.body).toContain('ECONNREFUSED');
  expect(answer.body).not.toContain('127.0.0.1');
  expect(access.trouble()).toMatchObject({ reason: 'model_unreachable' });
});

test('a provider that repeats our key does not give it away, in head, body or stream, compressed or not', async () => {
  const url = await provider((request, response) => {
    const echo = `you sent ${request.headers.authorization ?? ''} ü`;
    response.setHeader('x-echo', `key ${KEY}`);
    if (request.url?.endsWith('/gzip') === true) {
      response.setHeader('content-encoding', 'gzip');
      response.end(gzipSync(echo));
      return;
    }
    response.write(echo.slice(0, 24));
    setTimeout(() => response.end(Buffer.from(echo).subarray(24)), 50);
  });
  const access = await opened({ url });
  for (const path of ['/plain', '/gzip']) {
    const answer = await send(access, { path });
    expect(answer.body).toBe('you sent Bearer *** ü');
    expect(answer.headers['x-echo']).toBe('key ***');
  }
});

test('an answer in a coding that can not be masked is not passed on', async () => {
  const url = await provider((request, response) => {
    response.setHeader('content-encoding', 'zstd');
    response.end(`you sent ${request.headers.authorization ?? ''}`);
  });
  const access = await opened({ url });
  const answer = await send(access);
  expect(answer.status).toBe(502);
  expect(answer.body).toContain('a coding that is not known');
  expect(access.trouble()).toMatchObject({ reason: 'model_unreachable' });
});

test('the log has neither keys nor bodies nor tokens', async () => {
  const lines: string[] = [];
  const log = (...args: readonly unknown[]) => void lines.push(JSON.stringify(args));
  const logger = { ...silentLogger, info: log, warn: log, error: log, debug: log } as unknown as Logger;
  const access = (await started({ url: 'http://127.0.0.1:9/v1' }, logger)).open('task_1');
  if (access === null) throw new Error('there is no endpoint');
  await send(access, { body: 'the body' });
  expect(lines).toHaveLength(1);
  expect(lines.join('\n')).not.toMatch(new RegExp(`${KEY}|${access.token}|the body`));
});

test('the socket is in a directory of its own, and gone with the proxy and with processes that were killed', async () => {
  await (await started({ url: 'http://127.0.0.1:9' })).stop();
  await writeFile(join(directory, 'model', 'model.4194300.sock'), '');
  const proxy = await started({ url: 'http://127.0.0.1:9' });
  const socket = proxy.open('task_1')?.socket ?? '';
  expect((await stat(dirname(socket))).mode & 0o777).toBe(0o700);
  expect((await stat(socket)).mode & 0o777).toBe(0o600);
  expect(await readdir(dirname(socket))).toHaveLength(1);
  await proxy.stop();
  expect(await readdir(dirname(socket))).toEqual([]);
});

test('a directory whose path is too long for a socket gets a temporary one', async () => {
  const long = join(directory, 'x'.repeat(60), 'y'.repeat(60));
  const proxy = createModelProxy({
    model: { ...MODEL, url: 'http://127.0.0.1:9' },
    logger: silentLogger,
    directory: long,
  });
  await proxy.start();
  const socket = proxy.open('task_1')?.socket ?? '';
  expect((await stat(dirname(socket))).mode & 0o777).toBe(0o700);
  await proxy.stop();
  await expect(stat(dirname(socket))).rejects.toThrow('ENOENT');
});

test('without an endpoint there is no access', async () => {
  expect((await started({ url: null })).open('task_1')).toBeNull();
});

test('the loopback is opened only when somebody asks, and only there', async () => {
  const url = await provider((_, response) => response.end('{"ok":1}'));
  const access = await opened({ url });
  const port = await access.loopback();
  expect(await access.loopback()).toBe(port);
  const answer = await fetch(`${access.urlAt(port)}/models`);
  expect(await answer.json()).toEqual({ ok: 1 });
});
