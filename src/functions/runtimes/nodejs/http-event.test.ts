import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { faultOf, useNodeWorkers } from '../../../../test/functions/node-worker.ts';
import type { FaultReason, HttpMeta, ResultMeta } from '../messages.ts';

interface Fixtures {
  readonly load: { readonly functionName: string };
  readonly events: readonly {
    readonly name: string;
    readonly meta: HttpMeta;
    readonly body: string;
    readonly event: unknown;
  }[];
  readonly answers: readonly {
    readonly name: string;
    readonly value: unknown;
    readonly meta?: ResultMeta;
    readonly body?: string;
    readonly reason?: FaultReason;
  }[];
}

const FIXTURES = JSON.parse(
  readFileSync(new URL('../../../../test/fixtures/http-events.json', import.meta.url), 'utf8'),
) as Fixtures;
const node = useNodeWorkers();
const REQUEST = FIXTURES.events[0]!.meta;

test.each(FIXTURES.events)('the event of $name', async ({ meta, body, event }) => {
  const worker = await node.load({ 'index.mjs': 'export const handler = async (event) => event;' }, FIXTURES.load);
  const reply = await worker.invoke(meta, Buffer.from(body, 'base64'));
  expect(reply.kind === 'result' && JSON.parse(reply.body.toString('utf8'))).toEqual(event);
});

test.each(FIXTURES.answers)('an answer: $name', async ({ value, meta, body, reason }) => {
  const worker = await node.module(`export const handler = async () => (${JSON.stringify(value)});`);
  const reply = await worker.invoke(REQUEST);
  if (reason === undefined) expect(reply).toEqual({ kind: 'result', meta, body: Buffer.from(body!, 'base64') });
  else expect(faultOf(reply)).toMatchObject({ reason, errorType: 'Function.InvalidResponse' });
});

test('an answer may be in base64 of 6 MiB, and no longer', async () => {
  const worker = await node.module(`
    export const handler = async ({ rawPath }) => ({
      statusCode: 200, body: Buffer.alloc(6 * 1024 * 1024 + (rawPath === '/more' ? 1 : 0), 7).toString('base64'), isBase64Encoded: true,
    });`);
  const reply = await worker.invoke(REQUEST);
  expect(reply.kind === 'result' && reply.body.equals(Buffer.alloc(6 * 1024 * 1024, 7))).toBe(true);
  expect(faultOf(await worker.invoke({ ...REQUEST, path: '/more' })).reason).toBe('response_too_large');
});

test.each([
  ['headers that no frame can hold', '{ statusCode: 200, headers: { a: "語".repeat(30_000) } }', 'bad_response'],
  ['a status that is an object', '{ statusCode: {} }', 'bad_response'],
  ['a value without JSON', '{ a: 1n }', 'unserialisable'],
])('%s: the call fails and the worker goes on', async (_name, expression, reason) => {
  const worker = await node.module(`
    export const handler = async ({ rawPath }) => rawPath === '/again' ? 'on' : (${expression});`);
  expect(faultOf(await worker.invoke(REQUEST)).reason).toBe(reason);
  expect((await worker.invoke({ ...REQUEST, path: '/again' })).kind).toBe('result');
});
