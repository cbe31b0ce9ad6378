import { accessSync } from 'node:fs';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { ECHO, PYTHON, WORKER_ARGV, createPythonRig } from '../../../../test/functions/python.ts';
import { FRAME, encodeFrame } from '../frames.ts';

const { serve, start, write, clear } = createPythonRig();
afterEach(clear);

const SWALLOWING = `
def handler(event, context):
    print('in')
    while True:
        try:
            while True: pass
        except BaseException: pass
`;

test('python3 is there wherever functions in Python have to be tested', ({ skip }) => {
  if (process.env['CI'] !== 'true' && PYTHON === null) skip('python3 is missing: install the Debian package python3');
  expect(PYTHON, 'python3 is missing').not.toBeNull();
});

describe.skipIf(PYTHON === null)('a Python worker', () => {
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
    ])('ends at once when the wire closes while it %s', async (_, source, calling) => {
      const worker = await serve(source);
      if (calling) {
        worker.invoke({}).catch(() => {});
        await vi.waitFor(() => expect(worker.output()).toContain('in'), 10_000);
      }
      const before = Date.now();
      (worker.child.stdio[3] as Duplex).end();
      expect(await worker.exited).toEqual({ code: 0, signal: null });
      expect(Date.now() - before).toBeLessThan(10_000); // and not after the minute that one of them waits
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
      await vi.waitFor(() => expect(worker.output().match(/OSError: in the background/g)).toHaveLength(2), 10_000);
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
      await vi.waitFor(() => expect(worker.output()).toBe('WARNING:root:low\n'), 10_000);
    });
  });
});
