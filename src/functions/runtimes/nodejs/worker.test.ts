import { readdirSync, readlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { NODE_WORKER_SOURCE, faultOf, useNodeWorkers } from '../../../../test/functions/node-worker.ts';
import { startWorker } from '../../../../test/functions/wire.ts';
import { FRAME, encodeFrame } from '../frames.ts';

const node = useNodeWorkers();

test('says what it is when it is up', async () => {
  const worker = node.start();
  const ready = await worker.next(FRAME.READY, 0);
  expect(ready.meta).toEqual({ runtime: 'nodejs', version: process.versions.node });
});

test('runs from its sources as well', async () => {
  const worker = startWorker([process.execPath, '--disable-warning=ExperimentalWarning', NODE_WORKER_SOURCE]);
  const text = 'export const handler = async (event) => event;';
  expect(await worker.load({ directory: await node.folder({ 'index.mjs': text }) })).toEqual({ kind: 'ready' });
  expect(await worker.call('echo')).toBe('echo');
  worker.send(FRAME.DRAIN, 0, null);
  expect((await worker.exited).code).toBe(0);
});

test('sets the variables and argv before any code runs', async () => {
  const worker = await node.load(
    {
      'index.mjs': 'const seen = [process.env.COLOUR, process.argv.slice(1)]; export const handler = async () => seen;',
    },
    { variables: { COLOUR: 'blue' } },
  );
  expect(await worker.call({})).toEqual(['blue', ['index.handler']]);
});

test('answers PING before LOAD, between calls and during one', async () => {
  const worker = node.start();
  worker.send(FRAME.PING, 901, null);
  await worker.next(FRAME.PONG, 901);
  const text = 'export const handler = () => new Promise(() => {});';
  await worker.load({ directory: await node.folder({ 'index.mjs': text }) });
  worker.send(FRAME.INVOKE, 902, { kind: 'payload', requestId: 'r', remaining: 3000, arn: 'a' });
  worker.send(FRAME.PING, 903, null);
  expect((await worker.next(FRAME.PONG, 903)).body).toHaveLength(0);
});

test('gets ready for a function while there is none, and nothing is to be seen of that', async () => {
  const worker = node.start();
  worker.send(FRAME.PING, 901, null);
  await worker.next(FRAME.PONG, 901);
  expect(readdirSync(tmpdir()).filter((name) => name.startsWith(`warm-up-${worker.child.pid}-`))).toEqual([]);
  expect(worker.output()).toBe('');
  expect(worker.frames.map(({ type }) => type)).toEqual([FRAME.READY, FRAME.PONG]);
  const text = 'export const handler = async (event, context) => [event, context.functionName];';
  await worker.load({ directory: await node.folder({ 'index.mjs': text }) });
  expect(await worker.call('own')).toEqual(['own', 'shop-api']);
});

test('answers 64 calls that are open at once, each under its own sequence', async () => {
  const worker = await node.module(`
    const waiting = [];
    export const handler = (n) => new Promise((resolve) => {
      waiting.push(() => resolve(n));
      if (waiting.length === 64) for (const each of waiting.reverse()) each();
    });`);
  const numbers = Array.from({ length: 64 }, (_, index) => index);
  expect(await Promise.all(numbers.map((each) => worker.call(each)))).toEqual(numbers);
});

test('DRAIN lets open calls finish and ends the process with 0', async () => {
  const worker = await node.module(`
    let release;
    export const handler = (event) => event === 'release' ? release() : new Promise((resolve) => { release = () => resolve('done'); });`);
  const open = worker.call('wait');
  worker.send(FRAME.DRAIN, 0, null);
  expect(await worker.call('release')).toBeNull();
  expect(await open).toBe('done');
  expect(await worker.exited).toEqual({ code: 0, signal: null });
});

test('DRAIN without open calls ends the process at once, loaded or not', async () => {
  const idle = node.start();
  await idle.next(FRAME.READY, 0);
  idle.send(FRAME.DRAIN, 0, null);
  expect((await idle.exited).code).toBe(0);
  const loaded = await node.module('setInterval(() => {}, 1000); export const handler = async () => 1;');
  loaded.send(FRAME.DRAIN, 0, null);
  expect((await loaded.exited).code).toBe(0);
});

test('ends when the host is gone, whatever is open', async () => {
  const worker = await node.module('setInterval(() => {}, 1000); export const handler = () => new Promise(() => {});');
  worker.send(FRAME.INVOKE, 50, { kind: 'payload', requestId: 'r', remaining: 3000, arn: 'a' });
  const channel = worker.child.stdio[3] as unknown as { destroy(): void };
  channel.destroy();
  expect((await worker.exited).code).toBe(0);
});

const GARBAGE: readonly (readonly [string, Buffer])[] = [
  ['bytes that are no frame', Buffer.from('GET / HTTP/1.1\r\nhost: x\r\n\r\n')],
  ['a frame that only a worker may send', encodeFrame(FRAME.RESULT, 1, {}, 0)],
  ['a call before LOAD', encodeFrame(FRAME.INVOKE, 1, { kind: 'payload' }, 0)],
  ['meta that is not JSON', Buffer.from([0, 0, 0, 9, FRAME.PING, 0, 0, 0, 1, 0, 2, 0x7b, 0x7b])],
  ['a LOAD without an order', encodeFrame(FRAME.LOAD, 1, null, 0)],
];
test.each(GARBAGE)('%s from the host ends the process with 1 and a line on stderr', async (_name, bytes) => {
  const worker = node.start();
  await worker.next(FRAME.READY, 0);
  worker.write(bytes);
  expect((await worker.exited).code).toBe(1);
  expect(worker.output()).toMatch(/^the host broke the protocol: .+/);
});

test('a call of unknown kind, a sequence that is open and a second LOAD are garbage too', async () => {
  const text = 'export const handler = () => new Promise(() => {});';
  const call = { kind: 'payload', requestId: 'r', remaining: 1, arn: 'a' };
  const sends: ((worker: Awaited<ReturnType<typeof node.module>>) => void)[] = [
    (worker) => worker.send(FRAME.INVOKE, 70, { kind: 'letter' }),
    (worker) => {
      worker.send(FRAME.INVOKE, 70, call);
      worker.send(FRAME.INVOKE, 70, call);
    },
    (worker) => worker.send(FRAME.LOAD, 70, null, Buffer.from('{}')),
  ];
  for (const send of sends) {
    const worker = await node.module(text);
    send(worker);
    expect((await worker.exited).code).toBe(1);
  }
});

test('what a call prints is on the pipes before its answer is on the wire', async () => {
  const worker = await node.module(`
    export const handler = async (n) => { console.log('out ' + n + '.'.repeat(300_000)); console.error('err ' + n); return n; };`);
  for (let n = 0; n < 5; n += 1) await worker.call(n);
  worker.send(FRAME.DRAIN, 0, null);
  await worker.exited;
  expect(worker.output().match(/(?:out|err) \d/g)).toHaveLength(10);
});

test('output that nobody reads holds back the answer instead of piling up', async () => {
  const worker = await node.module(`
    export const handler = async () => { console.log('.'.repeat(4_000_000)); return 'printed'; };`);
  worker.child.stdout?.pause();
  const answer = worker.call({});
  worker.send(FRAME.PING, 904, null);
  const pong = worker.next(FRAME.PONG, 904).then(() => 'went on');
  expect(await Promise.race([pong, sleep(400, 'waits')])).toBe('waits');
  worker.child.stdout?.resume();
  expect(await answer).toBe('printed');
  expect(await pong).toBe('went on');
});

const OPEN_AND_THROW = `
  export const handler = (event) => {
    if (event === 'wait') return new Promise(() => {});
    setImmediate(() => { class Lost extends Error { name = 'Lost' } throw new Lost('for good'); });
    return new Promise(() => {});
  };`;

test('an uncaught exception is the answer to every open call and ends the process with 129', async () => {
  const worker = await node.module(OPEN_AND_THROW);
  const replies = await Promise.all(['wait', 'wait', 'throw'].map((each) => worker.invoke({}, JSON.stringify(each))));
  expect(replies.map((each) => faultOf(each).errorType)).toEqual(['Lost', 'Lost', 'Lost']);
  expect(faultOf(replies[0]!).trace[0]).toContain('index.mjs:4');
  expect((await worker.exited).code).toBe(129);
  expect(worker.output()).toMatch(/uncaught: Lost: for good\n {4}at .+index\.mjs:4/);
});

test('a rejection that nobody handles is told by its own type', async () => {
  const worker = await node.module(`
    export const handler = () => { Promise.reject(new TypeError('left alone')); return new Promise(() => {}); };`);
  const fault = faultOf(await worker.invoke({}));
  expect(fault).toMatchObject({
    errorType: 'Runtime.UnhandledPromiseRejection',
    message: 'TypeError: left alone',
    trace: [expect.stringContaining('index.mjs:2')],
  });
  expect((await worker.exited).code).toBe(129);
});

test('a late exception ends the process with 129 though no call is open', async () => {
  const worker = await node.module(`
    export const handler = async () => { setTimeout(() => { throw new Error('too late'); }, 5); return 'fine'; };`);
  expect(await worker.call({})).toBe('fine');
  expect((await worker.exited).code).toBe(129);
  expect(worker.output()).toContain('uncaught: Error: too late');
});

test('an exception beside the loading is the answer to LOAD', async () => {
  const fault = await node.refusal({
    'index.mjs': `setTimeout(() => { throw new Error('beside'); }, 1); await new Promise(() => {}); export const handler = 1;`,
  });
  expect(fault).toMatchObject({ errorType: 'Error', message: 'beside' });
});

test('process.exit in a handler ends the process with that code, after the answers that were ready', async () => {
  const worker = await node.module(`export const handler = (n) => n === 0 ? 'first' : process.exit(7);`);
  const first = worker.call(0);
  const second = worker.call(1);
  second.catch(() => {});
  expect(await first).toBe('first');
  expect((await worker.exited).code).toBe(7);
  await expect(second).rejects.toThrow('the worker ended (7)');
});

test('a program that a function leaves behind does not hold the channel open', async () => {
  const worker = await node.module(`
    import { spawn } from 'node:child_process';
    export const handler = async () => {
      const child = spawn('sleep', ['30'], { detached: true, stdio: 'ignore' });
      child.unref();
      return child.pid;
    };`);
  const pid = (await worker.call({})) as number;
  try {
    expect(filesOf(pid)).not.toContain(readlinkSync(`/proc/${worker.child.pid}/fd/3`));
    const closed = new Promise((resolve) => worker.child.stdio[3]?.once('close', resolve));
    worker.send(FRAME.DRAIN, 0, null);
    expect((await worker.exited).code).toBe(0);
    await closed;
    expect(() => process.kill(pid, 0)).not.toThrow();
  } finally {
    process.kill(pid, 'SIGKILL');
  }
});

function filesOf(pid: number): readonly string[] {
  return readdirSync(`/proc/${pid}/fd`).map((name) => readlinkSync(`/proc/${pid}/fd/${name}`));
}

test('memory that a function uses up ends the process, not with an answer', async () => {
  const worker = node.start('--max-old-space-size=32');
  const text = 'const kept = []; export const handler = () => { for (;;) kept.push(new Array(10_000).fill({})); };';
  await worker.load({ directory: await node.folder({ 'index.mjs': text }) });
  await expect(worker.call({})).rejects.toThrow(/the worker ended \((?:134|SIGABRT)\)/);
  expect(worker.output()).toContain('heap out of memory');
});
