import { isUtf8 } from 'node:buffer';
import { type InvokeMeta, type LoadMeta, RESPONSE_TOO_LARGE, type ResultMeta } from '../messages.ts';
import { MAX_BODY } from '../frames.ts';

const TEXT = /^(?:text\/|application\/(?:json|javascript|xml|ld\+json|graphql)\b|[^;]+\+(?:json|xml)\b)/i;

/** The API Gateway HTTP API event, payload format 2.0. Bodies that are not text arrive in base64. */
export function toEvent(meta: InvokeMeta, body: Buffer, load: LoadMeta): Record<string, unknown> {
  const isText = isTextBody(meta.headers['content-type'], body);
  const time = new Date(meta.time);
  return {
    version: '2.0',
    routeKey: meta.routeKey,
    rawPath: meta.path,
    rawQueryString: meta.query,
    ...(meta.cookies.length > 0 ? { cookies: meta.cookies } : {}),
    headers: meta.headers,
    ...(meta.query === '' ? {} : { queryStringParameters: parseQuery(meta.query) }),
    requestContext: {
      accountId: 'anonymous',
      apiId: load.functionName,
      domainName: meta.headers['host'] ?? '',
      domainPrefix: '',
      http: {
        method: meta.method,
        path: meta.path,
        protocol: 'HTTP/1.1',
        sourceIp: meta.sourceIp,
        userAgent: meta.headers['user-agent'] ?? '',
      },
      requestId: meta.requestId,
      routeKey: meta.routeKey,
      stage: meta.stage,
      time: time.toISOString(),
      timeEpoch: meta.time,
    },
    ...(body.length > 0 ? { body: body.toString(isText ? 'utf8' : 'base64') } : {}),
    isBase64Encoded: body.length > 0 && !isText,
  };
}

function isTextBody(contentType: string | undefined, body: Buffer): boolean {
  return (contentType === undefined || TEXT.test(contentType)) && isUtf8(body);
}

function parseQuery(query: string): Record<string, string> {
  const values = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(query)) {
    const before = values.get(name);
    values.set(name, before === undefined ? value : `${before},${value}`);
  }
  return Object.fromEntries(values);
}

/** Thrown for answers that are not HTTP; its name becomes the error's type. */
export class BadResponse extends Error {
  constructor(message: string, name = 'Function.InvalidResponse') {
    super(message);
    this.name = name;
  }
}

/** What a handler returned, as an answer. Without `statusCode` the value itself is the JSON body (as on API Gateway). */
export function toResult(value: unknown): { readonly meta: ResultMeta; readonly body: Buffer } {
  const { meta, body } = isResponse(value) ? fromResponse(value) : fromValue(value);
  if (body.length > MAX_BODY) {
    throw new BadResponse(`the response has ${body.length} bytes; ${MAX_BODY} are allowed`, RESPONSE_TOO_LARGE);
  }
  return { meta, body };
}

function isResponse(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && 'statusCode' in value;
}

function fromValue(value: unknown): { meta: ResultMeta; body: Buffer } {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'null');
  return {
    meta: { status: 200, headers: { 'content-type': 'application/json' }, cookies: [] },
    body: Buffer.from(text),
  };
}

function fromResponse(response: Readonly<Record<string, unknown>>): { meta: ResultMeta; body: Buffer } {
  const status = Number(response['statusCode']);
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new BadResponse(`statusCode ${JSON.stringify(response['statusCode'])} is not an HTTP status of 200 to 599`);
  }
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries((response['multiValueHeaders'] ?? {}) as object)) {
    if (Array.isArray(value)) headers[name.toLowerCase()] = value.map(String).join(',');
  }
  for (const [name, value] of Object.entries((response['headers'] ?? {}) as object)) {
    if (value !== undefined && value !== null) headers[name.toLowerCase()] = String(value);
  }
  const cookies = Array.isArray(response['cookies']) ? response['cookies'].map(String) : [];
  const body = bodyOf(response['body'], response['isBase64Encoded'] === true);
  if (body.length > 0) headers['content-type'] ??= 'application/json';
  return { meta: { status, headers, cookies }, body };
}

function bodyOf(body: unknown, isBase64: boolean): Buffer {
  if (body === undefined || body === null) return Buffer.alloc(0);
  if (typeof body === 'string') return Buffer.from(body, isBase64 ? 'base64' : 'utf8');
  throw new BadResponse(`body is a ${typeof body}; it has to be a string`);
}
