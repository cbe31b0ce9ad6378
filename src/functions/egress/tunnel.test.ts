import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createBench, exchange, hungUp, readAll, readHead, readRefusal } from './testing.ts';

const bench = createBench();
afterEach(() => bench.clear());
const { open, refusalOf, startEchoProxy } = bench;

describe('a tunnel', () => {
  test('carries 1 MB both ways, and the end of each side', async () => {
    const { path, target } = await startEchoProxy();
    const socket = await open(path, target);
    const sent = Buffer.alloc(1024 * 1024, 'funade ');
    socket.end(sent);
    const received = await readAll(socket);
    expect(received.equals(sent)).toBe(true);
  });

  test('lets a service go on after the client is done, and the other way round', async () => {
    const port = await bench.startServer((socket) => {
      let received = '';
      socket.write('first;');
      socket.on('data', (chunk) => (received += chunk.toString()));
      socket.on('end', () => setTimeout(() => socket.end(`last:${received}`), 50));
    });
    const early = await bench.startServer((socket) => {
      socket.end('done');
      socket.on('data', (chunk) => heard.push(chunk.toString()));
    });
    const heard: string[] = [];
    const { path } = await bench.startProxy({
      rules: [
        { host: 'late.example', port },
        { host: 'early.example', port: early },
      ],
    });
    expect(await exchange(await open(path, `late.example:${port}`), 'question')).toBe('first;last:question');
    const socket = await open(path, `early.example:${early}`);
    expect((await readAll(socket)).toString()).toBe('done');
    socket.end('still here');
    await vi.waitFor(() => expect(heard.join('')).toBe('still here'), 10_000);
  });

  test('loses no bytes that come right after CONNECT, even with the end of the client', async () => {
    const { path, target } = await startEchoProxy();
    const socket = await bench.dialProxy(path);
    const following = 'x'.repeat(200_000);
    socket.end(`CONNECT ${target} HTTP/1.1\r\n\r\n${following}`);
    expect((await readHead(socket)).status).toBe(200);
    expect((await readAll(socket)).toString()).toBe(following);
  });

  test('ends on both sides when it is idle', async () => {
    let remote: Socket | undefined;
    const port = await bench.startServer((socket) => {
      remote = socket;
      socket.resume();
    });
    const { path } = await bench.startProxy({ rules: [{ host: 'a.example', port }], limits: { idleTimeout: 100 } });
    const socket = await open(path, `a.example:${port}`);
    expect((await readAll(socket)).length).toBe(0);
    await vi.waitFor(() => expect(remote?.readableEnded).toBe(true), 10_000);
  });

  test('ends soon when one side is done and the other one says nothing', async () => {
    const port = await bench.startServer((socket) => void socket.resume());
    const { path } = await bench.startProxy({
      rules: [{ host: 'a.example', port }],
      limits: { halfOpenTimeout: 100, connections: 1 },
    });
    const socket = await open(path, `a.example:${port}`);
    socket.destroy();
    await vi.waitFor(async () => void (await open(path, `a.example:${port}`)), 10_000);
  });

  test('ends for the client when the service resets', async () => {
    const port = await bench.startServer((socket) => {
      socket.once('data', () => socket.resetAndDestroy());
    });
    const { path } = await bench.startProxy({ rules: [{ host: 'a.example', port }] });
    const socket = await open(path, `a.example:${port}`);
    socket.write('hello');
    expect((await readAll(socket)).length).toBe(0);
  });
});

describe('limits', () => {
  test('the 65th connection is refused, until a client goes away', async () => {
    const { path, target, lines } = await startEchoProxy();
    const sockets = await Promise.all(Array.from({ length: 64 }, () => open(path, target)));
    const refusal = await refusalOf(path, target);
    expect(refusal).toMatchObject({ status: 503, code: 'EGRESS_TOO_MANY_CONNECTIONS' });
    expect(lines).toHaveLength(1);
    sockets[0]!.destroy();
    await vi.waitFor(async () => void (await open(path, target)), 10_000);
    expect(await refusalOf(path, target)).toMatchObject({ status: 503 });
    expect(await exchange(sockets[1]!, 'hello')).toBe('hello');
  });

  test('a client that goes away in the middle of a transfer frees its slot', async () => {
    const port = await bench.startServer((socket) => {
      const pump = () => {
        while (socket.write(Buffer.alloc(64 * 1024)));
      };
      socket.on('drain', pump).resume();
      pump();
    });
    const { path } = await bench.startProxy({ rules: [{ host: 'a.example', port }], limits: { connections: 1 } });
    for (let round = 0; round < 3; round += 1) {
      const socket = await vi.waitFor(() => open(path, `a.example:${port}`), 10_000);
      socket.once('data', () => socket.destroy());
      await once(socket, 'close');
    }
  });

  test('clients that only connect are dropped when there are too many, and told to the log', async () => {
    const { path, target, lines } = await startEchoProxy({ connections: 2 });
    const silent = await Promise.all(Array.from({ length: 4 }, () => bench.dialProxy(path)));
    const fifth = await bench.dialProxy(path);
    await hungUp(fifth);
    expect(lines.join('\n')).toContain('4 connections to its proxy');
    silent[0]!.destroy();
    await vi.waitFor(async () => void (await open(path, target)), 10_000);
  });

  test.each([
    ['does not end', 'CONNECT a.example:443 HTTP/1.1\r\nX: '],
    ['does not begin', ''],
  ])('a head that %s is answered with 408', async (_, text) => {
    const { path } = await bench.startProxy({ limits: { headersTimeout: 200 } });
    const socket = await bench.dialProxy(path);
    socket.write(text);
    expect(await readRefusal(socket)).toMatchObject({ status: 408, code: 'EGRESS_MALFORMED' });
  });

  test('a head that is too large is answered with 431', async () => {
    const { path } = await bench.startProxy({});
    const socket = await bench.dialProxy(path);
    socket.write(`CONNECT a.example:443 HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`);
    expect(await readRefusal(socket)).toMatchObject({ status: 431, code: 'EGRESS_MALFORMED' });
  });
});
