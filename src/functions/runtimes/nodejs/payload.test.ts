import fc from 'fast-check';
import { expect, test } from 'vitest';
import { faultOf, useNodeWorkers } from '../../../../test/functions/node-worker.ts';
import { parseEvent, stringifyResult } from './payload.ts';

const node = useNodeWorkers();
const ECHO = 'export const handler = async (event) => event;';

test('any JSON value comes back from an echo as it went in', async () => {
  const worker = await node.module(ECHO);
  await fc.assert(
    fc.asyncProperty(fc.jsonValue({ maxDepth: 6 }), async (value) => {
      const text = JSON.stringify(value);
      const reply = await worker.invoke({}, text);
      expect(reply.kind === 'result' && reply.body.toString('utf8')).toBe(JSON.stringify(JSON.parse(text)));
    }),
    { numRuns: 200 },
  );
});

test.each([
  ['unicode', { text: 'Привет, 日本語 🎉 \u0000 \u2028', ключ: 1 }],
  ['lone surrogates', ['\ud800', '\udfff and \ud83d']],
  ['a name that objects have already', JSON.parse('{"__proto__":{"a":1},"constructor":2}')],
  ['numbers at the ends of what a double holds', [1.7976931348623157e308, 5e-324, -0.1, 1e21, 9007199254740991]],
  ['a text that looks like a number too large', { text: '1e400', long: '9'.repeat(400) }],
  ['6 MB less a little', 'x'.repeat(6 * 1024 * 1024 - 2)],
])('%s round-trips', async (_name, value) => {
  const worker = await node.module(ECHO);
  expect(await worker.call(value)).toEqual(value);
});

test('an empty body is an empty event', async () => {
  const worker = await node.module(ECHO);
  const reply = await worker.invoke({}, '');
  expect(reply).toMatchObject({ kind: 'result', meta: {}, body: Buffer.from('{}') });
});

test.each([
  ['no JSON', '{"a":'],
  ['two values', '1 2'],
  ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22])],
  ['a number that no double can hold', '{"a":[1,{"b":-1e400}]}'],
  ['such a number in other words', `[${'9'.repeat(310)}]`],
  ['such a number with a long mantissa', `[1${'0'.repeat(230)}e99]`],
  ['1,001 levels', '['.repeat(1001) + ']'.repeat(1001)],
  ['100,000 levels', '[{"a":'.repeat(50_000) + '1' + '}]'.repeat(50_000)],
])('%s is an invalid event', async (_name, body) => {
  const worker = await node.module(ECHO);
  expect(faultOf(await worker.invoke({}, body))).toMatchObject({
    reason: 'invalid_event',
    errorType: 'Runtime.InvalidEvent',
    message: expect.stringMatching(/^the event /),
    trace: [],
  });
  expect(await worker.call('still here')).toBe('still here');
});

test('1,000 levels round-trip, and brackets in texts are no levels', async () => {
  const worker = await node.module(ECHO);
  const deep = '[{"a":'.repeat(500) + '1' + '}]'.repeat(500);
  for (const text of [deep, JSON.stringify([`"${'['.repeat(5000)}\\`, '{'.repeat(5000)])]) {
    const reply = await worker.invoke({}, text);
    expect(reply.kind === 'result' && reply.body.toString('utf8')).toBe(text);
  }
});

test('the depth that is counted is the depth that there is', () => {
  const nested = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 8 }, fc.string(), fc.array(tie('value')), fc.dictionary(fc.string(), tie('value'))),
  })).value;
  fc.assert(
    fc.property(nested, (value) => {
      const padded = JSON.stringify([value, 'x'.repeat(2500)]);
      const around = 999 - depthOf(value);
      const text = '['.repeat(around) + padded + ']'.repeat(around);
      expect(() => parseEvent(Buffer.from(text))).not.toThrow();
      expect(() => parseEvent(Buffer.from(`[${text}]`))).toThrow('nested deeper than 1000 levels');
    }),
    { numRuns: 50 },
  );
});

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

test('what has no JSON is null, and numbers that JSON has not are too', () => {
  expect([undefined, () => 1, Symbol('a'), Number.NaN].map(stringifyResult)).toEqual(['null', 'null', 'null', 'null']);
  expect(stringifyResult({ a: undefined, b: Infinity })).toBe('{"b":null}');
});

test.each([
  ['a BigInt', '({ a: 1n })'],
  ['a circle', '(() => { const a = {}; a.a = a; return a; })()'],
  ['100,000 levels', '(() => { let a = 1; for (let n = 0; n < 100_000; n += 1) a = [a]; return a; })()'],
  ['a toJSON that throws', '({ toJSON() { throw new Error("no"); } })'],
])('%s in a result is unserialisable', async (_name, expression) => {
  const worker = await node.module(`export const handler = async () => ${expression};`);
  expect(faultOf(await worker.invoke({}))).toMatchObject({
    reason: 'unserialisable',
    errorType: 'Runtime.MarshalError',
    message: expect.stringMatching(/^the result can't be written as JSON: .+/),
  });
});

test('a result over 6 MiB is too large, counted in bytes', async () => {
  const worker = await node.module(`export const handler = async ({ text, times }) => text.repeat(times);`);
  for (const event of [
    { text: 'x', times: 6 * 1024 * 1024 - 1 },
    { text: '語', times: 2 * 1024 * 1024 },
    { text: 'x', times: 60 * 1024 * 1024 },
  ]) {
    const fault = faultOf(await worker.invoke({}, JSON.stringify(event)));
    expect(fault).toMatchObject({ reason: 'response_too_large', errorType: 'Function.ResponseSizeTooLarge' });
  }
  expect(await worker.call({ text: 'x', times: 6 * 1024 * 1024 - 2 })).toHaveLength(6 * 1024 * 1024 - 2);
});
