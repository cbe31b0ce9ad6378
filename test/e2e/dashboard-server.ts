import { readFile } from 'node:fs/promises';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import type { ProblemView, Role } from '../../src/api/contract/index.ts';
import type { Situation } from '../../web/fixtures/greeter.ts';
import { type IntakeSituation, NOTHING_CAME } from '../../web/fixtures/intake.ts';
import { answerIntake, takeIntakeCommand } from './intake-answers.ts';

/** The policy that the page is built for: nothing inline, nothing from elsewhere. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly language: string;
  readonly body: unknown;
}

export interface DashboardServer {
  readonly url: string;
  /** Commands that came in (not the reads), oldest first. */
  readonly received: Received[];
  /** Languages that reads asked for, oldest first. */
  readonly languages: string[];
  situation: Situation;
  intake: IntakeSituation;
  session: { readonly user: string; readonly role: Role } | null;
  /** Answered to every command while it is set. */
  refusal: ProblemView | null;
  /** Answered to every read but that of the session while it is set. */
  readFault: ProblemView | null;
  /** Writes an event to every open stream. */
  publish(kind: string): void;
  /** Number of open event streams. */
  streams(): number;
  /** Breaks every stream; while `refuse` is set, new ones are answered 503. */
  breakStreams(refuse: boolean): void;
  close(): Promise<void>;
}

export const TOKEN = 'a-token-of-the-test';

export function problem(status: number, fields: Partial<ProblemView> = {}): ProblemView {
  return {
    type: 'about:blank',
    title: 'Refused',
    status,
    code: 'FUN_UNAUTHENTICATED',
    detail: "Can't sign in: the token is unknown or revoked.",
    fix: 'Use the owner token, or ask its owner for another.',
    errors: [],
    next: [{ command: 'funade token list' }],
    ...fields,
  };
}

/** Serves the built page as Funade does, with the API's answers made from one situation. */
export async function startDashboardServer(dist: string, situation: Situation): Promise<DashboardServer> {
  const open = new Set<ServerResponse>();
  let position = 0;
  let refuseStreams = false;

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    if (!pathname.startsWith('/api/')) return serveFile(dist, pathname, response);
    if (pathname === '/api/v1/events') return serveEvents(response);
    if (request.method === 'GET') {
      state.languages.push(request.headers['accept-language'] ?? '');
      return serveView(pathname, searchParams, response);
    }
    return takeCommand(request, pathname, response);
  }

  function serveEvents(response: ServerResponse): void {
    if (refuseStreams) return void response.writeHead(503).end();
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write(': hello\n\n');
    open.add(response);
    response.on('close', () => open.delete(response));
  }

  function serveView(pathname: string, query: URLSearchParams, response: ServerResponse): void {
    if (state.session === null) return sendProblem(response, problem(401));
    if (state.readFault !== null && pathname !== '/api/v1/session') return sendProblem(response, state.readFault);
    const views = new Map<string, unknown>([
      ['/api/v1/session', state.session],
      ['/api/v1/apps', { items: state.situation.apps, next: null }],
      ['/api/v1/runs', { items: state.situation.runs, next: null }],
      ['/api/v1/approvals', { items: state.situation.approvals, next: null }],
      ...state.situation.runs.map((run) => [`/api/v1/runs/${run.id}`, run] as const),
    ]);
    const view = views.get(pathname) ?? answerIntake(state.intake, pathname, query);
    if (view === undefined) {
      return sendProblem(response, problem(404, { code: 'FUN_NOT_FOUND', detail: `Can't find ${pathname}.` }));
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(view));
  }

  async function takeCommand(request: IncomingMessage, path: string, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const body: unknown = text === '' ? null : JSON.parse(text);
    const method = request.method ?? '';
    state.received.push({ method, path, body, language: request.headers['accept-language'] ?? '' });
    if (state.refusal !== null) return sendProblem(response, state.refusal);
    if (path === '/api/v1/session' && method === 'POST') {
      if ((body as { token?: unknown }).token !== TOKEN) return sendProblem(response, problem(401));
      state.session = { user: 'owner', role: 'owner' };
    }
    if (path === '/api/v1/session' && method === 'DELETE') state.session = null;
    const made = takeIntakeCommand(state.intake, path);
    if (made === undefined) return void response.writeHead(204).end();
    state.intake = made.after;
    response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify(made.answer));
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const state: DashboardServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received: [],
    languages: [],
    situation,
    intake: NOTHING_CAME,
    session: { user: 'mika', role: 'approver' },
    refusal: null,
    readFault: null,
    publish: (kind) => {
      position += 1;
      const data = { position, at: 0, kind, app: null, environment: null, subject: '', actor: '', data: {} };
      for (const response of open) response.write(`id: ${position}\ndata: ${JSON.stringify(data)}\n\n`);
    },
    streams: () => open.size,
    breakStreams: (refuse) => {
      refuseStreams = refuse;
      for (const response of open) response.destroy();
    },
    close: async () => {
      for (const response of open) response.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return state;
}

function sendProblem(response: ServerResponse, view: ProblemView): void {
  response.writeHead(view.status, { 'content-type': 'application/problem+json' }).end(JSON.stringify(view));
}

/** Hashed files under /assets/ are for ever; every other path is the page, which is asked for anew each time. */
async function serveFile(dist: string, pathname: string, response: ServerResponse): Promise<void> {
  const asset = pathname.startsWith('/assets/');
  const path = asset ? normalize(pathname) : '/index.html';
  const content = await readFile(join(dist, path)).catch(() => null);
  if (content === null) return void response.writeHead(404).end();
  response.writeHead(200, {
    'content-type': TYPES[extname(path)] ?? 'application/octet-stream',
    'content-security-policy': CONTENT_SECURITY_POLICY,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': asset ? 'public, max-age=31536000, immutable' : 'no-cache',
  });
  response.end(content);
}
