/** The calls over HTTP on which all runtimes agree, and one to begin others with. */
import { readFileSync } from 'node:fs';
import type { FaultReason, HttpMeta, ResultMeta } from '../../src/functions/runtimes/messages.ts';

interface HttpCases {
  /** What LOAD has to say for the events to come out as they are. */
  readonly load: { readonly functionName: string };
  readonly events: readonly {
    readonly name: string;
    readonly meta: HttpMeta;
    /** In base64. */
    readonly body: string;
    readonly event: unknown;
  }[];
  /** What a handler returns, with the answer or the reason of the fault that is made of it. */
  readonly answers: readonly {
    readonly name: string;
    readonly value: unknown;
    readonly meta?: ResultMeta;
    /** In base64. */
    readonly body?: string;
    readonly reason?: FaultReason;
  }[];
}

export const HTTP_CASES = JSON.parse(
  readFileSync(new URL('../fixtures/http-events.json', import.meta.url), 'utf8'),
) as HttpCases;

export const HTTP: HttpMeta = {
  kind: 'http',
  requestId: 'request-1',
  remaining: 3000,
  arn: 'arn:aws:lambda:local:000000000000:function:shop-api:production',
  method: 'POST',
  path: '/',
  query: '',
  routeKey: 'ANY /',
  stage: 'production',
  sourceIp: '127.0.0.1',
  time: 1_764_075_600_000,
  headers: { 'content-type': 'application/json' },
  cookies: [],
};
