import { isUtf8 } from 'node:buffer';
import { MAX_META } from '../frames.ts';
import type { HttpMeta, ResultMeta } from '../messages.ts';
import { fault } from './faults.ts';
import { stringifyResult } from './payload.ts';

const TEXT = /^(?:text\/|application\/(?:json|javascript|xml|ld\+json|graphql)\b|[^;]+\+(?:json|xml)\b)/i;

/** The API Gateway HTTP API event, payload format 2.0. Bodies that are not text arrive in base64. */
export function toEvent(meta: HttpMeta, body: Buffer, functionName: string): Record<string, unknown> {
  const isText = isTextBody(meta.headers['content-type'], body);
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
      apiId: functionName,
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
      time: new Date(meta.time).toISOString(),
      timeEpoch: meta.time,
    },
    ...(body.length > 0 ? { body: body.toString(isText ? 'utf8' : 'base64') } : {}),
    isBase64Encoded: body.length > 0 && !isText,
  };
}

/** Whether bytes of that type are text: then they travel as they are, else in base64. */
export function isTextBody(contentType: string | undefined, body: Uint8Array): boolean {
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

/** Meta as JSON text, as it is sent. */
export interface Answer {
  readonly meta: string;
  readonly body: string | Uint8Array;
}

const PLAIN_META = JSON.stringify({ status: 200, headers: { 'content-type': 'application/json' }, cookies: [] });

/** What a handler returned, as an answer. Without `statusCode` the value itself is the JSON body (as on API Gateway). */
export function toAnswer(value: unknown): Answer {
  if (typeof value === 'string') return { meta: PLAIN_META, body: value };
  if (!isResponse(value)) return { meta: PLAIN_META, body: stringifyResult(value) };
  const body = bodyOf(value['body'], value['isBase64Encoded'] === true);
  const result = readHead(value);
  if (body.length > 0) result.headers['content-type'] ??= 'application/json';
  return { meta: encodeMeta(result), body };
}

function isResponse(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && 'statusCode' in value;
}

interface Head {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly cookies: readonly string[];
}

/** Status, headers and cookies of an answer, or of the beginning of a streamed one. */
export function readHead(response: Readonly<Record<string, unknown>>): Head {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries((response['multiValueHeaders'] ?? {}) as object)) {
    if (Array.isArray(value)) headers[name.toLowerCase()] = value.map(String).join(',');
  }
  for (const [name, value] of Object.entries((response['headers'] ?? {}) as object)) {
    if (value !== undefined && value !== null) headers[name.toLowerCase()] = String(value);
  }
  const cookies = Array.isArray(response['cookies']) ? response['cookies'].map(String) : [];
  return { status: readStatus(response['statusCode']), headers, cookies };
}

function readStatus(value: unknown): number {
  if (typeof value !== 'number' && typeof value !== 'string') throw badResponse(`statusCode is a ${typeof value}`);
  const status = Number(value);
  if (Number.isInteger(status) && status >= 200 && status <= 599) return status;
  throw badResponse(`statusCode ${JSON.stringify(value)} is not an HTTP status of 200 to 599`);
}

/** Throws a fault when status, headers and cookies are too much for a frame. */
export function encodeMeta(meta: ResultMeta): string {
  const text = JSON.stringify(meta);
  const size = Buffer.byteLength(text);
  if (size > MAX_META) throw badResponse(`headers and cookies have ${size} bytes; ${MAX_META} are allowed`);
  return text;
}

function bodyOf(body: unknown, isBase64: boolean): string | Buffer {
  if (body === undefined || body === null) return '';
  if (typeof body !== 'string') throw badResponse(`body is a ${typeof body}; it has to be a string`);
  return isBase64 ? Buffer.from(body, 'base64') : body;
}

export function badResponse(message: string): Error {
  return fault('Function.InvalidResponse', message, 'bad_response');
}
