import type { IncomingMessage } from 'node:http';
import type { ModelConfig } from '../../config/index.ts';
import { KEY_HEADERS, keyHeaders } from './endpoint.ts';

/** Headers for the next hop only (RFC 9110, 7.6.1), and those for proxies. */
const HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
]);
const NOT_OUT: ReadonlySet<string> = new Set([
  ...HOP,
  ...KEY_HEADERS,
  'host',
  'content-length',
  'expect',
  'accept-encoding',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'via',
]);
/** The body is passed on decoded and masked, so that neither its length nor its coding is what it was. */
const NOT_BACK: ReadonlySet<string> = new Set([
  ...HOP,
  'content-length',
  'content-encoding',
  'set-cookie',
  'location',
  'alt-svc',
]);

/** Headers for the provider: the client's without its key, and with ours. */
export function headersOut(request: IncomingMessage, model: ModelConfig, base: URL): string[] {
  const headers = ['Host', base.host, ...passedOn(request, NOT_OUT), 'Accept-Encoding', 'identity'];
  const own = { has: (name: string) => request.headers[name] !== undefined };
  for (const [name, value] of keyHeaders(model, own)) headers.push(name, value);
  const length = request.headers['content-length'];
  if (request.headers['transfer-encoding'] !== undefined) headers.push('Transfer-Encoding', 'chunked');
  else if (length !== undefined) headers.push('Content-Length', length);
  else if (request.method !== 'GET') headers.push('Content-Length', '0');
  return headers;
}

/** Headers for the client, masked: a provider that repeats what it was sent must not give the key away. */
export function headersBack(answer: IncomingMessage, mask: (text: string) => string): string[] {
  return passedOn(answer, NOT_BACK).map(mask);
}

function passedOn(message: IncomingMessage, without: ReadonlySet<string>): string[] {
  const named = new Set(message.headers.connection?.split(',').map((name) => name.trim().toLowerCase()));
  const headers: string[] = [];
  for (let index = 0; index + 1 < message.rawHeaders.length; index += 2) {
    const name = message.rawHeaders[index] ?? '';
    const key = name.toLowerCase();
    if (!without.has(key) && !named.has(key)) headers.push(name, message.rawHeaders[index + 1] ?? '');
  }
  return headers;
}
