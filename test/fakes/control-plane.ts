import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { EventView, ProblemView } from '../../src/api/contract/index.ts';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage['headers'];
  /** As JSON; null without one, undefined where it is none. */
  readonly body: unknown;
  /** As it was sent. */
  readonly text: string;
}

/** An event stream of one route, which stays open until it is cut. */
export interface RouteStream {
  send(id: number | string, data: unknown): void;
  /** Breaks the connection, as a restart of the server does. */
  cut(): void;
}

/** What a route answers: a JSON body with status 200, or a whole answer. */
export type Answer =
  | { readonly json: unknown; readonly status?: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly problem: Partial<ProblemView> & Pick<ProblemView, 'status' | 'code'> & { readonly details?: object } }
  | { readonly text: readonly string[]; readonly headers?: Readonly<Record<string, string>> }
  | { readonly stream: (stream: RouteStream) => void };

export type Route = (request: SeenRequest) => Answer;

export interface ControlPlane {
  readonly address: string;
  /** Every request so far, event streams included. */
  readonly seen: readonly SeenRequest[];
  /** Adds or replaces `METHOD /path`. */
  route(name: string, route: Route | Answer): void;
  emit(event: Partial<EventView>): void;
  /** Cuts every open event stream, as a restart does. */
  cutStreams(): void;
  /** Number of event streams that are open. */
  streams(): number;
  close(): Promise<void>;
}

export const TOKEN = 'fun_test-token-of-a-deployer';

/**
 * A control plane that only knows the routes it is given. It refuses what a real one refuses: a missing or wrong token,
 * bodies that are not JSON, event streams that are not asked for as such.
 */
export async function startControlPlane(): Promise<ControlPlane> {
  const seen: SeenRequest[] = [];
  const routes = new Map<string, Route>();
  const streams = new Set<ServerResponse>();
  let position = 0;

  const server: Server = createServer((request, response) => {
    void receive(request).then((incoming) => {
      seen.push(incoming);
      answer(incoming, response);
    });
  });

  function answer(request: SeenRequest, response: ServerResponse): void {
    if (request.path.startsWith('/api/') && request.headers.authorization !== `Bearer ${TOKEN}`) {
      send(response, { problem: { status: 401, code: 'FUN_UNAUTHENTICATED', detail: "Can't tell who asks." } });
      return;
    }
    if (request.body === undefined) {
      send(response, { problem: { status: 400, code: 'FUN_BAD_REQUEST', detail: 'the body is not JSON' } });
      return;
    }
    if (request.path === '/api/v1/events') {
      if (request.headers.accept !== 'text/event-stream') {
        send(response, { problem: { status: 400, code: 'FUN_BAD_REQUEST', detail: 'not asked for as a stream' } });
        return;
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('retry: 2000\n\n: hello\n\n');
      streams.add(response);
      response.once('close', () => streams.delete(response));
      return;
    }
    const route = routes.get(`${request.method} ${request.path}`);
    const unknown: Answer = { problem: { status: 404, code: 'FUN_NOT_FOUND', detail: `no ${request.path}` } };
    send(response, route === undefined ? unknown : route(request));
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${port}`,
    seen,
    route: (name, route) => routes.set(name, typeof route === 'function' ? route : () => route),
    streams: () => streams.size,
    emit: (event) => {
      position += 1;
      const whole: EventView = {
        position,
        at: 0,
        kind: 'run.changed',
        app: 'greeter',
        environment: null,
        subject: 'run',
        actor: 'test',
        data: {},
        ...event,
      };
      for (const stream of streams) stream.write(`id: ${position}\r\ndata: ${JSON.stringify(whole)}\r\n\r\n`);
    },
    cutStreams: () => {
      for (const stream of streams) stream.destroy();
      streams.clear();
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function receive(request: IncomingMessage): Promise<SeenRequest> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const url = new URL(request.url ?? '/', 'http://control-plane');
  const text = Buffer.concat(pieces).toString();
  return {
    method: request.method ?? '',
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: request.headers,
    body: text === '' ? null : parsed(text),
    text,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function send(response: ServerResponse, answer: Answer): void {
  if ('stream' in answer) {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('retry: 2000\n\n');
    answer.stream({
      send: (id, data) => response.write(`id: ${id}\nevent: line\ndata: ${JSON.stringify(data)}\n\n`),
      cut: () => response.destroy(),
    });
    return;
  }
  if ('text' in answer) {
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', ...answer.headers });
    for (const piece of answer.text) response.write(piece);
    response.end();
    return;
  }
  if ('json' in answer) {
    response.writeHead(answer.status ?? 200, { 'content-type': 'application/json', ...answer.headers });
    response.end(JSON.stringify(answer.json));
    return;
  }
  const { status } = answer.problem;
  const problem: ProblemView & { readonly details?: object } = {
    type: `urn:funade:error:${answer.problem.code}`,
    title: 'Error',
    detail: 'Refused.',
    fix: 'Do something else.',
    errors: [],
    next: [],
    ...answer.problem,
  };
  response.writeHead(status, { 'content-type': 'application/problem+json' });
  response.end(JSON.stringify(problem));
}
