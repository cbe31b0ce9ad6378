import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { isForbiddenAddress } from './addresses.ts';
import type { EgressProxy, EgressProxyOptions } from './port.ts';
import { createEgressProxy } from './proxy.ts';

const WAIT = 20_000;

export interface TestProxy {
  readonly proxy: EgressProxy;
  readonly path: string;
  /** What the log was told. */
  readonly lines: string[];
  /** Every name that was resolved. */
  readonly resolved: string[];
}

/** Real sockets with an end: everything that is started here is closed by `clear`. */
export function createBench() {
  const closers: (() => Promise<unknown> | void)[] = [];

  /** A proxy that may reach loopback, on which every name stands that `names` has no other addresses for. */
  async function startProxy(
    options: Partial<EgressProxyOptions>,
    names: Readonly<Record<string, readonly string[]>> = {},
  ): Promise<TestProxy> {
    const directory = await mkdtemp(join(tmpdir(), 'egress-'));
    const path = join(directory, 'proxy.sock');
    const lines: string[] = [];
    const resolved: string[] = [];
    const proxy = createEgressProxy({
      rules: [],
      log: (text) => void lines.push(text),
      resolve: async (host) => {
        resolved.push(host);
        return names[host] ?? ['127.0.0.1'];
      },
      isForbidden: (address) => (address.startsWith('127.') ? null : isForbiddenAddress(address)),
      ...options,
    });
    closers.push(async () => {
      await proxy.close();
      await rm(directory, { recursive: true, force: true });
    });
    await proxy.listen(path);
    return { proxy, path, lines, resolved };
  }

  /** The port of a server on loopback. */
  async function startServer(onConnection: (socket: Socket) => void): Promise<number> {
    const sockets = new Set<Socket>();
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => sockets.delete(socket));
      onConnection(socket);
    });
    closers.push(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return listen(server);
  }

  /** The port of a server that sends back what it gets. */
  async function startEcho(): Promise<number> {
    return startServer((socket) => void socket.pipe(socket));
  }

  /** A name that is allowed and leads to an echo. */
  async function startEchoProxy(limits: EgressProxyOptions['limits'] = {}) {
    const port = await startEcho();
    const started = await startProxy({ rules: [{ host: 'echo.example', port }], limits });
    return { ...started, target: `echo.example:${port}` };
  }

  /** A client of a proxy. */
  async function dialProxy(path: string): Promise<Socket> {
    const socket = connect({ path, allowHalfOpen: true });
    closers.push(() => void socket.destroy());
    socket.on('error', () => socket.destroy());
    await once(socket, 'connect');
    return socket;
  }

  /** A client that has asked for a tunnel. */
  async function ask(path: string, target: string, following = ''): Promise<Socket> {
    const socket = await dialProxy(path);
    socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n${following}`);
    return socket;
  }

  /** A client whose tunnel stands. */
  async function open(path: string, target: string): Promise<Socket> {
    const socket = await ask(path, target);
    const answer = await readHead(socket);
    expect(answer.head).toBe('HTTP/1.1 200 Connection Established\r\n\r\n');
    return socket;
  }

  async function refusalOf(path: string, target: string): Promise<Refusal> {
    return readRefusal(await ask(path, target));
  }

  async function clear(): Promise<void> {
    for (const close of closers.splice(0).reverse()) await close();
  }

  return { startProxy, startServer, startEcho, startEchoProxy, dialProxy, ask, open, refusalOf, clear };
}

/** Listens on a free port of loopback. */
export async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A port on which nothing listens. */
export async function closedPort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  server.close();
  await once(server, 'close');
  return port;
}

/** Connections on loopback, whatever address was asked for, which is recorded. */
export function recordingConnect() {
  const asked: string[] = [];
  return {
    asked,
    connect: (address: string, port: number) => {
      asked.push(address);
      return connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    },
  };
}

export interface Answer {
  readonly status: number;
  readonly head: string;
}

export interface Refusal extends Answer {
  readonly code: string;
  readonly detail: string;
  readonly fix: string;
}

/** The head of the next answer; what follows it stays in the socket. */
export async function readHead(socket: Socket): Promise<Answer> {
  let text = '';
  const deadline = Date.now() + WAIT;
  while (!text.includes('\r\n\r\n')) {
    const chunk = socket.read() as Buffer | null;
    if (chunk !== null) text += chunk.toString('latin1');
    else if (socket.readableEnded || socket.destroyed) throw new Error(`closed after ${JSON.stringify(text)}`);
    else await Promise.race([once(socket, 'readable'), once(socket, 'end'), once(socket, 'close'), timeout(deadline)]);
  }
  const end = text.indexOf('\r\n\r\n') + 4;
  if (text.length > end) socket.unshift(Buffer.from(text.slice(end), 'latin1'));
  const head = text.slice(0, end);
  return { status: Number(head.split(' ')[1]), head };
}

/** Everything until the other side ends. */
export async function readAll(socket: Socket): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of socket.iterator({ destroyOnReturn: false })) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** Says all of it and hears what comes back. */
export async function exchange(socket: Socket, text: string): Promise<string> {
  socket.end(text);
  return (await readAll(socket)).toString();
}

/** Resolves when the other side has closed the connection, in an orderly way or not. */
export async function hungUp(socket: Socket): Promise<void> {
  if (socket.destroyed || socket.readableEnded) return;
  await new Promise<void>((resolve) => {
    socket.once('end', resolve).once('close', () => resolve());
    socket.resume();
  });
}

/** A refusal as a client of CONNECT reads it; it hangs up then. */
export async function readRefusal(socket: Socket): Promise<Refusal> {
  const answer = await readHead(socket);
  const body = JSON.parse((await readAll(socket)).toString()) as Omit<Refusal, keyof Answer>;
  socket.destroy();
  return { ...answer, ...body };
}

async function timeout(deadline: number): Promise<never> {
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, deadline - Date.now())).unref());
  throw new Error('nothing came in time');
}
