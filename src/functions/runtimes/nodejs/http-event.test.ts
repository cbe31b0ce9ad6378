import { expect, test } from 'vitest';
import { HTTP_CASES } from '../../../../test/functions/http-cases.ts';
import { faultOf, useNodeWorkers } from '../../../../test/functions/node-worker.ts';

const node = useNodeWorkers();
const REQUEST = HTTP_CASES.events[0]!.meta;

test.each(HTTP_CASES.events)('the event of $name', async ({ meta, body, event }) => {
  const worker = await node.load({ 'index.mjs': 'export const handler = async (event) => event;' }, HTTP_CASES.load);
  const reply = await worker.invoke(meta, Buffer.from(body, 'base64'));
  expect(reply.kind === 'result' && JSON.parse(reply.body.toString('utf8'))).toEqual(event);
});

test.each(HTTP_CASES.answers)('an answer: $name', async ({ value, meta, body, reason }) => {
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
