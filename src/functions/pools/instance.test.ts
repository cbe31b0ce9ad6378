import { describe, expect, test } from 'vitest';
import type { WorkerExit } from '../../sandbox/index.ts';
import { FRAME } from '../runtimes/frames.ts';
import type { StreamSink } from './call.ts';
import type { InstanceOptions } from './instance.ts';
import { OUTPUT_LIMIT } from './output.ts';
import { MOST_BEHIND } from './streaming.ts';
import { startTestInstance, startTestWorker, waitFor } from './testing.ts';

const MEGABYTE = Buffer.alloc(1024 * 1024, 'x');
const HEAD = { status: 200, headers: {}, cookies: [], stream: true };

describe('LOG frames', () => {
  test('are output like any other: lines, of the stream that they name', async () => {
    const { worker, lines } = await startTestInstance();
    worker.send(FRAME.LOG, 0, { stream: 'stderr' }, Buffer.from('one\ntwo'));
    worker.send(FRAME.LOG, 0, null, Buffer.from('three\n'));
    await waitFor(() => lines.length === 3);
    expect(lines).toEqual(['stderr: one', 'stderr: two', 'stdout: three']);
  });

  test('have the limits of output, together with stdout, until the next call', async () => {
    const { worker, lines, call } = await startTestInstance();
    const { number } = await call();
    worker.stdout.write('from stdout\n');
    await waitFor(() => lines.length === 1);
    for (let round = 0; round < 5; round += 1) worker.send(FRAME.LOG, 0, null, Buffer.alloc(4 * 1024 * 1024, 'y'));
    worker.send(FRAME.RESULT, number, {});
    await waitFor(() => lines.some((line) => line.includes('cut:')));
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual('stdout: '.length + 8192);
    expect(lines.join('').length).toBeLessThan(OUTPUT_LIMIT + 200);
    expect(lines).toHaveLength(3); // one line, the beginning of the first body, and that it was cut
    await call();
    worker.send(FRAME.LOG, 0, null, Buffer.from('again'));
    await waitFor(() => lines.at(-1) === 'stdout: again');
  });
});

describe('a PONG', () => {
  test('that nobody asked for ends the process', async () => {
    const { worker, call } = await startTestInstance();
    const { outcome } = await call();
    worker.send(FRAME.PONG, 0, null);
    expect(await outcome).toEqual({ kind: 'protocol', reason: 'PONG that nobody asked for' });
    expect(worker.isKilled()).toBe(true);
  });

  test('answers the PING of a process that nobody uses yet, once', async () => {
    const { process, send, isKilled, frames } = startTestWorker();
    await process.spawned;
    send(FRAME.READY, 0, {});
    await process.booted;
    const settled = process.settle();
    await waitFor(() => frames(FRAME.PING).length === 1);
    send(FRAME.PONG, 0, null);
    await settled;
    expect(isKilled()).toBe(false);
    send(FRAME.PONG, 0, null);
    expect(await process.ended).toMatchObject({ broken: 'PONG that nobody asked for' });
  });

  test('keeps an instance that was asked', async () => {
    const { worker, instance, call } = await startTestInstance();
    instance.ping(50);
    await waitFor(() => worker.frames(FRAME.PING).length === 1);
    worker.send(FRAME.PONG, 0, null);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const { number, outcome } = await call();
    worker.send(FRAME.RESULT, number, {}, Buffer.from('1'));
    expect(await outcome).toMatchObject({ kind: 'result' });
  });
});

describe('words of the worker', () => {
  test('that PostgreSQL can not hold never get into a failure', async () => {
    const { worker, instance } = await startTestInstance({}, { isLoaded: false });
    const message = `a\0b\uD800${'x'.repeat(60_000)}`;
    worker.send(FRAME.INIT_ERROR, 1, { errorType: 'E\0', message, trace: ['at \0', 'at \uDFFF'] });
    await instance.gone;
    const { reason = '', fault } = instance.failure() ?? {};
    expect(reason).toMatch(/^E\uFFFD: a\uFFFDb\uFFFDx+\nat \uFFFD\nat \uFFFD$/);
    expect(reason.length).toBeLessThan(5000);
    expect(JSON.stringify(fault)).not.toMatch(/\\u0000|\\ud[89a-f]/);
  });

  test('are clean also where they are quoted because they are no JSON', async () => {
    const { worker, call } = await startTestInstance();
    const { outcome } = await call();
    worker.write(Buffer.from([0, 0, 0, 9, FRAME.RESULT, 0, 0, 0, 2, 0, 2, 0, 0]));
    const { reason } = (await outcome) as { readonly reason: string };
    expect(reason).toContain('JSON');
    expect(reason).not.toContain('\0');
  });

  test('are masked before anybody gets them: the log, the caller who listens, and the reason of a failure', async () => {
    const mask = (text: string) => text.replaceAll('hunter2', '***');
    const { worker, lines, call } = await startTestInstance({ mask });
    const heard: string[] = [];
    await call({ heard: (line) => heard.push(line) });
    worker.stdout.write('it is hunter2\n');
    await waitFor(() => heard.length > 0);
    expect([heard, lines]).toEqual([['it is ***'], ['stdout: it is ***']]);
    const failing = await startTestInstance({ mask }, { isLoaded: false });
    failing.worker.send(FRAME.INIT_ERROR, 1, { errorType: 'E', message: 'no hunter2', trace: ['at hunter2'] });
    await failing.instance.gone;
    expect(JSON.stringify(failing.instance.failure())).not.toContain('hunter2');
  });
});

describe('out of memory', () => {
  const SAYING = 'JavaScript heap out of memory';
  const isOutOfMemory = (line: string) => line.includes(SAYING);
  test.each([
    ['says so on stderr and is ended by a signal', 'stderr', { signal: 'SIGABRT' }, 'out_of_memory'],
    ['says so on stderr and exits', 'stderr', { code: 1 }, 'exited'],
    ['says so on stdout', 'stdout', { signal: 'SIGABRT' }, 'exited'],
  ] as const)('a process that %s', async (_, stream, end, kind) => {
    expect(await endOf({ isOutOfMemory }, stream, end)).toBe(kind);
  });

  test('a process of a language that never says it', async () => {
    expect(await endOf({}, 'stderr', { signal: 'SIGABRT' })).toBe('exited');
  });

  async function endOf(
    options: Partial<InstanceOptions>,
    stream: 'stdout' | 'stderr',
    end: Partial<WorkerExit>,
  ): Promise<string> {
    const { worker, lines, call } = await startTestInstance(options);
    const { outcome } = await call();
    worker[stream].write(`FATAL ERROR: ${SAYING}\n`);
    await waitFor(() => lines.length === 1);
    worker.exit(end);
    return (await outcome).kind;
  }

  test('what was said during an earlier call does not count', async () => {
    const { worker, lines, call } = await startTestInstance({ isOutOfMemory });
    const first = await call();
    worker.stderr.write(`FATAL ERROR: ${SAYING}\n`);
    await waitFor(() => lines.length === 1);
    worker.send(FRAME.RESULT, first.number, {});
    await first.outcome;
    const { outcome } = await call();
    worker.exit({ signal: 'SIGSEGV' });
    expect((await outcome).kind).toBe('exited');
  });
});

/** A reader that takes nothing until `read`. */
function slowReader() {
  const waiting = new Set<() => void>();
  let bytes = 0;
  const sink: StreamSink = {
    start: () => {},
    write: (chunk) => {
      bytes += chunk.length;
      return false;
    },
    whenReady: (resume) => void waiting.add(resume),
  };
  return {
    sink,
    waiting,
    bytes: () => bytes,
    read: () => {
      for (const resume of waiting) resume();
      waiting.clear();
    },
  };
}

describe('a reader who is slow', () => {
  test('holds back a process that works on nothing else', async () => {
    const { worker, call } = await startTestInstance();
    const reader = slowReader();
    const { number, outcome } = await call({ sink: reader.sink });
    worker.send(FRAME.RESULT, number, HEAD);
    for (let sent = 0; sent < 12; sent += 1) {
      worker.send(FRAME.CHUNK, number, null, MEGABYTE);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(reader.bytes()).toBeLessThanOrEqual(2 * MEGABYTE.length);
    worker.send(FRAME.END, number, {});
    for (let round = 0; reader.bytes() < 12 * MEGABYTE.length; round += 1) {
      await waitFor(() => reader.waiting.size > 0);
      expect(reader.waiting.size).toBe(1);
      reader.read();
      if (round > 50) throw new Error('the rest never came');
    }
    expect(await outcome).toEqual({ kind: 'streamed', status: 200, bytes: 12 * MEGABYTE.length });
  });

  test('does not hold back other calls of the process, nor those that come later', async () => {
    const { worker, call } = await startTestInstance();
    const reader = slowReader();
    const slow = await call({ sink: reader.sink });
    worker.send(FRAME.RESULT, slow.number, HEAD);
    worker.send(FRAME.CHUNK, slow.number, null, MEGABYTE);
    await waitFor(() => reader.bytes() > 0);
    const other = await call();
    worker.send(FRAME.RESULT, other.number, {}, Buffer.from('1'));
    expect(await other.outcome).toMatchObject({ kind: 'result' });
    worker.send(FRAME.END, slow.number, {});
    expect(await slow.outcome).toMatchObject({ kind: 'streamed' });
  });

  test('whose answer has ended does not hold back the next call', async () => {
    const { worker, call } = await startTestInstance();
    const slow = await call({ sink: slowReader().sink });
    worker.send(FRAME.RESULT, slow.number, HEAD);
    worker.send(FRAME.CHUNK, slow.number, null, Buffer.from('little'));
    worker.send(FRAME.END, slow.number, {});
    await new Promise((resolve) => setTimeout(resolve, 20));
    const next = await call();
    worker.send(FRAME.RESULT, next.number, {}, Buffer.from('1'));
    expect(await next.outcome).toMatchObject({ kind: 'result' });
  });

  test('is left behind past the limit while others call, and the instance goes on', async () => {
    const { worker, instance, call, lines } = await startTestInstance();
    const reader = slowReader();
    const other = await call();
    const slow = await call({ sink: reader.sink });
    worker.send(FRAME.RESULT, slow.number, HEAD);
    for (let sent = 0; sent < 10; sent += 1) worker.send(FRAME.CHUNK, slow.number, null, MEGABYTE);
    expect(await slow.outcome).toEqual({ kind: 'reader_too_slow' });
    expect(reader.bytes()).toBeLessThanOrEqual(MOST_BEHIND + MEGABYTE.length);
    expect(lines).toEqual([expect.stringMatching(/^platform: broken off: its reader/)]);
    expect(instance.inFlight()).toBe(2); // its handler still works
    worker.send(FRAME.END, slow.number, {});
    worker.send(FRAME.RESULT, other.number, {}, Buffer.from('1'));
    expect(await other.outcome).toMatchObject({ kind: 'result' });
    expect([instance.inFlight(), instance.state()]).toEqual([0, 'open']);
  });
});

describe('the log tells what became of a call that got no answer:', () => {
  test('its deadline has passed', async () => {
    const { instance, lines } = await startTestInstance();
    const meta = { kind: 'payload', requestId: 'request-1', arn: 'arn' } as const;
    const outcome = instance.invoke({ meta, body: Buffer.alloc(0) }, 20);
    expect(await outcome).toEqual({ kind: 'timeout', milliseconds: 20 });
    expect(lines).toEqual(['platform: ended after 20 ms: it had no answer']);
  });

  test('its process has ended', async () => {
    const { worker, lines, call } = await startTestInstance();
    const { outcome } = await call();
    worker.exit({ code: 3 });
    expect(await outcome).toMatchObject({ kind: 'exited' });
    expect(lines).toContain('platform: exited with code 3');
  });
});
