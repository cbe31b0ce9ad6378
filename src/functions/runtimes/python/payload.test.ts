import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ECHO, PYTHON, createPythonRig, faultOf } from '../../../../test/functions/python.ts';
import type { WireWorker } from '../../../../test/functions/wire.ts';

const { serve, clear } = createPythonRig();
afterEach(clear);

const MIB_6 = 6 * 1024 * 1024;

describe.skipIf(PYTHON === null)('a Python worker as JSON', () => {
  /** For the many cases that need no worker of their own, and show that those before did no harm. */
  const shared = createPythonRig();
  let echo: WireWorker;
  beforeAll(async () => {
    echo = await shared.serve(ECHO);
  });
  afterAll(shared.clear);

  test('any value comes back as it was sent', async () => {
    const anyUnit = fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit));
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ stringUnit: anyUnit }), async (value) => {
        const sent = JSON.stringify(value);
        const reply = await echo.invoke({}, sent);
        expect(reply.kind).toBe('result');
        if (reply.kind === 'result') expect(JSON.stringify(JSON.parse(String(reply.body)))).toBe(sent);
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ['text is UTF-8', '"Привет 🎉 \u2028"', '"Привет 🎉 \u2028"'],
    ['a lone surrogate stays escaped', String.raw`["\ud800", "\uDFFF\ud800"]`, String.raw`["\ud800","\udfff\ud800"]`],
    ['a pair of escapes is one character', String.raw`"\ud83c\udf89"`, '"🎉"'],
    [
      'whole numbers have any size',
      `[${2n ** 63n + 1n}, -123456789012345678901234567890]`,
      '[9223372036854775809,-123456789012345678901234567890]',
    ],
    ['space around the value is none of it', ' \r\n\t[1, 2.50, -0.0] \n', '[1,2.5,-0.0]'],
    [
      'what only looks large is not',
      String.raw`["1e400", 1e-400, 1e308, "\"1e999"]`,
      String.raw`["1e400",0.0,1e+308,"\"1e999"]`,
    ],
    ['309 digits may fit a double', `[1${'0'.repeat(308)}]`, `[1${'0'.repeat(308)}]`],
  ])('%s', async (_, sent, received) => {
    const reply = await echo.invoke({}, sent);
    expect(reply).toEqual({ kind: 'result', meta: {}, body: Buffer.from(received) });
  });

  test.each([
    ['no JSON', '{"a":', 'is not JSON'],
    ['nothing but space', '  ', 'is not JSON'],
    ['two values', '1 2', 'is not JSON'],
    ['NaN', '[NaN]', 'is not JSON'],
    ['infinity', '-Infinity', 'is not JSON'],
    ['a control character in a text', '"\u0001"', 'is not JSON'],
    ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'is not UTF-8'],
    ['1e400', '{"price": 1e400}', 'no double can hold'],
    ['-1.5E+309', '[-1.5E+309]', 'no double can hold'],
    ['a whole number of 310 digits', `[${'9'.repeat(310)}]`, 'no double can hold'],
    ['1,001 levels', '['.repeat(1001) + ']'.repeat(1001), 'deeper than 1000 levels'],
    ['1,001 levels of objects', '{"a":'.repeat(1001) + '1' + '}'.repeat(1001), 'deeper than 1000 levels'],
    ['100,000 levels that never end', '['.repeat(100_000), 'deeper than 1000 levels'],
  ])('refuses %s as an event, and goes on', async (_, body, message) => {
    const reply = await echo.invoke({}, body);
    expect(reply).toMatchObject({
      kind: 'error',
      fault: {
        reason: 'invalid_event',
        errorType: 'Runtime.InvalidEvent',
        message: expect.stringContaining(message),
        trace: [],
      },
    });
    expect(await echo.call([1])).toEqual([1]);
  });

  test('1,000 levels go in and out, and brackets in texts are no levels', async () => {
    const inner = String.raw`["[[{{\\", "\"[", "\\\"{"]`;
    for (const text of ['['.repeat(999) + inner + ']'.repeat(999), '{"a":'.repeat(999) + inner + '}'.repeat(999)]) {
      const reply = await echo.invoke({}, text);
      expect(reply.kind === 'result' && String(reply.body)).toBe(text.replaceAll(', ', ','));
    }
    const flat = JSON.stringify(Array.from({ length: 2000 }, () => [{}, '[[', String.raw`\"{`]));
    expect(await echo.invoke({}, flat)).toMatchObject({ kind: 'result', body: Buffer.from(flat) });
  });

  test.each([
    ['NaN', 'float("nan")', 'Out of range'],
    ['infinity', '[-1e999]', 'Out of range'],
    ['an object', '{"a": object()}', 'Object of type object is not JSON serializable'],
    ['bytes', 'b"a"', 'Object of type bytes is not JSON serializable'],
    ['a key that is no text', '{(1, 2): 3}', 'keys must be'],
    ['itself', 'LOOP', 'contains itself'],
    ['100,000 levels', 'DEEP', 'nested too deeply'],
  ])('refuses %s as a result, and goes on', async (_, expression, message) => {
    const worker = await serve(`
LOOP = []
LOOP.append(LOOP)
DEEP = []
for _ in range(100000): DEEP = [DEEP]
def handler(event, context):
    return ${expression} if event else 'on'
`);
    expect(await faultOf(worker, '1')).toMatchObject({
      reason: 'unserialisable',
      errorType: 'Runtime.MarshalError',
      message: expect.stringContaining(message),
    });
    expect(await worker.call(0)).toBe('on');
  });

  test('events and results have up to 6 MiB', async () => {
    const worker = await serve(
      'def handler(event, context):\n    return event if type(event) is str else "x" * event\n',
    );
    const largest = JSON.stringify('y'.repeat(MIB_6 - 2));
    const reply = await worker.invoke({}, largest);
    expect(reply.kind === 'result' && reply.body.equals(Buffer.from(largest))).toBe(true);
    expect(await worker.call(MIB_6 - 2)).toHaveLength(MIB_6 - 2);
    expect(await faultOf(worker, String(MIB_6 - 1))).toMatchObject({
      reason: 'response_too_large',
      errorType: 'Function.ResponseSizeTooLarge',
    });
    expect(await worker.call('on')).toBe('on');
  });
});
