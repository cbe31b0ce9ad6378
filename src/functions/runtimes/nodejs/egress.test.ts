import { type IncomingMessage, createServer } from 'node:http';
import { type AddressInfo, type Socket, connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { useNodeWorkers } from '../../../../test/functions/node-worker.ts';

const node = useNodeWorkers();
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A unix socket that answers CONNECT to `api.example.test:80` with a tunnel to a server, and refuses all else. */
async function fakeEgress(): Promise<{ readonly path: string; readonly seen: readonly string[] }> {
  const target = createServer((request, response) => response.end(`${request.headers.host} ${request.url}`));
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
  const { port } = target.address() as AddressInfo;
  const seen: string[] = [];
  const proxy = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    response.end(`plain ${request.url}`);
  });
  proxy.on('connect', (request: IncomingMessage, socket: Socket) => {
    seen.push(`CONNECT ${request.url}`);
    if (request.url !== 'api.example.test:80') return socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    const far = connect(port, '127.0.0.1', () => socket.write('HTTP/1.1 200 Connected\r\n\r\n'));
    socket.pipe(far).pipe(socket);
    return socket.on('error', () => far.destroy());
  });
  const path = join(await node.folder({}), 'egress.sock');
  await new Promise<void>((resolve) => proxy.listen(path, resolve));
  closers.push(() => {
    for (const server of [target, proxy]) {
      server.closeAllConnections();
      server.close();
    }
  });
  return { path, seen };
}

const FETCH = `
  export const handler = async (url) => {
    try {
      const response = await fetch(url);
      return response.status + ' ' + await response.text();
    } catch (error) { return 'failed'; }
  };`;

test('fetch reaches a host through the unix socket, and only one that it allows', async () => {
  const { path, seen } = await fakeEgress();
  const worker = await node.load({ 'index.mjs': FETCH }, { egress: path });
  expect(await worker.call('http://api.example.test/a?b=1')).toBe('200 api.example.test /a?b=1');
  expect(await worker.call('https://secret.example.test/')).toBe('failed');
  expect(seen).toEqual(['CONNECT api.example.test:80', 'CONNECT secret.example.test:443']);
});

test('http.request uses it too, and servers of the function itself are reached directly', async () => {
  const { path, seen } = await fakeEgress();
  const text = `
    import http from 'node:http';
    const get = (url) => new Promise((resolve, reject) => http.get(url, async (response) => {
      let text = ''; for await (const part of response) text += part; resolve(text);
    }).on('error', reject));
    export const handler = async () => {
      const own = http.createServer((request, response) => response.end('own'));
      await new Promise((resolve) => own.listen(0, '127.0.0.1', resolve));
      const answers = [await get('http://api.example.test/x'), await get('http://127.0.0.1:' + own.address().port)];
      own.close();
      return answers;
    };`;
  const worker = await node.load({ 'index.mjs': text }, { egress: path });
  expect(await worker.call({})).toEqual(['plain http://api.example.test/x', 'own']);
  expect(seen).toEqual(['GET http://api.example.test/x']);
});

test('the environment names it before any code runs, and what the function brings stays', async () => {
  const { path } = await fakeEgress();
  const text = `
    const { HTTP_PROXY, http_proxy, HTTPS_PROXY, https_proxy, NO_PROXY, no_proxy } = process.env;
    export const handler = async () => ({ HTTP_PROXY, http_proxy, HTTPS_PROXY, https_proxy, NO_PROXY, no_proxy });`;
  const worker = await node.load({ 'index.mjs': text }, { egress: path, variables: { HTTPS_PROXY: 'http://mine:1' } });
  const local = expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(await worker.call({})).toEqual({
    HTTP_PROXY: local,
    http_proxy: local,
    HTTPS_PROXY: 'http://mine:1',
    NO_PROXY: 'localhost,127.0.0.1,::1',
    no_proxy: 'localhost,127.0.0.1,::1',
  });
});

test('connections that are kept for later do not keep a callback waiting', async () => {
  const { path } = await fakeEgress();
  const text = `
    exports.handler = (event, context, callback) => {
      fetch('http://api.example.test/').then((response) => response.text()).then((text) => callback(null, text), callback);
    };`;
  const worker = await node.load({ 'index.cjs': text }, { egress: path });
  const late = sleep(2500, 'kept waiting'); // the connection itself is kept for longer
  expect(await Promise.race([worker.call({}), late])).toBe('api.example.test /');
});

test('a socket of Funade that is gone is an error of the request', async () => {
  const worker = await node.load({ 'index.mjs': FETCH }, { egress: join(await node.folder({}), 'none.sock') });
  expect(await worker.call('http://api.example.test/')).toBe('failed');
});
