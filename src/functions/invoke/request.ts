import type { IncomingMessage } from 'node:http';
import type { HttpMeta } from '../runtimes/messages.ts';

export interface RequestTarget {
  readonly environment: string;
  readonly app: string;
  /** Begins with `/`. */
  readonly path: string;
  /** Without `?`. */
  readonly query: string;
}

const PREFIX = '/fn/';

/** The parts of `/fn/{environment}/{app}/{path}?{query}`. */
export function parseTarget(url: string): RequestTarget | undefined {
  if (!url.startsWith(PREFIX)) return undefined;
  const mark = url.indexOf('?');
  const full = mark === -1 ? url : url.slice(0, mark);
  const afterEnvironment = full.indexOf('/', PREFIX.length);
  if (afterEnvironment <= PREFIX.length) return undefined;
  const afterApp = full.indexOf('/', afterEnvironment + 1);
  const app = full.slice(afterEnvironment + 1, afterApp === -1 ? undefined : afterApp);
  if (app === '') return undefined;
  return {
    environment: full.slice(PREFIX.length, afterEnvironment),
    app,
    path: afterApp === -1 ? '/' : full.slice(afterApp),
    query: mark === -1 ? '' : url.slice(mark + 1),
  };
}

export interface DescribedRequest {
  readonly request: IncomingMessage;
  readonly requestId: string;
  readonly target: RequestTarget;
  readonly route: string;
  readonly time: number;
  readonly arn: string;
  /** The bearer token was meant for Funade and is not the function's to see. */
  readonly withoutToken: boolean;
  readonly withoutCookies: ReadonlySet<string>;
}

const NOT_FORWARDED = new Set(['cookie', 'connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'expect']);

export function describeRequest(options: DescribedRequest): Omit<HttpMeta, 'remaining'> {
  const { request, target } = options;
  return {
    kind: 'http',
    requestId: options.requestId,
    arn: options.arn,
    method: request.method ?? 'GET',
    path: target.path,
    query: target.query,
    routeKey: `ANY ${options.route}`,
    stage: target.environment,
    sourceIp: request.socket.remoteAddress ?? '',
    time: options.time,
    headers: forwardedHeaders(options),
    cookies: cookiesOf(request.headers.cookie, options.withoutCookies),
  };
}

function forwardedHeaders({ request, withoutToken }: DescribedRequest): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === undefined || NOT_FORWARDED.has(name)) continue;
    if (withoutToken && name === 'authorization') continue;
    headers[name] = typeof value === 'string' ? value : value.join(',');
  }
  return headers;
}

function cookiesOf(header: string | undefined, without: ReadonlySet<string>): readonly string[] {
  if (header === undefined) return [];
  return header
    .split(';')
    .map((cookie) => cookie.trim())
    .filter((cookie) => cookie !== '' && !without.has(cookie.slice(0, cookie.indexOf('=')).trim()));
}
