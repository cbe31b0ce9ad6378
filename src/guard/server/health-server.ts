import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { GuardConfig } from '../../config/index.ts';
import { type Logger, newId } from '../../kernel/index.ts';
import { troubleFields } from '../errors.ts';
import type { ComponentHealth, GuardMetrics, HealthSource } from '../port.ts';
import { type ListenAddress, listenOn } from './listen.ts';
import { problemText } from './problem.ts';
import { refuse } from './respond.ts';
import { tellTrouble } from './trouble.ts';

const MAX_CONNECTIONS = 64;
const TIMEOUT_MS = 5000;
const CHECK_MS = 1000;
const JSON_TYPE = 'application/json';
const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export interface HealthServerOptions {
  readonly config: Pick<GuardConfig, 'profile' | 'server'>;
  /** What lacks before requests may come; empty: ready. */
  lacking(): readonly string[];
  readonly components: readonly HealthSource[];
  readonly metrics: Pick<GuardMetrics, 'text'>;
  readonly logger: Logger;
}

export interface HealthServer {
  /** Throws `FUN_PORT_IN_USE` and what else stands against the address. */
  listen(): Promise<ListenAddress>;
  stop(): Promise<void>;
}

interface Page {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** Plain HTTP for the kubelet and for Prometheus: how the process is, never what it decided on. */
export function createHealthServer(options: HealthServerOptions): HealthServer {
  const { config, metrics, logger } = options;
  const server: Server = createServer({
    headersTimeout: TIMEOUT_MS,
    requestTimeout: TIMEOUT_MS,
    connectionsCheckingInterval: CHECK_MS,
    maxHeaderSize: 8 * 1024,
  });
  server.maxConnections = MAX_CONNECTIONS;

  const pages = new Map<string, () => Page | Promise<Page>>([
    ['/livez', () => json(200, { status: 'ok' })],
    ['/readyz', () => readiness(options.lacking())],
    ['/healthz', () => health(options.components)],
    ['/metrics', async () => ({ status: 200, type: METRICS_TYPE, body: await metrics.text() })],
  ]);

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const page = pages.get(pathOf(request));
    if (page === undefined) return problem(request, response, { status: 404, code: 'path' });
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return problem(request, response, { status: 405, code: 'method', headers: { Allow: 'GET, HEAD' } });
    if (bringsBody(request)) return problem(request, response, { status: 413, code: 'too_large' });
    const { status, type, body } = await page();
    response.writeHead(status, {
      'Content-Type': type,
      'Content-Length': Buffer.byteLength(body),
      'Cache-Control': 'no-store',
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  }

  server.on('request', (request, response) => {
    request.on('error', () => {}); // a caller that went away
    answer(request, response).catch((thrown: unknown) => {
      const errorId = newId('err');
      tellTrouble({ profile: config.profile, logger }, thrown, { ...troubleFields('unexpected'), errorId });
      const body = problemText('unexpected', TEXTS.unexpected, errorId);
      refuse(request, response, { status: 500, body });
    });
  });

  return {
    listen: () => listenOn(server, { host: config.server.host, port: config.server.healthPort, scheme: 'http' }),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const TEXTS = {
  path: 'There are only /livez, /readyz, /healthz and /metrics here.',
  method: 'Only GET and HEAD are answered here.',
  too_large: 'No body is taken here.',
  unexpected: 'The guard failed on this request.',
} as const;

function problem(
  request: IncomingMessage,
  response: ServerResponse,
  {
    status,
    code,
    headers = {},
  }: { status: number; code: keyof typeof TEXTS; headers?: Readonly<Record<string, string>> },
): void {
  refuse(request, response, { status, headers, body: problemText(code, TEXTS[code]) });
}

function pathOf({ url = '/' }: IncomingMessage): string {
  const end = url.indexOf('?');
  return end === -1 ? url : url.slice(0, end);
}

function bringsBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

function json(status: number, value: unknown): Page {
  return { status, type: JSON_TYPE, body: `${JSON.stringify(value)}\n` };
}

function readiness(lacking: readonly string[]): Page {
  return lacking.length === 0 ? json(200, { status: 'ready' }) : json(503, { status: 'not_ready', lacking });
}

function health(sources: readonly HealthSource[]): Page {
  const components = sources.map(healthOf);
  const isOk = components.every(({ ok }) => ok);
  const byName = Object.fromEntries(components.map(({ name, ok, detail }) => [name, { ok, ...detail }]));
  return json(isOk ? 200 : 503, { status: isOk ? 'ok' : 'degraded', components: byName });
}

function healthOf(source: HealthSource): ComponentHealth {
  try {
    return source.health();
  } catch {
    return { name: 'unknown', ok: false, detail: { fault: 'the component could not be asked' } };
  }
}
