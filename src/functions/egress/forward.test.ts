import { once } from 'node:events';
import {
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
  Agent,
  createServer,
  request,
} from 'node:http';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createBench, hungUp, listen, readAll, readHead } from './testing.ts';

const bench = createBench();
const closers: (() => void)[] = [];
afterEach(async () => {
  await bench.clear();
  for (const close of closers.splice(0)) close();
});

interface Plan {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Buffer;
  readonly agent?: Agent;
}

async function startHttp(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<number> {
  const server = createServer(handle);
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return listen(server);
}

/** A request with the whole URL in its first line, as clients send plain HTTP to a proxy. */
async function send(socketPath: string, url: string, { method = 'GET', headers = {}, body, agent }: Plan = {}) {
  const outgoing = request({ socketPath, path: url, method, headers, agent });
  outgoing.end(body);
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

/** What a client writes, byte for byte. */
async function sendRaw(path: string, raw: string): Promise<Socket> {
  const socket = await bench.dialProxy(path);
  socket.write(raw, 'latin1');
  return socket;
}

function allow(port: number, limits = {}) {
  return bench.startProxy({ rules: [{ host: 'api.example.com', port }], limits });
}

describe('plain HTTP', () => {
  test('GET gets through, with its path as it was and the host of its target', async () => {
    const seen: { url?: string; host?: string }[] = [];
    const port = await startHttp((incoming, response) => {
      seen.push({ url: incoming.url, host: incoming.headers.host });
      response.setHeader('set-cookie', ['a=1', 'b=2']);
      response.end('hello');
    });
    const { path } = await allow(port);
    const url = `http://API.example.com:${port}/a/%2e%2e/b?q=%20x&q=2`;
    const answer = await send(path, url, { headers: { host: 'evil.example' } });
    expect(answer).toMatchObject({ status: 200, body: 'hello' });
    expect(answer.headers['set-cookie']).toEqual(['a=1', 'b=2']);
    expect(seen).toEqual([{ url: '/a/%2e%2e/b?q=%20x&q=2', host: `api.example.com:${port}` }]);
  });

  test.each([
    ['with a length', { 'content-length': 300_000 }],
    ['in chunks', { 'transfer-encoding': 'chunked' }],
  ])('a POST %s carries its body both ways', async (_, headers) => {
    const port = await startHttp((incoming, response) => {
      response.writeHead(201, { 'x-length': incoming.headers['content-length'] ?? 'chunked' });
      incoming.pipe(response);
    });
    const { path } = await allow(port);
    const body = 'funade'.repeat(50_000);
    const answer = await send(path, `http://api.example.com:${port}/`, { method: 'POST', headers, body });
    expect(answer.status).toBe(201);
    expect(answer.headers['x-length']).toBe('content-length' in headers ? '300000' : 'chunked');
    expect(answer.body).toBe(body);
  });

  test('a body streams both ways before it is complete', async () => {
    const port = await startHttp((incoming, response) => void incoming.pipe(response));
    const { path } = await allow(port);
    const outgoing = request({ socketPath: path, path: `http://api.example.com:${port}/`, method: 'POST' });
    outgoing.write('one');
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    expect(String((await once(response, 'data'))[0])).toBe('one');
    outgoing.write('two');
    expect(String((await once(response, 'data'))[0])).toBe('two');
    outgoing.end();
    await once(response.resume(), 'end');
  });

  test('headers of the connection and of proxies stay between client and proxy, also those that Connection names', async () => {
    let seen: readonly string[] = [];
    const port = await startHttp((incoming, response) => {
      seen = incoming.rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
      response.writeHead(200, {
        connection: 'close, x-hop',
        'x-hop': '1',
        'x-kept': '1',
        'proxy-authenticate': 'Basic',
        'keep-alive': 'timeout=99',
      });
      response.end();
    });
    const { path } = await allow(port);
    const headers = {
      connection: 'keep-alive, X-Named, Content-Length',
      'x-named': '1',
      'x-kept': '1',
      'proxy-authorization': 'Basic c2VjcmV0',
      'proxy-connection': 'keep-alive',
      te: 'trailers',
      upgrade: 'websocket',
      'keep-alive': 'timeout=5',
    };
    const answer = await send(path, `http://api.example.com:${port}/`, { headers, method: 'POST', body: 'x' });
    expect([...seen].sort()).toEqual(['connection', 'content-length', 'host', 'x-kept']);
    expect(answer.headers).toMatchObject({ 'x-kept': '1' });
    for (const name of ['x-hop', 'proxy-authenticate', 'keep-alive']) {
      expect(answer.headers[name], name).not.toBe(name === 'keep-alive' ? 'timeout=99' : '1');
    }
    expect(answer.headers['proxy-authenticate']).toBeUndefined();
  });

  test.each(['HEAD', 'DELETE', 'OPTIONS', 'PUT', 'PATCH'])('%s without a body has none beyond', async (method) => {
    let seen: IncomingMessage['headers'] = {};
    const port = await startHttp((incoming, response) => {
      seen = incoming.headers;
      response.setHeader('content-length', '5');
      response.end('hello');
    });
    const { path } = await allow(port);
    const socket = await sendRaw(
      path,
      `${method} http://api.example.com:${port}/ HTTP/1.1\r\nConnection: close\r\n\r\n`,
    );
    expect(await readHead(socket)).toMatchObject({ status: 200, head: expect.stringMatching(/content-length: 5/i) });
    expect((await readAll(socket)).toString()).toBe(method === 'HEAD' ? '' : 'hello');
    expect(seen['transfer-encoding']).toBeUndefined();
    expect(seen['content-length'] ?? '0').toBe('0');
  });

  test('a connection to the proxy is used again, and its next request is judged by itself', async () => {
    const port = await startHttp((incoming, response) => void response.end(incoming.url));
    const { path } = await allow(port);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    closers.push(() => agent.destroy());
    expect(await send(path, `http://api.example.com:${port}/1`, { agent })).toMatchObject({ body: '/1' });
    const denied = await send(path, `http://evil.example:${port}/`, {
      agent,
      method: 'POST',
      body: 'x'.repeat(100_000),
    });
    expect(denied.status).toBe(403);
    expect(JSON.parse(denied.body)).toMatchObject({ code: 'EGRESS_DENIED' });
    expect(await send(path, `http://api.example.com:${port}/2`, { agent })).toMatchObject({ body: '/2' });
  });

  test('Expect: 100-continue is answered by the proxy', async () => {
    const port = await startHttp((incoming, response) => void incoming.pipe(response));
    const { path } = await allow(port);
    const outgoing = request({
      socketPath: path,
      path: `http://api.example.com:${port}/`,
      method: 'POST',
      headers: { expect: '100-continue', 'content-length': 5 },
    });
    outgoing.flushHeaders();
    await once(outgoing, 'continue');
    outgoing.end('hello');
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    expect(await text(response)).toBe('hello');
  });

  test('an answer without a length that ends with its connection is complete', async () => {
    const port = await bench.startServer((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\nall of it'));
    });
    const { path } = await allow(port);
    expect(await send(path, `http://api.example.com:${port}/`)).toMatchObject({ status: 200, body: 'all of it' });
  });

  test('an answer that breaks off breaks off for the client too', async () => {
    const port = await bench.startServer((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart'));
    });
    const { path } = await allow(port);
    await expect(send(path, `http://api.example.com:${port}/`)).rejects.toThrow('aborted');
  });
});

describe('plain HTTP that fails', () => {
  test.each([
    ['closes without an answer', ''],
    ['answers with something else', 'SSH-2.0-OpenSSH\r\n'],
    ['switches protocols', 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'],
  ])('is 502 when the service %s', async (_, reply) => {
    const port = await bench.startServer((socket) => {
      socket.once('data', () => socket.end(reply));
    });
    const { path, lines } = await allow(port);
    const answer = await send(path, `http://api.example.com:${port}/`, { method: 'POST', body: 'x' });
    expect(answer.status).toBe(502);
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'EGRESS_UNREACHABLE' });
    expect(lines).toHaveLength(1);
  });

  test('is 504 when the service says nothing for too long', async () => {
    const port = await bench.startServer((socket) => void socket.resume());
    const { path } = await allow(port, { idleTimeout: 100 });
    const answer = await send(path, `http://api.example.com:${port}/`);
    expect(answer.status).toBe(504);
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'EGRESS_TIMEOUT' });
  });

  test('frees its slot when the client goes away, before and within the answer', async () => {
    const closed: string[] = [];
    const port = await startHttp((incoming, response) => {
      response.on('close', () => closed.push(incoming.url ?? ''));
      if (incoming.url === '/fast') response.end('hello');
      if (incoming.url === '/endless') response.write('begin');
    });
    const { path } = await allow(port, { connections: 1 });
    for (const kind of ['/silent', '/endless']) {
      const socket = await sendRaw(path, `GET http://api.example.com:${port}${kind} HTTP/1.1\r\n\r\n`);
      if (kind === '/endless') await readHead(socket);
      expect((await send(path, `http://api.example.com:${port}/fast`)).status).toBe(503);
      socket.destroy();
      await vi.waitFor(() => expect(closed).toContain(kind), { timeout: 5_000 });
    }
    await vi.waitFor(
      async () => expect((await send(path, `http://api.example.com:${port}/fast`)).status).toBe(200),
      10_000,
    );
  });

  test('an early answer is passed on while the client still sends, and the rest is thrown away', async () => {
    const port = await startHttp((_, response) => {
      response.writeHead(413, { connection: 'close' });
      response.end('too large');
    });
    const { path } = await allow(port, { connections: 1 });
    const socket = await sendRaw(
      path,
      `POST http://api.example.com:${port}/ HTTP/1.1\r\nContent-Length: 100000000\r\n\r\n${'x'.repeat(300_000)}`,
    );
    expect((await readHead(socket)).status).toBe(413);
    await hungUp(socket);
    expect((await send(path, `http://api.example.com:${port}/`)).status).toBe(413);
  });
});

describe('requests that make no sense', () => {
  test.each([
    ['a path alone', 'GET / HTTP/1.1\r\nHost: api.example.com\r\n\r\n'],
    ['https without CONNECT', 'GET https://api.example.com/ HTTP/1.1\r\n\r\n'],
    ['a user', 'GET http://user@api.example.com/ HTTP/1.1\r\n\r\n'],
    ['port 0', 'GET http://api.example.com:0/ HTTP/1.1\r\n\r\n'],
    [
      'two ways to say its length',
      'POST http://api.example.com/ HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    [
      'a coding besides chunked',
      'POST http://api.example.com/ HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
    ],
  ])('%s is 400', async (_, raw) => {
    const { path, resolved } = await allow(80);
    const socket = await sendRaw(path, raw);
    expect((await readHead(socket)).status).toBe(400);
    expect(resolved).toEqual([]);
  });

  test('a body that only Connection hides does not become a second request', async () => {
    const seen: string[] = [];
    const port = await startHttp((incoming, response) => {
      seen.push(incoming.url ?? '');
      incoming.pipe(response);
    });
    const { path } = await allow(port);
    const hidden = 'GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n';
    const head = `GET http://api.example.com:${port}/ HTTP/1.1\r\nConnection: close, content-length`;
    const socket = await sendRaw(path, `${head}\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`);
    expect((await readHead(socket)).status).toBe(200);
    expect((await readAll(socket)).toString()).toContain('/hidden');
    expect(seen).toEqual(['/']);
  });

  test('requests that do not wait for the answer to the last one are refused, in their order', async () => {
    const port = await startHttp((_, response) => void setTimeout(() => response.end('hello'), 50));
    const { path } = await allow(port);
    const socket = await sendRaw(path, `GET http://api.example.com:${port}/ HTTP/1.1\r\n\r\n`.repeat(30));
    let received = '';
    socket.on('data', (chunk) => (received += chunk.toString()));
    const statuses = () => Array.from(received.matchAll(/HTTP\/1\.1 (\d+)/g), ([, status]) => status);
    await vi.waitFor(() => expect(statuses()).toEqual(['200', ...Array<string>(29).fill('400')]), 10_000);
  });

  test('CONNECT behind a request that is not answered yet ends the connection, and nothing else', async () => {
    const port = await startHttp((incoming, response) => {
      if (incoming.url === '/fast') response.end('hello');
    });
    const { path } = await allow(port);
    const target = `api.example.com:${port}`;
    const socket = await sendRaw(
      path,
      `GET http://${target}/silent HTTP/1.1\r\n\r\nCONNECT ${target} HTTP/1.1\r\n\r\n`,
    );
    expect((await readAll(socket)).toString()).toBe('');
    expect(await send(path, `http://${target}/fast`)).toMatchObject({ status: 200, body: 'hello' });
  });
});
