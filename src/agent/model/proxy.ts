import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { type IncomingMessage, type Server, type ServerResponse, Agent as HttpAgent, createServer } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ModelConfig } from '../../config/index.ts';
import { type Clock, type Logger, messageOf, systemClock } from '../../kernel/index.ts';
import { CROWDED, NOT_KNOWN, type Refusal, USED_UP, WRONG_METHOD, refuse, refusedPath } from './answers.ts';
import { baseUrlOf } from './endpoint.ts';
import { forward } from './exchange.ts';
import { type ModelAccess, type ModelUse, type Session, isCrowded } from './session.ts';
import { parseTarget } from './target.ts';

export interface ModelProxyOptions {
  readonly model: ModelConfig;
  readonly logger: Logger;
  /** Of its own; made when it is missing. */
  readonly directory: string;
  readonly clock?: Clock;
}

/**
 * The model for programs that must not have its key: an HTTP server that takes requests with the token of a running task, adds the key
 * and passes them on to the one configured endpoint.
 */
export interface ModelProxy {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Access for one run of a task; null where no endpoint is configured. Only after `start`. */
  open(taskId: string, use?: ModelUse): ModelAccess | null;
}

/** The path of a unix socket may have no more than 107 bytes. */
const LONGEST_SOCKET = 100;
const SOCKET = /^model\.(\d+)\.sock$/;
const HEADERS_WITHIN = 30_000;

export function createModelProxy({ model, logger, directory, clock = systemClock }: ModelProxyOptions): ModelProxy {
  const base = baseUrlOf(model);
  // A connection for each request: one that is kept may be closed by the other side just when it is used again.
  const agent =
    base?.protocol === 'https:' ? new HttpsAgent({ keepAlive: false }) : new HttpAgent({ keepAlive: false });
  const sessions = new Map<string, Session>();
  const servers: Server[] = [];
  let place: { readonly socket: string; readonly temporary: string | null } | undefined;
  let loopback: Promise<number> | undefined;

  function serve(request: IncomingMessage, response: ServerResponse): void {
    request.on('error', () => response.destroy());
    response.on('error', () => {}); // the client is gone, which `close` tells
    const told = judge(request);
    if ('status' in told) return refuse(request, response, told);
    const { session, path, to } = told;
    session.running += 1;
    response.once('close', () => {
      session.running -= 1;
    });
    const failed = (cause: string) =>
      logger.warn({ task: session.taskId, cause }, 'Failed to reach the model endpoint.');
    forward({ request, response, model, base: to, agent, path, session, now: () => clock.now(), failed });
  }

  /** Who asks, and for what; or why it is not passed on. */
  function judge({ url = '', method }: IncomingMessage): Refusal | { session: Session; path: string; to: URL } {
    if (base === null) return NOT_KNOWN;
    const target = parseTarget(url, base);
    if (target.kind === 'unknown') return NOT_KNOWN;
    if (target.kind === 'refused') return refusedPath(target.reason);
    const session = sessions.get(target.token);
    if (session === undefined) return NOT_KNOWN;
    if (method !== 'GET' && method !== 'POST') return WRONG_METHOD;
    if (isCrowded(session)) return CROWDED;
    if (method === 'POST' && session.use.mayGoOn?.() === false) {
      session.use.onUsedUp?.();
      return USED_UP;
    }
    return { session, path: target.path, to: base };
  }

  function makeServer(): Server {
    // An answer may take as long as it moves.
    const server = createServer({ headersTimeout: HEADERS_WITHIN, requestTimeout: 0 }, serve);
    server.on('clientError', (_, socket) => socket.destroy());
    servers.push(server);
    return server;
  }

  async function listenOnLoopback(): Promise<number> {
    const server = makeServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  async function start(): Promise<void> {
    if (base === null) return;
    place = await makePlace(directory);
    const server = makeServer();
    server.listen({ path: place.socket });
    await once(server, 'listening');
    await chmod(place.socket, 0o600);
  }

  async function stop(): Promise<void> {
    await loopback?.catch(() => {}); // it was told to whoever asked for it
    for (const server of servers.splice(0)) {
      const closed = new Promise((resolve) => void server.close(resolve));
      server.closeAllConnections();
      await closed;
    }
    agent.destroy();
    sessions.clear();
    if (place !== undefined) await rm(place.temporary ?? place.socket, { recursive: true, force: true });
    place = undefined;
    loopback = undefined;
  }

  function open(taskId: string, use: ModelUse = {}): ModelAccess | null {
    if (place === undefined) return null;
    const token = randomBytes(32).toString('base64url');
    const ended = new AbortController();
    const session: Session = { taskId, use, signal: ended.signal, trouble: null, running: 0 };
    sessions.set(token, session);
    return {
      token,
      socket: place.socket,
      urlAt: (port) => `http://127.0.0.1:${port}/t/${token}`,
      loopback: () => (loopback ??= listenOnLoopback()),
      trouble: () => session.trouble,
      close: () => {
        sessions.delete(token);
        ended.abort();
      },
    };
  }

  /** In a directory that nobody else can enter; in one of the system's temporary ones where the given path is too long for a socket. */
  async function makePlace(parent: string) {
    await mkdir(parent, { recursive: true, mode: 0o700 });
    await chmod(parent, 0o700);
    await removeDead(parent).catch((thrown: unknown) => logger.warn({ reason: messageOf(thrown) }, NOT_REMOVED));
    const socket = join(parent, `model.${process.pid}.sock`);
    if (Buffer.byteLength(socket) <= LONGEST_SOCKET) {
      await rm(socket, { force: true });
      return { socket, temporary: null };
    }
    const temporary = await mkdtemp(join(tmpdir(), 'funade-model-'));
    return { socket: join(temporary, 'model.sock'), temporary };
  }

  return { start, stop, open };
}

const NOT_REMOVED = 'Failed to remove sockets of processes that are gone.';

/** Sockets that killed processes have left. */
async function removeDead(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const pid = SOCKET.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) await rm(join(directory, name), { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
}
