import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { FunadeError, type Language, type Logger, newId, sleep } from '../kernel/index.ts';
import { log } from './errors.ts';
import type { RawHandler } from './port.ts';
import { headersOf, preferredLanguage, problemOf } from './problem.ts';
import { createRequestDeadline } from './request-deadline.ts';

export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  readonly logger: Logger;
  readonly language: Language;
  readonly fn?: RawHandler | undefined;
  readonly webhook?: RawHandler | undefined;
  /** Takes paths that begin with the date of a version of an AWS API. */
  readonly lambda?: RawHandler | undefined;
}

/** The socket side of the API: one HTTP server that hands the hot paths to their handlers and the rest to fastify. */
export interface Listener {
  /** Makes the server around fastify's handler; call once. */
  create(handler: (request: IncomingMessage, response: ServerResponse) => void): Server;
  listen(): Promise<{ readonly address: string; readonly port: number }>;
  closing(): boolean;
  /** From now on every answer ends its connection. */
  beginClose(): void;
  /** Accepts nothing new and waits for what is being served; after `deadlineMs` the rest is cut off. */
  drain(deadlineMs: number): Promise<void>;
}

const HEADERS_WITHIN_MS = 10_000;
/** From the first byte of the head to the last of the body; a socket is closed within 15 s. */
const WEBHOOK_WITHIN_MS = 14_500;
const REQUEST_WITHIN_MS = 120_000;
const KEEP_ALIVE_MS = 72_000; // longer than the 60 s of common proxies, so that they and not we end idle connections
const LOOK_EVERY_MS = 25;
/** `/2015-03-31/functions/…` */
const AWS_VERSION = /^\/20\d\d-\d\d-\d\d\//;

export function createListener(options: ListenerOptions): Listener {
  const { host, port, fn, webhook, lambda } = options;
  const sockets = new Set<Socket>();
  const active = new Set<ServerResponse>();
  const deadline = createRequestDeadline();
  let server: Server | null = null;
  let isClosing = false;

  function dispatch(
    handler: (request: IncomingMessage, response: ServerResponse) => void,
    request: IncomingMessage,
    response: ServerResponse,
  ): void {
    active.add(response);
    const { socket } = request;
    response.once('close', () => {
      active.delete(response);
      deadline.answered(socket);
    });
    if (isClosing) response.shouldKeepAlive = false;
    const url = request.url ?? '/';
    if (fn !== undefined && url.startsWith('/fn/')) runRaw(fn, request, response, options);
    else if (webhook !== undefined && url.startsWith('/webhook/')) {
      deadline.limit(request, response, WEBHOOK_WITHIN_MS);
      runRaw(webhook, request, response, options);
    } else if (lambda !== undefined && AWS_VERSION.test(url)) runRaw(lambda, request, response, options);
    else handler(request, response);
  }

  function made(): Server {
    if (server === null) throw new Error('The server is made when the application starts');
    return server;
  }

  return {
    create: (handler) => {
      server = createServer(
        {
          keepAliveTimeout: KEEP_ALIVE_MS,
          headersTimeout: HEADERS_WITHIN_MS,
          requestTimeout: REQUEST_WITHIN_MS,
          connectionsCheckingInterval: 1000, // how late a timeout may be noticed
          noDelay: true,
        },
        (request, response) => dispatch(handler, request, response),
      );
      server.on('connection', (socket) => {
        sockets.add(socket);
        socket.once('close', () => sockets.delete(socket));
        deadline.opened(socket);
      });
      server.once('close', deadline.stop);
      return server;
    },
    closing: () => isClosing,
    listen: async () => {
      const listening = made();
      if (!isLoopback(host)) {
        options.logger.warn(
          { host, port },
          'Listening on more than this machine without TLS: put a TLS proxy in front, tokens travel in clear text.',
        );
      }
      await new Promise<void>((resolve, reject) => {
        const refused = (thrown: NodeJS.ErrnoException) => reject(explainListen(thrown, options));
        listening.once('error', refused);
        listening.listen({ host, port }, () => {
          listening.off('error', refused);
          resolve();
        });
      });
      const bound = listening.address() as AddressInfo;
      return { address: bound.address, port: bound.port };
    },
    beginClose: () => {
      isClosing = true;
      for (const response of active) response.shouldKeepAlive = false;
    },
    drain: async (deadlineMs) => {
      const draining = made();
      if (!draining.listening) return;
      const drained = new AbortController();
      draining.close(() => drained.abort());
      // A browser keeps spare connections open that never sent a byte; Node counts them as busy.
      for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
      const until = performance.now() + deadlineMs;
      while (!drained.signal.aborted && performance.now() < until) {
        draining.closeIdleConnections();
        await sleep(LOOK_EVERY_MS, drained.signal);
      }
      if (drained.signal.aborted) return;
      options.logger.warn({ requests: active.size }, 'Cut off requests that were still being served at the deadline.');
      draining.closeAllConnections();
      await sleep(1000, drained.signal);
    },
  };
}

function runRaw(
  handler: RawHandler,
  request: IncomingMessage,
  response: ServerResponse,
  options: ListenerOptions,
): void {
  try {
    const running = handler(request, response);
    if (running !== undefined) running.catch((thrown: unknown) => failRaw(thrown, request, response, options));
  } catch (thrown) {
    failRaw(thrown, request, response, options);
  }
}

function failRaw(thrown: unknown, request: IncomingMessage, response: ServerResponse, options: ListenerOptions): void {
  const error = new FunadeError('FUN_INTERNAL', { id: newId('err') }, { cause: thrown });
  const route = `${request.method} ${(request.url ?? '/').split('?')[0]}`;
  log(options.logger, { error, thrown, requestId: '', route });
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const language = preferredLanguage(request.headers['accept-language'], options.language);
  response.writeHead(error.status, headersOf(error)).end(JSON.stringify(problemOf(error, language)));
}

function explainListen(thrown: NodeJS.ErrnoException, { host, port }: ListenerOptions): unknown {
  if (thrown.code === 'EADDRINUSE')
    return new FunadeError('FUN_PORT_IN_USE', { host, port, setting: 'FUNADE_PORT' }, { cause: thrown });
  if (thrown.code === 'EACCES') {
    const values = { setting: 'FUNADE_PORT', value: port, reason: 'this user may not listen there' };
    return new FunadeError('FUN_SETTING_INVALID', { ...values, expected: 'a port above 1023' }, { cause: thrown });
  }
  if (thrown.code === 'EADDRNOTAVAIL' || thrown.code === 'ENOTFOUND' || thrown.code === 'EAI_AGAIN') {
    const values = { setting: 'FUNADE_HOST', value: host, reason: 'this machine has no such address' };
    return new FunadeError('FUN_SETTING_INVALID', { ...values, expected: '127.0.0.1 or 0.0.0.0' }, { cause: thrown });
  }
  return thrown;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}
