import { type Server, createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { PYTHON, createPythonRig } from '../../../../test/functions/python.ts';

const { serve, write, clear } = createPythonRig();
afterEach(clear);

describe.skipIf(PYTHON === null)('a Python worker with a way out', () => {
  const servers: Server[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => void server.close(resolve))));
  });

  /** Answers the whole of what it got, with a mark, once the other side has said all. */
  async function startProxy(path: string): Promise<string> {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      const parts: Buffer[] = [];
      socket.on('data', (part: Buffer) => parts.push(part));
      socket.on('end', () => socket.end(Buffer.concat([Buffer.from('proxy:'), ...parts])));
    });
    servers.push(server);
    await new Promise<void>((resolve) => void server.listen(path, resolve));
    return path;
  }

  async function newPath(): Promise<string> {
    return join(await write({}), 'proxy.sock');
  }

  const CLIENT = `
import os, socket, threading
NAMES = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy']
FIRST = [os.environ.get(name) for name in NAMES]
def talk(text):
    with socket.create_connection(('127.0.0.1', int(os.environ['HTTP_PROXY'].rpartition(':')[2])), 10) as peer:
        def send():
            peer.sendall(text.encode())
            peer.shutdown(socket.SHUT_WR)
        threading.Thread(target=send).start()
        parts = []
        while part := peer.recv(65536): parts.append(part)
    return b''.join(parts).decode() or 'closed'
def handler(event, context):
    if event == 'names': return FIRST
    if event == 'many':
        texts = []
        threads = [threading.Thread(target=lambda n=n: texts.append(talk(str(n) * 100000) == 'proxy:' + str(n) * 100000)) for n in range(8)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        return [texts, threading.active_count()]
    try:
        return talk(event)
    except ConnectionError:
        return 'closed'
`;

  test('leads connections to the proxy, both ways and with half-close', async () => {
    const worker = await serve(CLIENT, { egress: await startProxy(await newPath()) });
    const address = expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(await worker.call('names')).toEqual([address, address, address, address]);
    expect(await worker.call('CONNECT a:443')).toBe('proxy:CONNECT a:443');
    expect(await worker.call('x'.repeat(2_000_000))).toBe(`proxy:${'x'.repeat(2_000_000)}`);
    const [texts, threads] = (await worker.call('many')) as [boolean[], number];
    expect(texts).toEqual(Array<boolean>(8).fill(true));
    expect(threads, 'threads do not grow with connections').toBeLessThanOrEqual(10);
  });

  test('closes connections while the proxy is away, and serves those after', async () => {
    const path = await startProxy(await newPath());
    const worker = await serve(CLIENT, { egress: path });
    await new Promise((resolve) => void servers.pop()?.close(resolve));
    await expect(worker.call('hello')).resolves.toBe('closed');
    await startProxy(path);
    expect(await worker.call('hello')).toBe('proxy:hello');
  });

  test('gives way to proxies that the function has itself', async () => {
    const worker = await serve(CLIENT, {
      egress: await startProxy(await newPath()),
      variables: { https_proxy: 'http://own:1' },
    });
    const [upper, lower, ...plain] = (await worker.call('names')) as string[];
    expect([upper, lower]).toEqual([null, 'http://own:1']);
    expect(plain[0]).toBe(plain[1]);
  });

  test('has no proxy without it', async () => {
    const worker = await serve(CLIENT);
    expect(await worker.call('names')).toEqual([null, null, null, null]);
  });
});
