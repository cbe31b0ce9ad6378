import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { HTTP, HTTP_CASES } from '../../../../test/functions/http-cases.ts';
import { ECHO, PYTHON, createPythonRig, faultOf } from '../../../../test/functions/python.ts';
import type { WireWorker } from '../../../../test/functions/wire.ts';

const { serve, clear } = createPythonRig();
afterEach(clear);

describe.skipIf(PYTHON === null)('a Python worker as HTTP', () => {
  /** For the many cases that need no worker of their own, and show that those before did no harm. */
  const shared = createPythonRig();
  let echo: WireWorker;
  let parseBody: WireWorker;
  beforeAll(async () => {
    echo = await shared.serve(ECHO, { functionName: HTTP_CASES.load.functionName });
    parseBody = await shared.serve('import json\ndef handler(event, context):\n    return json.loads(event["body"])\n');
  });
  afterAll(shared.clear);

  test.each(HTTP_CASES.events)('makes the event of $name', async ({ meta, body, event }) => {
    const reply = await echo.invoke(meta, Buffer.from(body, 'base64'));
    expect(reply.kind === 'result' && JSON.parse(String(reply.body))).toEqual(event);
  });

  test.each(HTTP_CASES.answers)('makes the answer of $name', async ({ value, meta, body, reason }) => {
    const reply = await parseBody.invoke(HTTP, JSON.stringify(value));
    if (reason === undefined) expect(reply).toEqual({ kind: 'result', meta, body: Buffer.from(body ?? '', 'base64') });
    else expect(reply).toMatchObject({ kind: 'error', fault: { reason, errorType: 'Function.InvalidResponse' } });
  });

  test.each([
    ['text/plain', 'text'],
    ['TEXT/HTML; charset=utf-8', 'text'],
    ['application/json-patch', 'text'],
    ['application/json5', 'bytes'],
    ['application/json_', 'bytes'],
    ['image/svg+xml', 'text'],
    ['a+b+json', 'text'],
    ['application/octet-stream; a=b+json', 'bytes'],
    ['+json', 'bytes'],
    ['', 'bytes'],
  ])('a body of type %j is %s', async (type, kind) => {
    const reply = await echo.invoke({ ...HTTP, headers: { 'content-type': type } }, 'hé');
    const bytes = Buffer.from('hé');
    expect(reply.kind === 'result' && JSON.parse(String(reply.body))).toMatchObject(
      kind === 'text'
        ? { body: bytes.toString('utf8'), isBase64Encoded: false }
        : { body: bytes.toString('base64'), isBase64Encoded: true },
    );
  });

  test('reads every query as URLSearchParams does', async () => {
    const unit = fc.constantFrom(
      'a',
      'b',
      '=',
      '&',
      '+',
      '%',
      '%41',
      '%C3',
      '%A4',
      '%c3%bc',
      '%zz',
      '% 1',
      '%+1',
      '?',
      ';',
      '%F0%9F',
    );
    await fc.assert(
      fc.asyncProperty(fc.string({ unit, minLength: 1, maxLength: 12 }), async (query) => {
        const expected: Record<string, string> = {};
        for (const [name, value] of new URLSearchParams(query)) {
          expected[name] = name in expected ? `${expected[name]},${value}` : value;
        }
        const reply = await echo.invoke({ ...HTTP, query });
        const event = reply.kind === 'result' && (JSON.parse(String(reply.body)) as Record<string, unknown>);
        expect(event && event['queryStringParameters']).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });

  test.each([
    ['bytes', '{"statusCode": 200, "body": b"\\x00\\xff"}', Buffer.from([0, 255])],
    [
      'base64 of the other alphabet, without padding',
      '{"statusCode": 200, "body": "__-_AQ", "isBase64Encoded": True}',
      Buffer.from('__-_AQ', 'base64'),
    ],
    ['a text with a lone surrogate', '{"statusCode": 200, "body": "a\\ud800b"}', Buffer.from('a\ufffdb')],
  ])('sends a body of %s', async (_, answer, body) => {
    const worker = await serve(`def handler(event, context):\n    return ${answer}\n`);
    expect(await worker.invoke(HTTP)).toMatchObject({ kind: 'result', meta: { status: 200 }, body });
  });

  test('takes statuses of the enumeration and values of headers in any type', async () => {
    const worker = await serve(`
from http import HTTPStatus
def handler(event, context):
    return {'statusCode': HTTPStatus.CREATED, 'headers': {'A': 1.0, 'b': 2.5, 'c': 'x'}, 'cookies': ('a=1',), 'multiValueHeaders': {'C': ['y'], 'D': [True, None]}}
`);
    expect(await worker.invoke(HTTP)).toMatchObject({
      meta: { status: 201, headers: { a: '1', b: '2.5', c: 'x', d: 'true,null' }, cookies: ['a=1'] },
    });
  });

  test.each([
    ['a status that is true', '{"statusCode": True}', 'bad_response'],
    ['a status of a fraction', '{"statusCode": 200.5}', 'bad_response'],
    ['headers that are a list', '{"statusCode": 200, "headers": []}', 'bad_response'],
    ['headers that fit no frame', '{"statusCode": 200, "headers": {"a": "x" * 65536}}', 'bad_response'],
    ['a body that is no base64', '{"statusCode": 200, "body": "é", "isBase64Encoded": True}', 'bad_response'],
    ['a value that is no JSON', '{"a": object()}', 'unserialisable'],
    ['a body of more than 6 MiB', '{"statusCode": 200, "body": b"x" * (6 * 1024 * 1024 + 1)}', 'response_too_large'],
  ])('refuses %s', async (_, answer, reason) => {
    const worker = await serve(`def handler(event, context):\n    return ${answer}\n`);
    expect(await faultOf(worker, '', HTTP)).toMatchObject({ reason });
  });
});
