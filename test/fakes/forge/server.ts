import { createHash } from 'node:crypto';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Failure, createFailures } from './failures.ts';

/* The HTTP side that both fake forges share: routes, a log, injected failures, tags, and what was wrong in what was sent. */

export interface FakeRequest {
  readonly method: string;
  /** Below the base path, as it was sent. */
  readonly path: string;
  /** Parts of the path that the route names, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: unknown;
}

export interface FakeAnswer {
  readonly status: number;
  readonly body?: unknown;
  /** In place of a body of JSON. */
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request that is not of the API. */
export interface RawRequest {
  readonly method: string;
  /** The whole path. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | string | undefined;
}

export interface RawRoutes {
  readonly owns: (path: string) => boolean;
  readonly answer: (request: RawRequest) => Promise<RawAnswer>;
}

/** Thrown by routes in place of an answer. */
export class Refusal extends Error {
  readonly answer: FakeAnswer;

  constructor(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}) {
    super(`refused with ${status}`);
    this.answer = { status, body, headers };
  }
}

/** `GET /repos/:owner/:repo` → its answer. */
export type Routes = Readonly<Record<string, (request: FakeRequest) => FakeAnswer>>;

export interface LoggedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: unknown;
  /** Of the answer; 0 when there was none. */
  readonly status: number;
  /** Epoch milliseconds of its arrival. */
  readonly at: number;
}

export interface FakeServer {
  /** Where it listens: `http://127.0.0.1:port`. */
  readonly url: string;
  /** Everything that was asked, oldest first. */
  readonly requests: readonly LoggedRequest[];
  /** What was wrong in what was sent: unknown fields, missing headers, unknown endpoints. A test ends with none. */
  readonly faults: readonly string[];
  /** How many requests were at work at the same time at most. */
  readonly busiest: () => number;
  /** Milliseconds that every answer takes from now on. */
  slowDown(milliseconds: number): void;
  /** Answers what ends it before its time. */
  failNext(failure: Failure): () => void;
  fault(text: string): void;
  stop(): Promise<void>;
}

export interface ServerSettings {
  /** `/api/v3`; empty for none. */
  readonly basePath: string;
  readonly routes: Routes;
  /** Answers what is not of the API. */
  readonly raw?: RawRoutes;
  /** Another path that means the same. */
  readonly rewrite?: (path: string) => string;
  /** Checks what every request must have; throws a refusal. */
  readonly before: (request: FakeRequest, fault: (text: string) => void) => void;
  readonly notFound: unknown;
  /** Of every answer, besides its own. */
  readonly headers?: () => Readonly<Record<string, string>>;
}

export async function startServer(settings: ServerSettings): Promise<FakeServer> {
  const requests: LoggedRequest[] = [];
  const faults: string[] = [];
  const failures = createFailures();
  let delay = 0;
  let busy = 0;
  let busiest = 0;
  const fault = (text: string) => void faults.push(text);
  const routes = compile(settings.routes);

  const server = createServer((incoming, response) => {
    busy += 1;
    busiest = Math.max(busiest, busy);
    void serve(incoming, response);
  });

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const at = Date.now();
    const raw = await readRaw(incoming);
    const isRaw = settings.raw?.owns(raw.path) === true;
    const request = isRaw ? { ...raw, params: {}, body: undefined } : readRequest(raw, settings.basePath);
    const log = (status: number) => {
      const { method, path, headers, body } = request;
      requests.push({ method, path, query: request.query.toString(), headers, body, status, at });
      busy -= 1;
    };
    if (delay > 0) await new Promise((resolve) => void setTimeout(resolve, delay));
    const failure = failures.take(request);
    if (failure?.how === 'hang') return log(0);
    if (failure?.how === 'drop') {
      log(0);
      return void incoming.socket.destroy();
    }
    const api = (answer: FakeAnswer) => prepare(request, answer, settings.headers?.() ?? {});
    const real = () => (isRaw ? answerRaw(raw) : api(answerTo(request)));
    const answer = failure?.how === 'answer' ? api(failure.answer) : await real();
    if (failure?.how === 'hang after') return log(0);
    if (failure?.how === 'drop after') {
      log(0);
      return void incoming.socket.destroy();
    }
    // Counted before it is sent: a client may ask again before this process hears that it was.
    log(answer.status);
    response.writeHead(answer.status, answer.headers).end(answer.body);
  }

  async function answerRaw(request: RawRequest): Promise<RawAnswer> {
    try {
      if (settings.raw !== undefined) return await settings.raw.answer(request);
    } catch (error) {
      fault(`the fake broke at ${request.method} ${request.path}: ${String(error)}`);
    }
    return { status: 500, headers: {}, body: 'the fake broke' };
  }

  function answerTo(request: FakeRequest): FakeAnswer {
    try {
      settings.before(request, fault);
      const path = settings.rewrite?.(request.path) ?? request.path;
      for (const { method, pattern, handle } of routes) {
        const params = method === request.method ? match(pattern, path) : null;
        if (params !== null) return handle({ ...request, params });
      }
      fault(`no endpoint ${request.method} ${request.path}`);
      return { status: 404, body: settings.notFound };
    } catch (error) {
      if (error instanceof Refusal) return error.answer;
      fault(`the fake broke at ${request.method} ${request.path}: ${String(error)}`);
      return { status: 500, body: { message: 'the fake broke' } };
    }
  }

  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    faults,
    busiest: () => busiest,
    slowDown: (milliseconds) => {
      delay = milliseconds;
    },
    failNext: failures.add,
    fault,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function readRaw(incoming: IncomingMessage): Promise<RawRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const [path = '', query = ''] = (incoming.url ?? '').split('?');
  return {
    method: incoming.method ?? '',
    path,
    query: new URLSearchParams(query),
    headers: incoming.headers as Readonly<Record<string, string | undefined>>,
    body: Buffer.concat(chunks),
  };
}

const GRAPHQL = '/api/graphql';

function readRequest({ path, body, ...request }: RawRequest, basePath: string): FakeRequest {
  const text = body.toString();
  const below = path.startsWith(`${basePath}/`) ? path.slice(basePath.length) : `!${path}`;
  return {
    ...request,
    path: path === GRAPHQL ? path : below,
    params: {},
    body: text === '' ? undefined : (JSON.parse(text) as unknown),
  };
}

/** The answer, or 304 where its tag is the one that was sent. */
function prepare(
  request: FakeRequest,
  { status, body, text: raw, headers = {} }: FakeAnswer,
  common: Readonly<Record<string, string>>,
): RawAnswer {
  const text = raw ?? (body === undefined ? '' : JSON.stringify(body));
  const etag = `W/"${createHash('sha1').update(text).digest('hex')}"`;
  const isTagged = request.method === 'GET' && status === 200;
  const isKnown = isTagged && request.headers['if-none-match'] === etag;
  const hasBody = text !== '' && !isKnown;
  return {
    status: isKnown ? 304 : status,
    headers: {
      ...(hasBody ? { 'content-type': 'application/json; charset=utf-8' } : {}),
      ...(isTagged ? { etag } : {}),
      ...common,
      ...headers,
    },
    body: isKnown ? undefined : text,
  };
}

function compile(routes: Routes) {
  return Object.entries(routes).map(([route, handle]) => {
    const [method = '', path = ''] = route.split(' ');
    return { method, pattern: path.split('/'), handle };
  });
}

function match(pattern: readonly string[], path: string): Readonly<Record<string, string>> | null {
  const parts = path.split('/');
  if (parts.length !== pattern.length) return null;
  const params: Record<string, string> = {};
  for (const [index, expected] of pattern.entries()) {
    const part = parts[index] ?? '';
    if (expected.startsWith(':')) params[expected.slice(1)] = decodeURIComponent(part);
    else if (expected !== part) return null;
  }
  return params;
}
