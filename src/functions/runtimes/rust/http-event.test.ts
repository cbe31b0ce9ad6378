import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HTTP, HTTP_CASES } from '../../../../test/functions/http-cases.ts';
import { MANY } from '../../../../test/functions/rust-program.ts';
import { describeWithRust, faultOf, useRustWorkers } from '../../../../test/functions/rust-workers.ts';

const REQUEST = { ...HTTP, path: '/answer' };

describeWithRust(() => {
  const { start } = useRustWorkers({ compile: (workshop) => workshop.program(MANY) });

  describe('HTTP', () => {
    test.each(HTTP_CASES.events)('$name', async ({ meta, body, event }) => {
      const worker = await start();
      const reply = await worker.invoke(meta, Buffer.from(body, 'base64'));
      if (reply.kind === 'error') throw new Error(reply.fault.message);
      expect(JSON.parse(reply.body.toString())).toEqual(event);
    });

    test.each(HTTP_CASES.answers)('$name', async ({ value, meta, body, reason }) => {
      const worker = await start();
      const reply = await worker.invoke(
        { ...REQUEST, headers: { 'content-type': 'application/json' } },
        JSON.stringify(value),
      );
      if (reason !== undefined) expect(reply).toMatchObject({ kind: 'error', fault: { reason } });
      else expect(reply).toEqual({ kind: 'result', meta, body: Buffer.from(body ?? '', 'base64') });
    });

    test.each([
      ['text/html', true],
      ['TEXT/css', true],
      ['application/JSON; charset=utf-8', true],
      ['application/json5', false],
      ['application/xml', true],
      ['application/xml-dtd', true],
      ['application/ld+json', true],
      ['application/graphql', true],
      ['application/javascript', true],
      ['application/octet-stream', false],
      ['image/svg+xml', true],
      ['image/svg+xmlish', false],
      ['a/b; c=d+json', false],
      ['+json', false],
      ['multipart/form-data; boundary=x', false],
    ])('of type %s the body is a text: %s', async (type, isText) => {
      const worker = await start();
      const reply = await worker.invoke({ ...REQUEST, path: '/', headers: { 'content-type': type } }, 'abc');
      if (reply.kind === 'error') throw new Error(reply.fault.message);
      const expected = isText ? { body: 'abc', isBase64Encoded: false } : { body: 'YWJj', isBase64Encoded: true };
      expect(JSON.parse(reply.body.toString())).toMatchObject(expected);
    });

    test('queries are read as URLSearchParams reads them', async () => {
      const worker = await start();
      await fc.assert(
        fc.asyncProperty(
          fc.string({
            unit: fc.constantFrom('a', 'b', '=', '&', '+', '%', '4', '1', 'C3', '%C3%A9', '%ff', '?', '%zz'),
          }),
          async (query) => {
            const reply = await worker.invoke({ ...REQUEST, path: '/', query }, '');
            if (reply.kind === 'error') throw new Error(reply.fault.message);
            const { queryStringParameters: read } = JSON.parse(reply.body.toString()) as Record<string, unknown>;
            const values = new Map<string, string>();
            for (const [name, value] of new URLSearchParams(query)) {
              const before = values.get(name);
              values.set(name, before === undefined ? value : `${before},${value}`);
            }
            expect(read ?? {}).toEqual(Object.fromEntries(values));
          },
        ),
      );
    });

    test('times are those of Date', async () => {
      const worker = await start();
      await fc.assert(
        fc.asyncProperty(
          fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true }),
          async (date) => {
            const reply = await worker.invoke({ ...REQUEST, path: '/', time: date.getTime() }, '');
            if (reply.kind === 'error') throw new Error(reply.fault.message);
            const event = JSON.parse(reply.body.toString()) as { requestContext: { time: string } };
            expect(event.requestContext.time).toBe(date.toISOString());
          },
        ),
      );
    });

    test('headers that no frame can hold are a bad response', async () => {
      const worker = await start();
      const value = { statusCode: 200, headers: { a: 'x'.repeat(70_000) } };
      expect(await faultOf(worker.invoke(REQUEST, JSON.stringify(value)))).toMatchObject({
        errorType: 'Function.InvalidResponse',
        reason: 'bad_response',
        message: expect.stringContaining('65535 are allowed'),
      });
    });
  });
});
