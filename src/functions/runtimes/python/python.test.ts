import { accessSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { type Server, createServer } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { WireWorker } from '../../../../test/functions/wire.ts';
import { FRAME, encodeFrame } from '../frames.ts';
import type { HttpMeta, ResultMeta } from '../messages.ts';
import { PYTHON, WORKER_ARGV, createPythonRig, faultOf } from '../../../../test/functions/python.ts';

const rig = createPythonRig();
const { serve, start, write } = rig;
afterEach(rig.clear);

const ECHO = 'def handler(event, context):\n    return event\n';
const SWALLOWING = `
def handler(event, context):
    print('in')
    while True:
        try:
            while True: pass
        except BaseException: pass
`;
const MIB_6 = 6 * 1024 * 1024;

const HTTP: HttpMeta = {
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

interface HttpCases {
  readonly load: { readonly functionName: string };
  readonly events: readonly { name: string; meta: HttpMeta; body: string; event: unknown }[];
  readonly answers: readonly { name: string; value: unknown; meta?: ResultMeta; body?: string; reason?: string }[];
}
const cases = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../../test/fixtures/http-events.json'), 'utf8'),
) as HttpCases;

test('python3 is there wherever functions in Python have to be tested', ({ skip }) => {
  if (process.env['CI'] !== 'true' && PYTHON === null) skip('python3 is missing: install the Debian package python3');
  expect(PYTHON, 'python3 is missing').not.toBeNull();
});

describe.skipIf(PYTHON === null)('a Python worker', () => {
  /** For the many cases that need no worker of their own, and show that those before did no harm. */
  const shared = createPythonRig();
  let echo: WireWorker;
  let parseBody: WireWorker;
  beforeAll(async () => {
    echo = await shared.serve(ECHO, { functionName: cases.load.functionName });
    parseBody = await shared.serve('import json\ndef handler(event, context):\n    return json.loads(event["body"])\n');
  });
  afterAll(shared.clear);

  describe('as a process', () => {
    test('tells its runtime and its version, and answers PING before and after LOAD', async () => {
      const worker = start();
      const ready = await worker.next(FRAME.READY, 0);
      expect(ready.meta).toEqual({ runtime: 'python', version: expect.stringMatching(/^3\.\d+\.\d+$/) });
      worker.send(FRAME.PING, 7, null);
      await worker.next(FRAME.PONG, 7);
      await worker.load({ directory: await write({ 'index.py': ECHO }) });
      worker.send(FRAME.PING, 8, null);
      await worker.next(FRAME.PONG, 8);
    });

    test('works on calls that arrive together one after the other', async () => {
      const worker = await serve('import time\ndef handler(event, context):\n    return [event, time.monotonic()]\n');
      const frames = [101, 102, 103].map((sequence) => {
        const meta = { kind: 'payload', requestId: 'r', remaining: 3000, arn: 'a' };
        return Buffer.concat([encodeFrame(FRAME.INVOKE, sequence, meta, 3), Buffer.from(String(sequence))]);
      });
      worker.write(Buffer.concat(frames));
      await worker.next(FRAME.RESULT, 103);
      const results = worker.frames.filter((frame) => frame.type === FRAME.RESULT);
      expect(results.map((frame) => frame.sequence)).toEqual([101, 102, 103]);
      expect(results.map((frame) => (JSON.parse(String(frame.body)) as number[])[0])).toEqual([101, 102, 103]);
    });

    test('understands frames that arrive byte by byte', async () => {
      const worker = await serve(ECHO);
      const meta = { kind: 'payload', requestId: 'r', remaining: 3000, arn: 'a' };
      const frame = Buffer.concat([encodeFrame(FRAME.INVOKE, 9, meta, 4), Buffer.from('"hi"')]);
      for (const byte of frame) {
        worker.write(Buffer.from([byte]));
        await new Promise(setImmediate);
      }
      expect(String((await worker.next(FRAME.RESULT, 9)).body)).toBe('"hi"');
    });

    test('finishes the open call and those behind it before DRAIN ends it with 0', async () => {
      const worker = await serve('import time\ndef handler(event, context):\n    time.sleep(0.1)\n    return event\n');
      const calls = [worker.call(1), worker.call(2)];
      worker.send(FRAME.DRAIN, 0, null);
      expect(await Promise.all(calls)).toEqual([1, 2]);
      expect(await worker.exited).toEqual({ code: 0, signal: null });
    });

    test.each([
      ['is idle', 'def handler(event, context): pass', false],
      ['runs a loop without end', 'def handler(event, context):\n    print("in")\n    while True: pass', true],
      ['waits', 'import time\ndef handler(event, context):\n    print("in")\n    time.sleep(60)', true],
      ['swallows every exception', SWALLOWING, true],
    ])('ends within 2 s when the wire closes while it %s', async (_, source, calling) => {
      const worker = await serve(source);
      if (calling) {
        worker.invoke({}).catch(() => {});
        await vi.waitFor(() => expect(worker.output()).toContain('in'), 10_000);
      }
      const before = Date.now();
      (worker.child.stdio[3] as Duplex).end();
      expect(await worker.exited).toEqual({ code: 0, signal: null });
      expect(Date.now() - before).toBeLessThan(2000);
    });

    test.each([
      ['another protocol', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
      ['a length that is too long, and nothing more', Buffer.from([255, 255, 255, 255])],
      ['a length that is too short', Buffer.from([0, 0, 0, 6])],
      ['an unknown type', Buffer.from([0, 0, 0, 7, 99, 0, 0, 0, 1, 0, 0])],
      ['meta that is longer than its frame', Buffer.from([0, 0, 0, 7, 3, 0, 0, 0, 1, 0, 9])],
      ['a frame that only workers send', encodeFrame(FRAME.RESULT, 1, {}, 0)],
      ['a call before LOAD', encodeFrame(FRAME.INVOKE, 1, {}, 0)],
      ['a LOAD that is no JSON', Buffer.concat([encodeFrame(FRAME.LOAD, 1, null, 1), Buffer.from('{')])],
    ])('exits with 1 and tells why after %s', async (_, bytes) => {
      const worker = start();
      await worker.next(FRAME.READY, 0);
      worker.write(bytes);
      expect(await worker.exited).toEqual({ code: 1, signal: null });
      expect(worker.output()).toMatch(/^funade: what came on fd 3 is not from a host: .+\n$/);
    });

    test('exits with 1 after a call whose meta is no object, and after a second LOAD', async () => {
      const [one, two] = [await serve(ECHO), await serve(ECHO)];
      one.send(FRAME.INVOKE, 5, null);
      two.send(FRAME.LOAD, 5, null, Buffer.from('{}'));
      expect([(await one.exited).code, (await two.exited).code]).toEqual([1, 1]);
    });

    test('started without a wire says what it is', async () => {
      const worker = start(['/bin/sh', '-c', `exec 3>&-; exec ${WORKER_ARGV.join(' ')}`]);
      expect((await worker.exited).code).toBe(1);
      expect(worker.output()).toContain('fd 3 is not the wire to a host');
    });
  });

  describe('at its end', () => {
    test.each([
      ['sys.exit(3)', 3, ''],
      ['sys.exit()', 0, ''],
      ['sys.exit("no way on")', 1, 'no way on\n'],
      ['exit(4)', 4, ''],
      ['raise KeyboardInterrupt', 130, ''],
      ['os._exit(5)', 5, ''],
    ])('%s in a handler ends the process with code %i', async (statement, code, output) => {
      const worker = await serve(`import os, sys\ndef handler(event, context):\n    ${statement}\n`);
      const reply = worker.invoke({});
      await expect(reply).rejects.toThrow('the worker ended');
      expect(await worker.exited).toEqual({ code, signal: null });
      expect(worker.output()).toBe(output);
    });

    test('an exit while the code is loaded, in a coroutine or in a stream ends the process too', async () => {
      const worker = start();
      const load = worker.load({ directory: await write({ 'index.py': 'import sys\nsys.exit(6)\n' }) });
      await expect(load).rejects.toThrow('the worker ended');
      const coroutine = await serve('import sys\nasync def handler(event, context):\n    sys.exit(7)\n');
      await expect(coroutine.invoke({})).rejects.toThrow('the worker ended');
      const stream = await serve('import sys\ndef handler(event, context):\n    yield "a"\n    sys.exit(8)\n');
      await expect(stream.invoke({})).rejects.toThrow('the worker ended');
      expect([await worker.exited, await coroutine.exited, await stream.exited].map(({ code }) => code)).toEqual([
        6, 7, 8,
      ]);
    });

    test('what was printed last and what was registered with atexit still happens, and no thread holds it up', async () => {
      const worker = await serve(`
import atexit, sys, threading, time
atexit.register(print, 'bye')
threading.Thread(target=time.sleep, args=(600,)).start()
def handler(event, context):
    print('half a line', end='')
    sys.exit(3)
`);
      await expect(worker.invoke({})).rejects.toThrow('the worker ended');
      expect((await worker.exited).code).toBe(3);
      expect(worker.output()).toBe('half a linebye\n');
    });

    test('an exception of a thread is logged and ends nothing', async () => {
      const worker = await serve(`
import threading
def handler(event, context):
    def fail():
        raise OSError('in the background')
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    return 'on'
`);
      expect(await worker.call({})).toBe('on');
      expect(await worker.call({})).toBe('on');
      await vi.waitFor(() => expect(worker.output().match(/OSError: in the background/g)).toHaveLength(2));
    });
  });

  describe('loading a module', () => {
    test('finds modules beside the handler, packages below it and handlers in packages', async () => {
      const directory = await write({
        'index.py':
          'import helper, vendored.part\ndef handler(event, context):\n    return [helper.A, vendored.part.B]\n',
        'helper.py': 'A = 1\n',
        'vendored/__init__.py': '',
        'vendored/part.py': 'B = 2\ndef run(event, context):\n    return "run"\n',
      });
      const handlers = ['index.handler', 'vendored/part.run', 'vendored.part.run'];
      const results = handlers.map(async (handler) => {
        const worker = start();
        expect(await worker.load({ directory, handler })).toEqual({ kind: 'ready' });
        return worker.call({});
      });
      expect(await Promise.all(results)).toEqual([[1, 2], 'run', 'run']);
    });

    test('takes names that files of the runtime have too', async () => {
      const files = Object.fromEntries(
        ['context', 'wire', 'faults', 'payload', 'worker', 'process'].map((name) => [
          `${name}.py`,
          `NAME = "${name}"\n`,
        ]),
      );
      const names = Object.keys(files).map((file) => file.replace('.py', ''));
      const directory = await write({
        ...files,
        'handler.py': `import ${names.join(', ')}\ndef handler(*_):\n    return [${names.map((name) => `${name}.NAME`).join(', ')}]\n`,
      });
      const worker = start();
      await worker.load({ directory, handler: 'handler.handler' });
      expect(await worker.call({})).toEqual(names);
    });

    const RUN = { handler: 'index.run' };
    test.each([
      [
        'a module that is not there',
        {},
        {},
        "Runtime.ImportModuleError: Unable to import module 'index': No module named",
      ],
      ['a name without a module', {}, { handler: 'run' }, "Runtime.MalformedHandlerName: Bad handler 'run'"],
      ['a name that no module has', {}, { handler: '../a.b' }, 'Runtime.ImportModuleError: Unable to import module'],
      ['a function that is not there', { 'index.py': '' }, RUN, "Runtime.HandlerNotFound: Handler 'run' missing"],
      ['a handler that is no function', { 'index.py': 'run = 1' }, RUN, "Runtime.HandlerNotFound: Handler 'run' of"],
    ])('tells of %s', async (_, files, order, told) => {
      const answer = await start().load({ directory: await write(files), ...order });
      expect(answer.kind === 'error' && `${answer.fault.errorType}: ${answer.fault.message}`).toContain(told);
    });

    test('tells of a dependency that is not there, and where it is imported', async () => {
      const directory = await write({ 'index.py': 'import helper\n', 'helper.py': '\nimport nowhere_to_be_found\n' });
      const answer = await start().load({ directory });
      expect(answer).toEqual({
        kind: 'error',
        fault: {
          errorType: 'Runtime.ImportModuleError',
          message: "Unable to import module 'index': No module named 'nowhere_to_be_found'",
          trace: ['File "helper.py", line 2, in <module>', 'File "index.py", line 1, in <module>'],
        },
      });
    });

    test.each([
      ['index.py', 'def handler(event, context):\n    return (1 +\n', { line: 2, column: 12 }],
      ['helper.py', '\n\nx = = 1\n', { line: 3, column: 5 }],
    ])('tells the place of a syntax error in %s', async (file, source, place) => {
      const directory = await write({ 'index.py': 'import helper\n', [file]: source });
      const answer = await start().load({ directory });
      expect(answer).toMatchObject({
        kind: 'error',
        fault: { errorType: 'Runtime.UserCodeSyntaxError', place, trace: [] },
      });
      expect(answer).toHaveProperty('fault.message', expect.stringContaining(`(${file}, line ${place.line})`));
    });

    test('tells what the code threw while it was imported, with its own name and trace', async () => {
      const directory = await write({
        'index.py': 'def connect():\n    raise TimeoutError("no database")\nconnect()\n',
      });
      expect(await start().load({ directory })).toEqual({
        kind: 'error',
        fault: {
          errorType: 'TimeoutError',
          message: 'no database',
          trace: ['File "index.py", line 2, in connect', 'File "index.py", line 3, in <module>'],
        },
      });
    });

    test('happens in the directory of the code and after its variables were set', async () => {
      const worker = await serve(
        `
import os, sys, time
SEEN = [os.environ['GREETING'], os.getcwd() == sys.path[0] == os.path.dirname(__file__), sys.argv, time.tzname[0], open('index.py').read(6)]
def handler(event, context):
    return SEEN
`,
        { variables: { GREETING: 'grüß dich', TZ: 'XYZ-3' } },
      );
      expect(await worker.call({})).toEqual(['grüß dich', true, ['index.handler'], 'XYZ', '\nimpor']);
    });

    test('finds no packages of the machine', async () => {
      const worker = await serve('import sys\ndef handler(event, context):\n    return sys.path[1:]\n');
      expect(await worker.call({})).not.toContainEqual(expect.stringContaining('-packages'));
    });
  });

  describe('calling', () => {
    test('gives the context of AWS Lambda', async () => {
      const worker = await serve(`
def handler(event, context):
    client = context.client_context
    return {
        'names': {name: getattr(context, name) for name in dir(context) if name[0] != '_' and isinstance(getattr(context, name), (str, type(None)))},
        'client': client and [client.custom, client.env, client.client.app_title, client.client.installation_id],
        'remaining': context.get_remaining_time_in_millis(),
    }
`);
      const clientContext = { custom: { a: 1 }, env: { b: '2' }, client: { app_title: 'shop' } };
      const reply = await worker.invoke({ kind: 'payload', clientContext }, '{}');
      const seen = JSON.parse(reply.kind === 'result' ? String(reply.body) : 'null') as Record<string, unknown>;
      expect(seen).toMatchObject({
        names: {
          aws_request_id: 'request-1',
          function_name: 'shop-api',
          function_version: '1',
          invoked_function_arn: HTTP.arn,
          memory_limit_in_mb: '128',
          log_group_name: '/funade/shop-api',
          log_stream_name: '1',
          identity: null,
        },
        client: [{ a: 1 }, { b: '2' }, 'shop', null],
      });
      expect(seen['remaining']).toBeGreaterThan(0);
      expect(seen['remaining']).toBeLessThanOrEqual(3000);
      expect(await worker.call({})).toMatchObject({ names: { client_context: null }, client: null });
    });

    test('answers without meta, and takes an empty body as {}', async () => {
      const worker = await serve(ECHO);
      expect(await worker.invoke({}, '')).toEqual({ kind: 'result', meta: {}, body: Buffer.from('{}') });
    });

    test('tells what a handler threw: its class, its text and the frames of the own code, the innermost first', async () => {
      const worker = await serve(`
import json
class OutOfStock(Exception): pass
def check(item):
    raise OutOfStock(f'no {item} left')
def handler(event, context):
    if event == 'json': json.loads('{')
    if event == 'text': raise Unprintable()
    if event == 'deep': return handler(event, context)
    check(event)
class Unprintable(Exception):
    def __str__(self): raise ValueError
`);
      expect(await faultOf(worker, '"tea"')).toEqual({
        errorType: 'OutOfStock',
        message: 'no tea left',
        trace: ['File "index.py", line 5, in check', 'File "index.py", line 10, in handler'],
      });
      expect((await faultOf(worker, '"json"')).trace).toEqual(['File "index.py", line 7, in handler']);
      expect((await faultOf(worker, '"text"')).message).toContain('Unprintable');
      expect(await faultOf(worker, '"deep"')).toMatchObject({
        errorType: 'RecursionError',
        trace: Array<string>(12).fill('File "index.py", line 9, in handler'),
      });
      expect((await faultOf(worker, JSON.stringify('\0'.repeat(9000)))).message).toHaveLength(4096);
    });

    test('runs coroutines and awaitables on one loop that lives as long as the process', async () => {
      const worker = await serve(`
import asyncio
LOOPS = set()
async def work(event):
    LOOPS.add(asyncio.get_running_loop())
    await asyncio.sleep(0)
    if event == 'fail': raise LookupError('async')
    return [event, len(LOOPS)]
def handler(event, context):
    return work(event)
async def direct(event, context):
    return await asyncio.gather(work(event), work(event))
`);
      expect([await worker.call(1), await worker.call(2)]).toEqual([[1, 1], [2, 1]]); // prettier-ignore
      expect(await faultOf(worker, '"fail"')).toMatchObject({
        errorType: 'LookupError',
        trace: ['File "index.py", line 7, in work'],
      });
      const source = 'import asyncio\nasync def handler(event, context):\n    return await asyncio.sleep(0, event)\n';
      expect(await (await serve(source)).call('direct')).toBe('direct');
    });

    test('keeps a forked child from the wire', async () => {
      const worker = await serve(`
import os, subprocess
def has_wire():
    try:
        return os.fstat(3) is not None
    except OSError:
        return False
def handler(event, context):
    if event == 'exec':
        return subprocess.run(['test', '-e', '/proc/self/fd/3'], close_fds=False).returncode
    if event == 'return':
        child = os.fork()
        if child: os.waitpid(child, 0)
        return 'the parent' if child else 'the child'
    read, write = os.pipe()
    if os.fork() == 0:
        os.write(write, b'yes' if has_wire() else b'no')
        os._exit(0)
    os.wait()
    return os.read(read, 10).decode()
`);
      expect(await worker.call('fork')).toBe('no');
      expect(await worker.call('exec')).toBe(1);
      expect(await worker.call('return')).toBe('the parent');
      expect(await worker.call('fork')).toBe('no');
    });

    test('works with multiprocessing, however that starts its children', async () => {
      const directory = await write({
        'work.py': 'def double(number):\n    return 2 * number\n',
        'index.py': `
import multiprocessing
from work import double
def handler(event, context):
    with multiprocessing.get_context(event).Pool(1) as pool:
        return pool.map(double, [1, 2])
`,
      });
      const worker = start();
      await worker.load({ directory });
      expect([await worker.call('fork'), await worker.call('spawn')]).toEqual([[2, 4], [2, 4]]); // prettier-ignore
    });
  });

  describe('as JSON', () => {
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

  describe('as HTTP', () => {
    test.each(cases.events)('makes the event of $name', async ({ meta, body, event }) => {
      const reply = await echo.invoke(meta, Buffer.from(body, 'base64'));
      expect(reply.kind === 'result' && JSON.parse(String(reply.body))).toEqual(event);
    });

    test.each(cases.answers)('makes the answer of $name', async ({ value, meta, body, reason }) => {
      const reply = await parseBody.invoke(HTTP, JSON.stringify(value));
      if (reason === undefined)
        expect(reply).toEqual({ kind: 'result', meta, body: Buffer.from(body ?? '', 'base64') });
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

  describe('streaming', () => {
    test('sends what a generator yields, in pieces of up to 64 KiB', async () => {
      const worker = await serve(`
def handler(event, context):
    yield 'é' * 50000
    yield ''
    yield b'\\x00\\xff'
    yield bytearray(70000)
`);
      const reply = await worker.invoke({});
      expect(reply).toMatchObject({ kind: 'result', meta: { stream: true } });
      const chunks = worker.frames.filter((frame) => frame.type === FRAME.CHUNK).map((frame) => frame.body);
      expect(chunks.map((chunk) => chunk.length)).toEqual([65_536, 34_464, 2, 65_536, 4464]);
      const sent = Buffer.concat([Buffer.from('é'.repeat(50_000)), Buffer.from([0, 255]), Buffer.alloc(70_000)]);
      expect(Buffer.concat(chunks).equals(sent)).toBe(true);
      expect(worker.frames.at(-1)).toMatchObject({ type: FRAME.END, meta: {} });
    });

    test('sends each piece when it is there', async () => {
      const source = `
import os
def handler(event, context):
    yield 'first'
    while not os.path.exists('go'): pass
    yield 'second'
`;
      const directory = await write({ 'index.py': source });
      const worker = start();
      await worker.load({ directory });
      const reply = worker.invoke({});
      await vi.waitFor(() => expect(worker.frames.some((frame) => frame.type === FRAME.CHUNK)).toBe(true), 10_000);
      await writeFile(join(directory, 'go'), '');
      expect(await reply).toMatchObject({ kind: 'result', body: Buffer.from('firstsecond') });
    });

    test.each([
      [
        'what the handler threw',
        'raise OSError("cut")',
        { errorType: 'OSError', message: 'cut', trace: ['File "index.py", line 3, in handler'] },
      ],
      ['a piece that is none', 'yield 1', { errorType: 'Runtime.MarshalError', reason: 'unserialisable' }],
    ])('ends a stream that breaks with %s', async (_, statement, fault) => {
      const worker = await serve(`def handler(event, context):\n    yield "a"\n    ${statement}\n`);
      expect(await worker.invoke({})).toMatchObject({ kind: 'error', fault });
      expect(worker.frames.slice(-3).map((frame) => frame.type)).toEqual([FRAME.RESULT, FRAME.CHUNK, FRAME.END]);
    });

    test('answers with an error what fails before its first piece', async () => {
      const worker = await serve('def handler(event, context):\n    raise OSError("closed")\n    yield ""\n');
      expect(await faultOf(worker)).toMatchObject({ errorType: 'OSError', message: 'closed' });
      expect(worker.frames.at(-1)).toMatchObject({ type: FRAME.ERROR });
    });

    test.each([
      [
        'a generator',
        'pieces()',
        { status: 200, headers: { 'content-type': 'text/plain' }, cookies: [], stream: true },
      ],
      [
        'an asynchronous generator',
        'later()',
        { status: 200, headers: { 'content-type': 'text/plain' }, cookies: [], stream: true },
      ],
      [
        'an answer whose body is one',
        '{"statusCode": 202, "headers": {"Content-Type": "text/html"}, "cookies": ["a=1"], "body": pieces()}',
        { status: 202, headers: { 'content-type': 'text/html' }, cookies: ['a=1'], stream: true },
      ],
    ])('answers HTTP with %s', async (_, answer, meta) => {
      const worker = await serve(`
import asyncio
def pieces():
    yield 'one,'
    yield b'two'
async def later():
    yield 'one,'
    await asyncio.sleep(0)
    yield b'two'
def handler(event, context):
    return ${answer}
`);
      expect(await worker.invoke(HTTP)).toEqual({ kind: 'result', meta, body: Buffer.from('one,two') });
    });
  });

  describe('printing', () => {
    test('sends each line when it is written', async () => {
      const worker = await serve('def handler(event, context):\n    print("so far")\n    while True: pass\n');
      worker.invoke({}).catch(() => {});
      await vi.waitFor(() => expect(worker.output()).toBe('so far\n'), 10_000);
    });

    test.each([
      ['a result', 'return 1'],
      ['an error', 'raise OSError'],
      ['the end of a stream', 'yield "a"'],
    ])('comes before %s, with or without the end of a line', async (_, statement) => {
      const worker = await serve(`
import sys
def handler(event, context):
    print('out', end='')
    print('err', end='', file=sys.stderr)
    ${statement}
`);
      await worker.invoke({});
      worker.kill(); // what it has not written by now is lost
      await worker.exited;
      expect(worker.output()).toContain('out');
      expect(worker.output()).toContain('err');
    });

    test('waits for a slow reader and loses nothing', async () => {
      const source = `
def handler(event, context):
    for line in range(20000):
        if line == 500: open('mark', 'w').close()
        print('x' * 99)
    return 1
`;
      const directory = await write({ 'index.py': source });
      const worker = start();
      await worker.load({ directory });
      worker.child.stdout?.pause();
      const reply = worker.call({});
      await vi.waitFor(() => accessSync(join(directory, 'mark')), 10_000);
      expect(worker.frames.some((frame) => frame.type === FRAME.RESULT)).toBe(false);
      worker.child.stdout?.resume();
      expect(await reply).toBe(1);
      await vi.waitFor(() => expect(worker.output()).toHaveLength(2_000_000), 10_000);
    });

    test('is UTF-8 in every locale, and no character makes it fail', async () => {
      const worker = start(['/usr/bin/env', 'LC_ALL=POSIX', ...WORKER_ARGV]);
      const source =
        'def handler(event, context):\n    print("Привет 🎉", event)\n    return open("index.py").read() != ""\n# é\n';
      await worker.load({ directory: await write({ 'index.py': source }) });
      expect(await worker.call('\ud800')).toBe(true);
      worker.kill();
      await worker.exited;
      expect(worker.output()).toBe(`Привет 🎉 ${String.raw`\ud800`}\n`);
    });

    test('survives a function that closes or replaces its streams', async () => {
      const worker = await serve(
        'import sys\ndef handler(event, context):\n    sys.stdout.close()\n    sys.stderr = None\n    return 1\n',
      );
      expect([await worker.call({}), await worker.call({})]).toEqual([1, 1]);
    });

    test('goes through logging as in plain Python', async () => {
      const worker = await serve(
        'import logging\ndef handler(event, context):\n    logging.warning("low")\n    logging.info("unseen")\n',
      );
      await worker.call({});
      await vi.waitFor(() => expect(worker.output()).toBe('WARNING:root:low\n'));
    });
  });

  describe('running a script', () => {
    async function load(source: string) {
      const worker = start();
      const directory = await write({ 'calc.py': source, 'helper.py': 'TEN = 10\n' });
      return { worker, answer: await worker.load({ directory, handler: 'calc.py', form: 'script' }) };
    }

    test('executes one that sets `result` afresh for each call', async () => {
      const { worker, answer } = await load(`
import helper
try:
    count += 1
except NameError:
    count = 1
if params.get('a'):
    result = [params['a'] + helper.TEN, event['params'] == params, context.function_name, count, __name__]
`);
      expect(answer).toEqual({ kind: 'ready' });
      expect(await worker.call({ params: { a: 1 } })).toEqual([11, true, 'shop-api', 1, 'script']);
      expect(await worker.call({ params: { a: 2 } })).toEqual([12, true, 'shop-api', 1, 'script']);
      expect(await worker.call({ params: null, more: 1 })).toBeNull();
      expect(await worker.call('no object')).toBeNull();
    });

    test.each([
      ['handler', 'def handler(event, context):\n    return [event, context.function_name]', [{ n: 1 }, 'shop-api']],
      ['handle of one parameter', 'def handle(event):\n    return event["n"]', 1],
      ['handler before handle', 'handle = lambda event: 1\nhandler = lambda event: 2', 2],
      ['a handler without parameters', 'def handler():\n    return __name__', 'script'],
      ['an async handler', 'async def handler(event):\n    return event["n"]', 1],
      ['an assigned method', 'class A:\n    def run(self, event): return event["n"]\nhandler = A().run', 1],
      ['an object that can be called', 'class A:\n    def __call__(self, event): return event["n"]\nhandler = A()', 1],
      ['a class', 'class handler(dict):\n    def __init__(self, event): self.update(event)', { n: 1 }],
      ['a handler in a branch', 'try:\n    import nowhere\nexcept ImportError:\n    def handler(event): return 3', 3],
      ['one of several targets', 'a, (b, handler) = 1, (2, lambda event, context: 4)', 4],
      [
        'a decorated handler',
        'import functools\ndef traced(f):\n    @functools.wraps(f)\n    def call(*given): return f(*given)\n    return call\n@traced\ndef handler(event): return 5',
        5,
      ],
    ])('calls %s', async (_, source, result) => {
      const { worker, answer } = await load(source);
      expect(answer).toEqual({ kind: 'ready' });
      expect(await worker.call({ n: 1 })).toEqual(result);
    });

    test('executes one with a handler only once', async () => {
      const { worker } = await load(
        'print("loaded")\ncalls = []\ndef handler(event):\n    calls.append(1)\n    return len(calls)\n',
      );
      expect([await worker.call({}), await worker.call({})]).toEqual([1, 2]);
      await vi.waitFor(() => expect(worker.output()).toBe('loaded\n'));
    });

    test('a use of the name `handler` is no definition', async () => {
      const { worker } = await load('import signal\nhandler: int\nresult = str(signal.getsignal(2))[:0] + "fresh"\n');
      expect(await worker.call({})).toBe('fresh');
    });

    test.each([
      ['result = (\n', { line: 1, column: 10 }],
      ['def handler(event):\n    retrun 1\n', { line: 2, column: 12 }],
      ['é = 1; ö ü\n', { line: 1, column: 10 }],
      ['x = "\0"\n', { line: 1, column: expect.any(Number) as number }],
    ])('tells the place of a syntax error at LOAD: %j', async (source, place) => {
      const { answer } = await load(source);
      expect(answer).toMatchObject({ kind: 'error', fault: { errorType: 'Runtime.UserCodeSyntaxError', place } });
    });

    test('tells of a file that is not there and of a handler that is none', async () => {
      const directory = await write({ 'calc.py': 'handler = 1\n' });
      const [missing, wrong] = [start(), start()];
      expect(await missing.load({ directory, handler: 'none.py', form: 'script' })).toMatchObject({
        fault: { errorType: 'Runtime.ImportModuleError' },
      });
      expect(await wrong.load({ directory, handler: 'calc.py', form: 'script' })).toMatchObject({
        fault: { errorType: 'Runtime.HandlerNotFound' },
      });
    });

    test('traces the lines of the script', async () => {
      const { worker } = await load('\ndef divide(a, b):\n    return a / b\nresult = divide(1, params["by"])\n');
      expect(await worker.call({ params: { by: 2 } })).toBe(0.5);
      expect(await faultOf(worker, '{"params": {"by": 0}}')).toEqual({
        errorType: 'ZeroDivisionError',
        message: 'division by zero',
        trace: ['File "calc.py", line 3, in divide', 'File "calc.py", line 4, in <module>'],
      });
    });

    test('supports dataclasses, and dies of sys.exit', async () => {
      const { worker } = await load(`
from __future__ import annotations
from dataclasses import asdict, dataclass
import sys
@dataclass
class Point:
    x: int
if params.get('end'): sys.exit(9)
result = asdict(Point(1))
`);
      expect(await worker.call({})).toEqual({ x: 1 });
      await expect(worker.call({ params: { end: true } })).rejects.toThrow('the worker ended');
      expect((await worker.exited).code).toBe(9);
    });
  });

  describe('with a way out', () => {
    const servers: Server[] = [];
    afterEach(async () => {
      await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => void server.close(resolve))));
    });

    /** Answers the whole of what it got, with a mark, once the other side has said all. */
    async function startProxy(path: string): Promise<string> {
      const server = createServer({ allowHalfOpen: true }, (socket) => {
        const parts: Buffer[] = [];
        socket.on('data', (part: Buffer) => parts.push(part));
        socket.on('end', () => socket.end(Buffer.concat([Buffer.from('proxy:'), ...parts])));
      });
      servers.push(server);
      await new Promise<void>((resolve) => void server.listen(path, resolve));
      return path;
    }

    async function newPath(): Promise<string> {
      return join(await write({}), 'proxy.sock');
    }

    const CLIENT = `
import os, socket, threading
NAMES = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy']
FIRST = [os.environ.get(name) for name in NAMES]
def talk(text):
    with socket.create_connection(('127.0.0.1', int(os.environ['HTTP_PROXY'].rpartition(':')[2])), 10) as peer:
        def send():
            peer.sendall(text.encode())
            peer.shutdown(socket.SHUT_WR)
        threading.Thread(target=send).start()
        parts = []
        while part := peer.recv(65536): parts.append(part)
    return b''.join(parts).decode() or 'closed'
def handler(event, context):
    if event == 'names': return FIRST
    if event == 'many':
        texts = []
        threads = [threading.Thread(target=lambda n=n: texts.append(talk(str(n) * 100000) == 'proxy:' + str(n) * 100000)) for n in range(8)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        return [texts, threading.active_count()]
    try:
        return talk(event)
    except ConnectionError:
        return 'closed'
`;

    test('leads connections to the proxy, both ways and with half-close', async () => {
      const worker = await serve(CLIENT, { egress: await startProxy(await newPath()) });
      const address = expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/);
      expect(await worker.call('names')).toEqual([address, address, address, address]);
      expect(await worker.call('CONNECT a:443')).toBe('proxy:CONNECT a:443');
      expect(await worker.call('x'.repeat(2_000_000))).toBe(`proxy:${'x'.repeat(2_000_000)}`);
      const [texts, threads] = (await worker.call('many')) as [boolean[], number];
      expect(texts).toEqual(Array<boolean>(8).fill(true));
      expect(threads, 'threads do not grow with connections').toBeLessThanOrEqual(10);
    });

    test('closes connections while the proxy is away, and serves those after', async () => {
      const path = await startProxy(await newPath());
      const worker = await serve(CLIENT, { egress: path });
      await new Promise((resolve) => void servers.pop()?.close(resolve));
      await expect(worker.call('hello')).resolves.toBe('closed');
      await startProxy(path);
      expect(await worker.call('hello')).toBe('proxy:hello');
    });

    test('gives way to proxies that the function has itself', async () => {
      const worker = await serve(CLIENT, {
        egress: await startProxy(await newPath()),
        variables: { https_proxy: 'http://own:1' },
      });
      const [upper, lower, ...plain] = (await worker.call('names')) as string[];
      expect([upper, lower]).toEqual([null, 'http://own:1']);
      expect(plain[0]).toBe(plain[1]);
    });

    test('has no proxy without it', async () => {
      const worker = await serve(CLIENT);
      expect(await worker.call('names')).toEqual([null, null, null, null]);
    });
  });
});
