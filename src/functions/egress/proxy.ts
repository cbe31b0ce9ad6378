import { once } from 'node:events';
import { chmod, rm } from 'node:fs/promises';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import { type Socket, connect as connectTcp } from 'node:net';
import type { Duplex } from 'node:stream';
import { messageOf, systemClock } from '../../kernel/index.ts';
import { isForbiddenAddress } from './addresses.ts';
import { ESTABLISHED, refuseOnSocket, refuseRequest } from './answers.ts';
import { type DialTools, type Dialled, dial } from './dial.ts';
import { forward, framingProblem } from './forward.ts';
import { EGRESS_LIMITS, type EgressProxy, type EgressProxyOptions } from './port.ts';
import { createRefusalLog } from './refusal-log.ts';
import { type Refusal, denied, malformed, tooManyClients, tooManyConnections } from './refusals.ts';
import { type EgressTarget, parseConnectTarget, parseHttpTarget } from './request-target.ts';
import { createResolver } from './resolver.ts';
import { matches } from './rules.ts';
import { tunnel } from './tunnel.ts';

/** The only way out of a function that has no network: CONNECT and plain HTTP, to the hosts that its rules list. */
export function createEgressProxy(options: EgressProxyOptions): EgressProxy {
  const { rules, log } = options;
  const limits = { ...EGRESS_LIMITS, ...options.limits };
  const clock = options.clock ?? systemClock;
  const tell = createRefusalLog(log, clock);
  const tools: DialTools = {
    resolve: options.resolve ?? createResolver(),
    connect: options.connect ?? ((host, port) => connectTcp({ host, port, allowHalfOpen: true })),
    isForbidden: options.isForbidden ?? isForbiddenAddress,
    connectTimeout: limits.connectTimeout,
    clock,
  };
  const sockets = new Set<Socket>();
  /** Clients with a request that is not answered yet. */
  const busy = new WeakSet<Duplex>();
  let open = 0;
  let socketPath: string | null = null;

  const server = createServer({
    headersTimeout: limits.headersTimeout,
    // Bodies may take as long as they move.
    requestTimeout: 0,
    connectionsCheckingInterval: Math.min(1_000, limits.headersTimeout),
    // The host is the one of the target; CONNECT has no other anyway.
    requireHostHeader: false,
  });
  server.maxConnections = 2 * limits.connections;
  server.on('connection', keep);
  server.on('drop', () => tell(tooManyClients(2 * limits.connections)));
  server.on('connect', (request, client, head) => {
    void serveConnect(request, client as Socket, head).catch((thrown: unknown) => giveUp(client, thrown));
  });
  server.on('request', (request, response) => {
    void serveRequest(request, response).catch((thrown: unknown) => giveUp(request.socket, thrown));
  });
  server.on('clientError', (fault, client) => refuseUnreadable(fault, client as Socket));

  function keep(socket: Socket): void {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  }

  async function serveConnect({ url = '' }: IncomingMessage, client: Socket, head: Buffer): Promise<void> {
    client.on('error', ignore);
    // Two answers on one socket would be mixed up.
    if (busy.has(client)) return void client.destroy();
    const target = parseConnectTarget(url);
    const outcome = target === null ? malformed('a CONNECT without host and port') : await reach(target, client);
    if (outcome.kind === 'abandoned') return void client.destroy();
    if (outcome.kind === 'refusal') {
      tell(outcome);
      return refuseOnSocket(client, outcome);
    }
    const { remote } = outcome;
    client.write(ESTABLISHED);
    if (head.length > 0) remote.write(head);
    tunnel(client, remote, limits);
  }

  async function serveRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const client = request.socket;
    const refuse = (refusal: Refusal) => {
      tell(refusal);
      refuseRequest(request, response, refusal);
    };
    // One at a time, so that one connection can't make many.
    if (busy.has(client)) return refuse(malformed('a request before the answer to the last one'));
    busy.add(client);
    response.once('close', () => busy.delete(client));
    const target = parseHttpTarget(request.url ?? '');
    if (target === null) return refuse(malformed('a target other than http://host/path'));
    const problem = framingProblem(request);
    if (problem !== null) return refuse(malformed(problem));
    const outcome = await reach(target, client);
    if (outcome.kind === 'abandoned') return void client.destroy();
    if (outcome.kind === 'refusal') return refuse(outcome);
    const { remote } = outcome;
    response.once('close', () => remote.destroy());
    forward({ request, response, target, refuse, remote, idleTimeout: limits.idleTimeout });
  }

  /** By name first: what the rules don't list is neither resolved nor counted. */
  async function reach(target: EgressTarget, client: Socket): Promise<Dialled> {
    if (!matches(rules, target.host, target.port)) return denied(target, rules);
    if (open >= limits.connections) return tooManyConnections(target, limits.connections);
    open += 1;
    const abandoned = new AbortController();
    const abandon = () => abandoned.abort();
    if (client.destroyed) abandon();
    client.once('close', abandon);
    const outcome = await dial(target, tools, abandoned.signal);
    client.off('close', abandon);
    if (outcome.kind !== 'connected') {
      open -= 1;
      return outcome;
    }
    const { remote } = outcome;
    keep(remote);
    remote.once('close', () => {
      open -= 1;
    });
    if (!client.destroyed) return outcome;
    remote.destroy();
    return { kind: 'abandoned' };
  }

  function refuseUnreadable(fault: NodeJS.ErrnoException, client: Socket): void {
    if (fault.code === 'ECONNRESET' || !client.writable || busy.has(client)) return void client.destroy();
    client.on('error', ignore);
    const refusal = unreadable(fault.code);
    tell(refusal);
    refuseOnSocket(client, refusal);
  }

  /** A defect of ours must not end the process that serves all functions. */
  function giveUp(client: Duplex, thrown: unknown): void {
    client.destroy();
    log(`Egress: a request failed within the proxy: ${messageOf(thrown)}`);
  }

  return {
    async listen(path) {
      server.listen({ path });
      await once(server, 'listening');
      socketPath = path;
      await chmod(path, 0o666);
    },
    async close() {
      if (socketPath === null) return;
      const closed = new Promise((resolve) => void server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
      await rm(socketPath, { force: true });
    },
  };
}

function ignore(): void {
  // `close` follows, and whoever uses the socket goes by that.
}

function unreadable(code: string | undefined): Refusal {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return malformed('a head that was not complete in time', 408);
    case 'HPE_HEADER_OVERFLOW':
      return malformed('a head that is too large', 431);
    default:
      return malformed('no HTTP');
  }
}
