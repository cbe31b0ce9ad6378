import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { NODE, PYTHON, SHELL, useBootstraps } from '../../../../../test/functions/bootstraps.ts';
import { describeWithRust, endsWithin } from '../../../../../test/functions/rust-workers.ts';
import { FRAME } from '../../frames.ts';

const hasNetworks = spawnSync('/usr/bin/unshare', ['--net', '/bin/sh', '-c', 'ip link set lo up']).status === 0;

describeWithRust(() => {
  const { directoryWith, open, shim, start, workshop } = useBootstraps();

  describe('other bootstraps', () => {
    test('in Node.js, several calls at a time on connections of their own', async () => {
      const worker = await start(NODE);
      const calls = ['r-1', 'r-2', undefined].map((after, index) =>
        worker.invoke({ requestId: `r-${index}` }, JSON.stringify({ after })),
      );
      await Promise.all(calls);
      const order = worker.frames.filter(({ type }) => type === FRAME.RESULT).map(({ body }) => body.toString());
      expect(order).toEqual(['{}', '{"after":"r-2"}', '{"after":"r-1"}']);
    });

    test.skipIf(!existsSync('/usr/bin/curl'))('a few lines of shell, which answer with a text', async () => {
      const worker = await start(SHELL, { handler: 'function.handler' });
      expect(await worker.call({ text: 'Hello' })).toBe(`Echoing request: '{"text":"Hello"}'`);
      expect(worker.output()).toMatch(/^started with function\.handler in \/.+\n/);
    });

    test('two at a time on one network have a port each', async () => {
      const both = [await start(PYTHON), await start(PYTHON)] as const;
      expect(await both[0].call('a')).toBe('a');
      expect(await both[1].call('b')).toBe('b');
      const found = await Promise.all(both.map((worker) => worker.call({ do: 'environment' })));
      const [one, other] = found.map(
        (environment) => (environment as Record<string, string>)['AWS_LAMBDA_RUNTIME_API'],
      );
      expect(one).not.toBe(other);
    });

    test.skipIf(!hasNetworks)('in a network of its own the port is the one of AWS Lambda', async () => {
      const worker = open(['/usr/bin/unshare', '--net', '/bin/sh', '-c', `ip link set lo up && exec ${shim()}`]);
      expect(await worker.load({ directory: await directoryWith(PYTHON) })).toEqual({ kind: 'ready' });
      expect(await worker.call({ do: 'environment' })).toMatchObject({ AWS_LAMBDA_RUNTIME_API: '127.0.0.1:9001' });
    });
  });

  describe('a start', () => {
    test('without a bootstrap, or with one that nobody may execute, fails and says why', async () => {
      const directories = [
        workshop().directory,
        await directoryWith('#!/bin/sh\n', 0o644),
        await directoryWith('#!/nope\n'),
      ];
      for (const directory of directories) {
        expect(await open().load({ directory })).toMatchObject({
          kind: 'error',
          fault: { errorType: 'Runtime.InvalidEntrypoint', message: expect.stringContaining('/bootstrap: ') },
        });
      }
    });

    test('of a bootstrap that ends before it asks for a call fails with its code', async () => {
      const worker = open();
      expect(await worker.load({ directory: await directoryWith('#!/bin/sh\necho too bad >&2\nexit 3\n') })).toEqual({
        kind: 'error',
        fault: {
          errorType: 'Runtime.ExitError',
          message: 'the bootstrap ended with exit code 3 before it asked for a call',
          trace: [],
        },
      });
      expect(await worker.exited).toEqual({ code: 3, signal: null });
      expect(worker.output()).toBe('too bad\n');
    });

    test('of a bootstrap that says what is wrong fails with that, once', async () => {
      const report = `#!/usr/bin/python3
import os, urllib.request
url = 'http://' + os.environ['AWS_LAMBDA_RUNTIME_API'] + '/2018-06-01/runtime/init/error'
body = b'{"errorType":"ImportError","errorMessage":"no module","stackTrace":["a"]}'
print(urllib.request.urlopen(urllib.request.Request(url, body)).status)
raise SystemExit(4)
`;
      const worker = open();
      expect(await worker.load({ directory: await directoryWith(report) })).toEqual({
        kind: 'error',
        fault: { errorType: 'ImportError', message: 'no module', trace: ['a'] },
      });
      expect(await worker.exited).toEqual({ code: 4, signal: null });
      expect(worker.output()).toBe('202\n');
      expect(worker.frames.filter(({ type }) => type === FRAME.INIT_ERROR)).toHaveLength(1);
    });
  });

  describe('the end', () => {
    test.each([
      [{ do: 'exit', code: 0 }, 0],
      [{ do: 'exit', code: 7 }, 7],
      [{ do: 'kill' }, 137],
    ])('of a bootstrap during a call (%j) is that of the shim, with code %i', async (event, code) => {
      const worker = await start(PYTHON);
      await expect(worker.call(event)).rejects.toThrow(`the worker ended (${code})`);
    });

    test.each(['fd 3 closes', 'the shim is killed'])('when %s, a bootstrap that is busy ends too', async (how) => {
      const worker = await start(PYTHON);
      void worker.call({ do: 'loop' }).catch(() => {});
      await expect.poll(() => worker.output(), { timeout: 10_000 }).toMatch(/^pid \d+\n/);
      const pid = Number(worker.output().slice(4));
      if (how === 'fd 3 closes') (worker.child.stdio[3] as Duplex).destroy();
      else worker.kill();
      const end = how === 'fd 3 closes' ? { code: 0, signal: null } : { code: null, signal: 'SIGKILL' };
      expect(await endsWithin(worker, 10_000)).toEqual(end);
      // A zombie may wait for the init of a container that collects none.
      const alive = () => spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim();
      await expect.poll(alive).toMatch(/^(Z.*)?$/);
    });

    test('after DRAIN comes when all calls are answered', async () => {
      const worker = await start(PYTHON);
      const calls = [worker.call({ do: 'sleep', for: 0.3 }), worker.invoke({ requestId: 'request-2' }, '2')];
      worker.send(FRAME.DRAIN, 0, null);
      expect(await Promise.all(calls)).toEqual(['slept', { kind: 'result', meta: {}, body: Buffer.from('2') }]);
      expect(await worker.exited).toEqual({ code: 0, signal: null });
    });

    test('PING is answered while the bootstrap works, and garbage ends it all', async () => {
      const worker = await start(PYTHON);
      void worker.call({ do: 'loop' }).catch(() => {});
      worker.send(FRAME.PING, 900, null);
      await worker.next(FRAME.PONG, 900);
      worker.write(Buffer.from('ffffffff', 'hex'));
      expect(await endsWithin(worker, 10_000)).toEqual({ code: 1, signal: null });
    });
  });
});
