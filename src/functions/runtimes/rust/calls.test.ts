import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MANY } from '../../../../test/functions/rust-program.ts';
import { describeWithRust, faultOf, textOf, useRustWorkers } from '../../../../test/functions/rust-workers.ts';
import type { WireWorker } from '../../../../test/functions/wire.ts';

const NUMBERS = [
  // Right between two numbers of as many digits.
  -5_055_843_889_454_937 / 4,
  2 ** -25,
  2 ** -24,
  0,
  1,
  -1,
  3,
  0.1,
  1.5,
  -2.25,
  1e20,
  1e21,
  1.5e21,
  -1e21,
  1e-6,
  1e-7,
  1.25e-9,
  123456.789,
  5e-324,
  1.7976931348623157e308,
  Number.MAX_SAFE_INTEGER,
  2 ** 53,
  2 ** 60,
  1e15,
  1e16,
  123456789012345680000,
];

/** What the process has worked so far, however long it had to wait for its turn. */
function processorSeconds(worker: WireWorker): number {
  const { stdout } = spawnSync('ps', ['-o', 'time=', '-p', String(worker.child.pid)], { encoding: 'utf8' });
  expect(stdout.trim()).toMatch(/^[\d:.]+$/);
  return stdout.split(':').reduce((seconds, part) => seconds * 60 + Number(part), 0);
}

describeWithRust(() => {
  const { start } = useRustWorkers({ compile: (workshop) => workshop.program(MANY) });

  describe('the context', () => {
    test('has what AWS Lambda has', async () => {
      const worker = await start({ memory: 256, functionVersion: '12' });
      const meta = { requestId: 'r-7', remaining: 1000, arn: 'arn:x', clientContext: { custom: { a: 'é' } } };
      const reply = await worker.invoke({ kind: 'payload', ...meta }, '{"do":"context"}');
      if (reply.kind === 'error') throw new Error(reply.fault.message);
      const context = JSON.parse(reply.body.toString()) as { readonly remaining: number };
      expect(context).toEqual({
        id: 'r-7',
        name: 'shop-api',
        version: '12',
        arn: 'arn:x',
        memory: 256,
        client: { custom: { a: 'é' } },
        remaining: expect.any(Number),
      });
      expect(context.remaining).toBeLessThanOrEqual(1000);
      expect(context.remaining).toBeGreaterThan(0);
    });
  });

  describe('faults', () => {
    test('an error has the name of its type and its text', async () => {
      const worker = await start();
      expect(await faultOf(worker.invoke({}, '{"do":"error"}'))).toEqual({
        errorType: 'ValidationError',
        message: 'a has to be a number',
        trace: [],
      });
      expect(await faultOf(worker.invoke({}, '{"do":"parse"}'))).toMatchObject({
        errorType: 'ParseIntError',
        message: 'invalid digit found in string',
      });
      expect(await faultOf(worker.invoke({}, JSON.stringify({ do: 'é'.repeat(9000) })))).toMatchObject({
        message: expect.stringMatching(/^unknown: é{4087}$/),
      });
    });

    test('a panic is an answer with its place, is printed, and the process goes on', async () => {
      const worker = await start();
      expect(await faultOf(worker.invoke({}, '{"do":"panic"}'))).toEqual({
        errorType: 'Panic',
        message: 'out of luck',
        trace: [expect.stringMatching(/^main\.rs:\d+:26$/)],
      });
      await expect.poll(() => worker.output()).toContain('out of luck');
      expect(await worker.call({ do: 'panic in a thread' })).toBe(true);
      expect(await worker.call({ do: 'echo', value: 1 })).toBe(1);
    });

    test.each([
      ['no JSON', '{"a":', 'the event is not JSON: expected a value at byte 5'],
      ['two values', '1 2', 'the event is not JSON: expected the end at byte 2'],
      ['a leading zero', '01', 'the event is not JSON: expected the end at byte 1'],
      ['a trailing comma', '[1,]', 'the event is not JSON: expected a value at byte 3'],
      ['a comment', '{/**/}', 'the event is not JSON: expected a key in quotes at byte 1'],
      ['NaN', 'NaN', 'the event is not JSON: expected a value at byte 0'],
      ['a control character', '"\n"', 'the event is not JSON: expected no control character at byte 1'],
      ['a byte order mark', '\ufeff1', 'the event is not JSON: expected a value at byte 0'],
      ['a wrong escape', '"\\x"', 'the event is not JSON: expected an escape of JSON at byte 1'],
      ['text that is not UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'the event is not UTF-8 at byte 1'],
      ['a number beyond all doubles', '[1e400]', 'the event has a number that no double can hold at byte 1'],
      ['another one', `-${'9'.repeat(400)}`, 'the event has a number that no double can hold at byte 0'],
      ['half of a surrogate pair', '"a\\ud800"', 'the event has half of a surrogate pair at byte 2'],
      ['its other half', '"\\udc00\\ud800"', 'the event has half of a surrogate pair at byte 1'],
      ['1,001 levels', '['.repeat(1001) + ']'.repeat(1001), 'the event is nested deeper than 1000 levels'],
      ['a million levels', '[{"a":'.repeat(500_000), 'the event is nested deeper than 1000 levels'],
    ])('%s is an invalid event', async (_, body, message) => {
      const worker = await start();
      expect(await faultOf(worker.invoke({}, body))).toMatchObject({
        reason: 'invalid_event',
        errorType: 'Runtime.InvalidEvent',
        message: expect.stringContaining(message),
      });
      expect(await worker.call({ do: 'echo', value: 1 })).toBe(1);
    });

    test.each([
      ['NaN', { do: 'nan' }, 'NaN and infinities are no JSON numbers'],
      ['1,001 levels', { do: 'deep', levels: 1001 }, 'it is nested deeper than 1000 levels'],
      ['a million levels', { do: 'deep', levels: 1_000_000 }, 'it is nested deeper than 1000 levels'],
    ])('%s can not be a result', async (_, event, message) => {
      const worker = await start();
      expect(await faultOf(worker.invoke({}, JSON.stringify(event)))).toMatchObject({
        reason: 'unserialisable',
        errorType: 'Runtime.MarshalError',
        message: expect.stringContaining(message),
      });
      expect(await worker.call({ do: 'echo', value: 1 })).toBe(1);
    });

    test('a result has at most 6 MiB', async () => {
      const worker = await start();
      const whole = 6 * 1024 * 1024;
      expect(await textOf(worker, JSON.stringify({ do: 'large', length: whole - 2 }))).toHaveLength(whole);
      expect(await faultOf(worker.invoke({}, JSON.stringify({ do: 'large', length: whole - 1 })))).toEqual({
        errorType: 'Function.ResponseSizeTooLarge',
        message: `the response has ${whole + 1} bytes; ${whole} are allowed`,
        trace: [],
        reason: 'response_too_large',
      });
    });
  });

  describe('JSON', () => {
    test('any value comes back as it was', async () => {
      const worker = await start();
      await fc.assert(
        fc.asyncProperty(fc.jsonValue({ maxDepth: 6 }), async (value) => {
          const sent = JSON.stringify({ do: 'echo', value });
          // Through JSON once before: it has no negative zero.
          expect(JSON.parse(await textOf(worker, sent))).toStrictEqual(JSON.parse(JSON.stringify(value)));
        }),
        { numRuns: 400 },
      );
    });

    test('numbers read as JavaScript writes them', async () => {
      const worker = await start();
      expect(await textOf(worker, JSON.stringify({ do: 'echo', value: NUMBERS }))).toBe(JSON.stringify(NUMBERS));
      await fc.assert(
        fc.asyncProperty(fc.array(fc.double({ noNaN: true, noDefaultInfinity: true })), async (value) => {
          expect(await textOf(worker, JSON.stringify({ do: 'echo', value }))).toBe(JSON.stringify(value));
        }),
        { numRuns: 200 },
      );
    });

    test.each([
      ['{"do":"echo","value":[9223372036854775807,-9223372036854775808,18446744073709551615]}', 'exact to 64 bits'],
      ['{"do":"echo","value":[9007199254740993]}', 'exact beyond 2^53'],
      ['{"do":"echo","value":["\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\\u00e9\\ud83d\\ude00"]}', 'escapes'],
    ])('%s: %s', async (body) => {
      const worker = await start();
      expect(JSON.parse(await textOf(worker, body))).toEqual((JSON.parse(body) as { value: unknown }).value);
      if (!body.includes('\\')) expect(await textOf(worker, body)).toBe(body.slice(21, -1));
    });

    test('floats that are whole numbers, negative zero and what is beyond 64 bits are written as JavaScript does', async () => {
      const worker = await start();
      const body = '{"do":"echo","value":[1.0,-0,-0.0,1e2,1E+2,123456789012345678901234567890,1e-400]}';
      expect(await textOf(worker, body)).toBe('[1,0,0,100,100,1.2345678901234568e+29,0]');
    });

    test('keys keep their order; of a key that comes twice the last value counts', async () => {
      const worker = await start();
      const body = '{"do":"echo","value":{"b":1,"10":2,"a":3,"2":4,"b":{"__proto__":5}}}';
      expect(await textOf(worker, body)).toBe('{"b":{"__proto__":5},"10":2,"a":3,"2":4}');
    });

    test('objects with very many keys are read in a moment', async () => {
      const worker = await start();
      const keys = Array.from({ length: 200_000 }, (_, index) => `"key ${index}":${index}`);
      const answer = await textOf(worker, `{"do":"echo","value":{${keys.join(',')}}}`);
      expect(processorSeconds(worker)).toBeLessThan(5);
      expect(answer).toBe(`{${keys.join(',')}}`);
    });

    test('1,000 levels go through, arrays and objects', async () => {
      const worker = await start();
      const arrays = '['.repeat(1000) + ']'.repeat(1000);
      const objects = '{"a":'.repeat(999) + '{}' + '}'.repeat(999);
      expect(await textOf(worker, arrays)).toBe(arrays);
      expect(await textOf(worker, objects)).toBe(objects);
    });

    test('no event is an empty object', async () => {
      const worker = await start();
      expect(await textOf(worker, '')).toBe('{}');
    });
  });
});
