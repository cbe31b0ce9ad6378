import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { type Server, createServer } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MANY } from '../../../../test/functions/rust-program.ts';
import { describeWithRust, endsWithin, useRustWorkers } from '../../../../test/functions/rust-workers.ts';
import { FRAME } from '../frames.ts';

/** Bytes; blanks part what belongs together. */
function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex');
}

describeWithRust(() => {
  const { open, program, start, workshop } = useRustWorkers({ compile: (opened) => opened.program(MANY) });

  describe('the life of a worker', () => {
    test('it says what it is, loads, and answers', async () => {
      const worker = await start();
      expect(worker.frames.map(({ type, sequence, meta }) => ({ type, sequence, meta }))).toEqual([
        { type: FRAME.READY, sequence: 0, meta: { runtime: 'rust', version: workshop().toolchain.version } },
        { type: FRAME.READY, sequence: 1, meta: {} },
      ]);
      expect(await worker.call({ do: 'echo', value: 'Привет' })).toBe('Привет');
    });

    test('variables of the function are in the environment of the handler, and its directory is the working directory', async () => {
      const worker = await start({ variables: { GREETING: 'hé = "x"' }, directory: '/usr' });
      expect(await worker.call({ do: 'variable', name: 'GREETING' })).toBe('hé = "x"');
      expect(await worker.call({ do: 'directory' })).toBe('/usr');
    });

    test.each([
      [{ variables: { 'A=B': '1' } }, 'Runtime.InvalidVariable'],
      [{ variables: { A: 'zero\0byte' } }, 'Runtime.InvalidVariable'],
      [{ directory: '/nowhere' }, 'Runtime.StartError'],
    ])('an order that can not be carried out (%j) is %s', async (order, errorType) => {
      const worker = open();
      expect(await worker.load(order)).toMatchObject({ kind: 'error', fault: { errorType } });
    });

    test('one process answers all calls, one after the other, in their order', async () => {
      const worker = await start();
      const calls = Array.from({ length: 40 }, () => worker.call({ do: 'count' }));
      expect(await Promise.all(calls)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    });

    test('PING is answered at once, between calls and while a handler runs, and calls behind it wait', async () => {
      const worker = await start();
      worker.send(FRAME.PING, 900, null);
      await worker.next(FRAME.PONG, 900);
      const path = join(workshop().directory, 'pinged');
      const slow = worker.call({ do: 'wait for a file', path });
      const later = worker.call({ do: 'echo', value: 1 });
      worker.send(FRAME.PING, 901, null);
      await worker.next(FRAME.PONG, 901);
      expect(worker.frames.some(({ type }) => type === FRAME.RESULT)).toBe(false);
      await writeFile(path, '');
      expect(await Promise.all([slow, later])).toEqual(['waited', 1]);
    });

    test('after DRAIN it finishes what is open and ends with 0', async () => {
      const worker = await start();
      const unanswered = [worker.call({ do: 'sleep', for: 300 }), worker.call({ do: 'echo', value: 2 })];
      worker.send(FRAME.DRAIN, 0, null);
      expect(await Promise.all(unanswered)).toEqual(['slept', 2]);
      expect(await worker.exited).toEqual({ code: 0, signal: null });
    });

    test.each(['loop', 'sleep'])('when fd 3 closes it ends at once, although a handler is in a %s', async (what) => {
      const worker = await start();
      void worker.call({ do: what, for: 60_000 }).catch(() => {});
      worker.send(FRAME.PING, 902, null); // answered once the handler is known to take long
      await worker.next(FRAME.PONG, 902);
      (worker.child.stdio[3] as Duplex).destroy();
      expect(await endsWithin(worker, 10_000)).toEqual({ code: 0, signal: null });
    });

    test.each([
      ['a frame that is too long', hex('7fffffff')],
      ['a frame of unknown type', hex('00000007 63 00000001 0000')],
      ['a frame that only workers send', hex('00000007 04 00000001 0000')],
      ['meta that is longer than its frame', hex('00000007 03 00000001 0001')],
      ['meta that is no JSON', hex('00000008 03 00000001 0001 7b')],
      ['a second LOAD', hex('00000007 02 00000001 0000')],
    ])('%s ends it with 1 and a word on stderr', async (_, bytes) => {
      const worker = await start();
      worker.write(bytes);
      expect(await endsWithin(worker, 10_000)).toEqual({ code: 1, signal: null });
      expect(worker.output()).toMatch(/^funade: the host sent no frame: .+\n$/);
    });

    test('without fd 3 it says who starts it', () => {
      const ended = spawnSync(program(), { encoding: 'utf8' });
      expect(ended).toMatchObject({ status: 1, stderr: expect.stringContaining('started by Funade') });
    });

    test('programs that a handler starts do not hold fd 3', async () => {
      const worker = await start();
      const child = (await worker.call({ do: 'child' })) as number;
      const closed = once(worker.child.stdio[3] as Duplex, 'close');
      worker.kill();
      await closed; // and not after the minute that the child lives
      process.kill(child);
      expect(await endsWithin(worker, 10_000)).toEqual({ code: null, signal: 'SIGKILL' });
    });

    test('what a handler prints is out before its answer, without a line end too', async () => {
      const worker = await start();
      await worker.call({ do: 'print' });
      await expect.poll(() => worker.output()).toMatch(/no line/);
      expect(worker.output()).toMatch(/error too/);
    });

    test('exit in a handler is the end of the process', async () => {
      const worker = await start();
      await expect(worker.call({ do: 'exit' })).rejects.toThrow('the worker ended (7)');
    });
  });

  describe('the way out', () => {
    let proxy: Server;
    let path = '';
    beforeAll(async () => {
      path = join(workshop().directory, 'egress.sock');
      // Answers when its client has said all, so that half of a connection has to be closed on the way.
      proxy = createServer({ allowHalfOpen: true }, (socket) => {
        const heard: Buffer[] = [];
        socket.on('data', (data: Buffer) => heard.push(data));
        socket.on('end', () => socket.end(Buffer.concat([Buffer.from('heard '), ...heard])));
      }).listen(path);
      await once(proxy, 'listening');
    });
    afterAll(() => void proxy?.close());

    test('leads through a port of its own to the socket, with megabytes', async () => {
      const worker = await start({ egress: path });
      const long = 'x'.repeat(3_000_000);
      expect(await worker.call({ do: 'proxy', text: 'hi' })).toBe('heard hi');
      expect(await worker.call({ do: 'proxy', text: long })).toBe(`heard ${long}`);
      const address = await worker.call({ do: 'variable', name: 'http_proxy' });
      expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
      expect(await worker.call({ do: 'variable', name: 'no_proxy' })).toContain('127.0.0.1');
    });

    test('is not told where the function has a proxy of its own, in either spelling', async () => {
      const worker = await start({ egress: path, variables: { https_proxy: 'http://own:1' } });
      expect(await worker.call({ do: 'variable', name: 'https_proxy' })).toBe('http://own:1');
      expect(await worker.call({ do: 'variable', name: 'HTTPS_PROXY' })).toBeNull();
      expect(await worker.call({ do: 'variable', name: 'HTTP_PROXY' })).toMatch(/^http:/);
    });

    test('does not exist without a socket', async () => {
      const worker = await start();
      expect(await worker.call({ do: 'variable', name: 'HTTPS_PROXY' })).toBeNull();
    });
  });
});
