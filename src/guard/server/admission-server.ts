import { STATUS_CODES } from 'node:http';
import { type Server, createServer } from 'node:https';
import type { Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../../kernel/index.ts';
import { troubleFields } from '../errors.ts';
import type { CertificateSource } from './certificates.ts';
import { createDistrustTeller } from './distrust.ts';
import { type ReviewHandlerOptions, createReviewHandler } from './handle-review.ts';
import { type ListenAddress, listenOn } from './listen.ts';
import { PROBLEMS, problemText } from './problem.ts';
import { MIN_TLS_VERSION } from './tls.ts';

/** API servers keep idle connections for 90 s: ours have to last longer, or a request meets a connection that just closed. */
const KEEP_ALIVE_MS = 95_000;
const MAX_HEADER_BYTES = 16 * 1024;
/** How often Node looks for requests that take too long. */
const CHECK_MS = 500;
/** How long callers with kept connections are told to go before connections without a request are closed. */
const FAREWELL_MS = 1000;

export interface AdmissionServerOptions extends Omit<ReviewHandlerOptions, 'isClosing'> {
  readonly certificates: CertificateSource;
  readonly clock: Clock;
}

export interface AdmissionServer {
  /** Needs a certificate. Throws `FUN_PORT_IN_USE` and what else stands against the address. */
  listen(): Promise<ListenAddress>;
  isListening(): boolean;
  connections(): number;
  /** Ends with the open requests, or with `milliseconds`. */
  stop(milliseconds: number): Promise<void>;
}

export function createAdmissionServer(options: AdmissionServerOptions): AdmissionServer {
  const { config, certificates, metrics, logger, clock } = options;
  const { host, port, headersTimeoutMs, requestTimeoutMs, maxConnections } = config.server;
  const handle = createReviewHandler({ ...options, isClosing: () => isClosing });
  const tellDistrust = createDistrustTeller(logger, clock);
  const sockets = new Set<Socket>();
  let isClosing = false;
  let openRequests = 0;

  const server: Server = createServer({
    minVersion: MIN_TLS_VERSION,
    handshakeTimeout: headersTimeoutMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    connectionsCheckingInterval: CHECK_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
    noDelay: true,
  });
  server.maxConnections = maxConnections;
  server.on('request', (request, response) => {
    openRequests += 1;
    response.on('close', () => (openRequests -= 1));
    handle(request, response);
  });
  server.on('checkContinue', (request, response) => {
    openRequests += 1;
    response.on('close', () => (openRequests -= 1));
    handle(request, response, () => response.writeContinue());
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('drop', () => metrics.failed('connection_limit'));
  server.on('tlsClientError', (error: NodeJS.ErrnoException) => {
    // A probe that opens a port and goes is no handshake that failed.
    if (error.code === 'ECONNRESET') return;
    metrics.failed('tls_handshake');
    tellDistrust(error);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
    if (error.code?.startsWith('ERR_SSL') === true) {
      metrics.failed('tls_handshake');
      tellDistrust(error);
      return void socket.destroy();
    }
    refuseRaw(socket as Socket, error);
  });
  server.on('error', (error: NodeJS.ErrnoException) => {
    if (!server.listening) return; // whoever called listen() hears of it
    logger.error(
      { ...troubleFields('unexpected'), reason: error.code ?? 'unknown' },
      'The admission server met an error.',
    );
    metrics.failed('unexpected');
  });

  function refuseRaw(socket: Socket, { code }: NodeJS.ErrnoException): void {
    const problem = code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'too_slow' : 'bad_http';
    metrics.failed(problem);
    const body = problemText(problem, PROBLEMS[problem][config.language]);
    const status = code === 'HPE_HEADER_OVERFLOW' ? 431 : PROBLEMS[problem].status;
    const head = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      'Connection: close',
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(body)}`,
    ];
    socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
    socket.destroySoon();
  }

  function takeCertificate(): void {
    const served = certificates.current();
    if (served === null) return;
    server.setSecureContext({ cert: served.cert, key: served.key, minVersion: MIN_TLS_VERSION });
  }

  takeCertificate();
  const forget = certificates.onChange(takeCertificate);

  return {
    listen: () => listenOn(server, { host, port, scheme: 'https' }),
    isListening: () => server.listening,
    connections: () => sockets.size,
    stop: async (milliseconds) => {
      const until = performance.now() + milliseconds;
      forget();
      isClosing = true;
      const farewell = performance.now() + Math.min(FAREWELL_MS, milliseconds / 2);
      while (sockets.size > 0 && performance.now() < farewell) await wait(10);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      while (openRequests > 0 && performance.now() < until) await wait(10);
      const left = Math.max(0, until - performance.now());
      // Connections that are in the middle of a handshake, or of sending a request, are known to nobody else.
      const forced = setTimeout(() => sockets.forEach((socket) => socket.destroy()), Math.min(left, FAREWELL_MS));
      server.closeIdleConnections();
      await closed;
      clearTimeout(forced);
    },
  };
}
