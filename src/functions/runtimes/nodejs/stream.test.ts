import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { faultOf, useNodeWorkers } from '../../../../test/functions/node-worker.ts';
import type { Reply, WireWorker } from '../../../../test/functions/wire.ts';
import { FRAME } from '../frames.ts';
import type { HttpMeta } from '../messages.ts';

const node = useNodeWorkers();
const REQUEST: HttpMeta = {
  kind: 'http',
  requestId: 'r-1',
  remaining: 3000,
  arn: 'a',
  method: 'GET',
  path: '/',
  query: '',
  routeKey: 'ANY /',
  stage: 's',
  sourceIp: '::1',
  time: 0,
  headers: {},
  cookies: [],
};

function streaming(body: string): Promise<WireWorker> {
  return node.module(
    `export const handler = awslambda.streamifyResponse(async (event, stream, context) => {${body}});`,
  );
}

function textOf(reply: Reply): string {
  if (reply.kind === 'error') throw new Error(`${reply.fault.errorType}: ${reply.fault.message}`);
  return reply.body.toString('utf8');
}

function chunksOf(worker: WireWorker): readonly Buffer[] {
  return worker.frames.filter((frame) => frame.type === FRAME.CHUNK).map((frame) => frame.body);
}

test('what a handler writes goes out as it is written', async () => {
  const worker = await streaming(`
    stream.write('one');
    await new Promise((resolve) => setTimeout(resolve, 20));
    stream.write(Buffer.from([0x20, 0xff]));
    stream.end('三');`);
  const reply = await worker.invoke(REQUEST);
  expect(reply).toEqual({
    kind: 'result',
    meta: { status: 200, headers: { 'content-type': 'application/octet-stream' }, cookies: [], stream: true },
    body: Buffer.concat([Buffer.from('one'), Buffer.from([0x20, 0xff]), Buffer.from('三')]),
  });
  expect(chunksOf(worker)[0]).toEqual(Buffer.from('one'));
});

test('setContentType names the type', async () => {
  const worker = await streaming(`stream.setContentType('text/event-stream'); stream.end('data: 1');`);
  const reply = await worker.invoke({});
  expect(reply.kind === 'result' && reply.meta.headers).toEqual({ 'content-type': 'text/event-stream' });
});

test('HttpResponseStream begins with a status, headers and cookies', async () => {
  const worker = await streaming(`
    stream = awslambda.HttpResponseStream.from(stream, { statusCode: 418, headers: { 'X-Kind': 'teapot', 'Content-Type': 'text/plain' }, cookies: ['a=1'] });
    stream.write('short'); stream.end();`);
  const reply = await worker.invoke(REQUEST);
  expect(reply.kind === 'result' && reply.meta).toEqual({
    status: 418,
    headers: { 'x-kind': 'teapot', 'content-type': 'text/plain' },
    cookies: ['a=1'],
    stream: true,
  });
  expect(textOf(reply)).toBe('short');
});

test('a stream may be piped to, after the handler has returned too', async () => {
  const worker = await node.module(`
    import { Readable } from 'node:stream';
    import { pipeline } from 'node:stream/promises';
    async function* count() { for (let n = 0; n < 5; n += 1) { await new Promise((resolve) => setTimeout(resolve, 2)); yield n + ' '; } }
    export const handler = awslambda.streamifyResponse(async (event, stream) => {
      if (event.waits) await pipeline(count, stream);
      else Readable.from(count()).pipe(stream);
    });`);
  expect(textOf(await worker.invoke({}, '{"waits":true}'))).toBe('0 1 2 3 4 ');
  expect(textOf(await worker.invoke({}, '{"waits":false}'))).toBe('0 1 2 3 4 ');
});

test('a stream that nobody ends is ended when nothing is left to do', async () => {
  const worker = await streaming(`if (event.a) stream.write('a');`);
  expect(textOf(await worker.invoke({}, '{"a":1}'))).toBe('a');
  expect(textOf(await worker.invoke({}))).toBe('');
});

test('no chunk is longer than 64 KiB', async () => {
  const worker = await streaming(`stream.write(Buffer.alloc(200_000, 7)); stream.end();`);
  const reply = await worker.invoke({});
  expect(reply.kind === 'result' && reply.body.equals(Buffer.alloc(200_000, 7))).toBe(true);
  expect(chunksOf(worker).map((each) => each.length)).toEqual([65_536, 65_536, 65_536, 3392]);
});

test('bytes may be used again once a write has called back', async () => {
  const worker = await streaming(`
    const bytes = Buffer.alloc(60_000);
    for (let n = 0; n < 100; n += 1) { bytes.fill(n); await new Promise((resolve) => stream.write(bytes, resolve)); }
    stream.end();`);
  const reply = await worker.invoke({});
  const wanted = Buffer.concat(Array.from({ length: 100 }, (_, n) => Buffer.alloc(60_000, n)));
  expect(reply.kind === 'result' && reply.body.equals(wanted)).toBe(true);
});

const BROKEN: readonly (readonly [string, string])[] = [
  ['throws', `throw new RangeError('midway');`],
  ['destroys its stream', `stream.destroy(new RangeError('midway'));`],
  [
    'has a source that fails',
    `const { Readable, pipeline } = await import('node:stream');
     await new Promise(() => pipeline(Readable.from((async function* () { throw new RangeError('midway'); })()), stream, () => {}));`,
  ],
];
test.each(BROKEN)('a handler that %s midway: the stream ends with what went wrong', async (_name, code) => {
  const worker = await streaming(`await new Promise((resolve) => stream.write('half', resolve)); ${code}`);
  expect(faultOf(await worker.invoke({}))).toMatchObject({ errorType: 'RangeError', message: 'midway' });
  expect(Buffer.concat(chunksOf(worker)).toString('utf8')).toBe('half');
  const end = worker.frames.find((frame) => frame.type === FRAME.END);
  expect(end?.meta).toMatchObject({ errorType: 'RangeError' });
});

test('a handler that throws before it writes fails like any other', async () => {
  const worker = await streaming(`throw new RangeError('at once');`);
  expect(faultOf(await worker.invoke({}))).toMatchObject({ errorType: 'RangeError', message: 'at once' });
  expect(worker.frames.filter((frame) => frame.type === FRAME.RESULT || frame.type === FRAME.END)).toEqual([]);
});

test('an uncaught exception is the end of every stream that has begun', async () => {
  const worker = await streaming(`stream.write('half'); setTimeout(() => { throw new RangeError('beside'); }, 20);
    await new Promise(() => {});`);
  expect(faultOf(await worker.invoke({}))).toMatchObject({ errorType: 'RangeError', message: 'beside' });
  expect((await worker.exited).code).toBe(129);
});

test.each([
  ['a status that is none', `awslambda.HttpResponseStream.from(stream, { statusCode: 42 });`, 'bad_response'],
  [
    'headers that no frame can hold',
    `awslambda.HttpResponseStream.from(stream, { headers: { a: 'x'.repeat(70_000) } }).end('a'); await new Promise(() => {});`,
    'bad_response',
  ],
])('%s at the beginning of a stream is a bad response', async (_name, code, reason) => {
  const worker = await streaming(code);
  expect(faultOf(await worker.invoke(REQUEST)).reason).toBe(reason);
});

test('streams of several calls do not mix', async () => {
  const worker = await streaming(`
    for (let n = 0; n < 20; n += 1) { stream.write(event + ' '); await null; }
    stream.end();`);
  const replies = await Promise.all([1, 2, 3].map((each) => worker.invoke({}, JSON.stringify(each))));
  expect(replies.map(textOf)).toEqual(['1 '.repeat(20), '2 '.repeat(20), '3 '.repeat(20)]);
});

test('a reader that is slow slows the writer, and gets everything', async () => {
  const worker = await streaming(`
    const { once } = await import('node:events');
    for (let n = 0; n < 400; n += 1) {
      if (!stream.write(Buffer.alloc(65_536, n))) { console.log('full after ' + n + '.'); await once(stream, 'drain'); }
    }
    stream.end();`);
  const channel = worker.child.stdio[3] as Duplex;
  channel.pause();
  const reply = worker.invoke({});
  await vi.waitFor(() => expect(worker.output()).toContain('full after'), 5000);
  await sleep(400); // enough for all of it, if nothing held it back
  const written = Number(/.*full after (\d+)/s.exec(worker.output())?.[1]);
  expect(written).toBeLessThan(40);
  channel.resume();
  const wanted = Buffer.concat(Array.from({ length: 400 }, (_, n) => Buffer.alloc(65_536, n)));
  const whole = await reply;
  expect(whole.kind === 'result' && whole.body.equals(wanted)).toBe(true);
});

const RESPONSES: readonly (readonly [string, string, object, string])[] = [
  [
    'JSON',
    'Response.json({ a: 1 }, { status: 201 })',
    { status: 201, headers: { 'content-type': 'application/json' }, cookies: [] },
    '{"a":1}',
  ],
  ['nothing', 'new Response(null, { status: 204 })', { status: 204, headers: {}, cookies: [] }, ''],
  [
    'an empty text',
    'new Response("")',
    { status: 200, headers: { 'content-type': 'text/plain;charset=UTF-8' }, cookies: [] },
    '',
  ],
  [
    'headers and cookies',
    'new Response("hi", { headers: [["X-A", "1"], ["X-A", "2"], ["Set-Cookie", "a=1; Path=/"], ["Set-Cookie", "b=2"]] })',
    {
      status: 200,
      headers: { 'content-type': 'text/plain;charset=UTF-8', 'x-a': '1, 2' },
      cookies: ['a=1; Path=/', 'b=2'],
    },
    'hi',
  ],
  [
    'a stream',
    'new Response(new ReadableStream({ async pull(c) { await new Promise((r) => setTimeout(r, 2)); n += 1; if (n > 3) c.close(); else c.enqueue(new TextEncoder().encode(n)); } }))',
    { status: 200, headers: {}, cookies: [], stream: true },
    '123',
  ],
];
test.each(RESPONSES)('a Response may be returned: %s', async (_name, expression, meta, body) => {
  const worker = await node.module(`let n = 0; export const handler = async () => ${expression};`);
  const reply = await worker.invoke(REQUEST);
  expect(textOf(reply)).toBe(body);
  expect(reply.kind === 'result' && reply.meta).toEqual(meta);
});

test('the first piece of a Response does not wait for the second', async () => {
  const worker = await node.module(`
    export const handler = async () => new Response(new ReadableStream({
      start(controller) { controller.enqueue(new TextEncoder().encode('first')); },
      pull() { return new Promise(() => setInterval(() => {}, 1000)); },
    }));`);
  worker.send(FRAME.INVOKE, 55, REQUEST);
  expect((await worker.next(FRAME.CHUNK, 55)).body.toString('utf8')).toBe('first');
});

test('a Response that breaks ends with what went wrong, and one that can not be read fails', async () => {
  const worker = await node.module(`
    export const handler = async ({ rawPath }) => {
      if (rawPath === '/used') { const response = new Response('a'); await response.text(); return response; }
      if (rawPath === '/error') return Response.error();
      let n = 0;
      return new Response(new ReadableStream({ async pull(c) {
        await new Promise((r) => setTimeout(r, 2));
        if (n++ > 1) throw new RangeError('midway');
        c.enqueue(new Uint8Array(10));
      } }));
    };`);
  expect(faultOf(await worker.invoke(REQUEST))).toMatchObject({ errorType: 'RangeError', message: 'midway' });
  expect(faultOf(await worker.invoke({ ...REQUEST, path: '/used' })).errorType).toBe('TypeError');
  expect(faultOf(await worker.invoke({ ...REQUEST, path: '/error' })).reason).toBe('bad_response');
});

test('a payload call gets a Response in the shape of API Gateway', async () => {
  const worker = await node.module(`
    export const handler = async (event) => event.bytes
      ? new Response(new Uint8Array([255, 0])) : new Response('hé', { status: 202, headers: { 'Set-Cookie': 'a=1' } });`);
  expect(await worker.call({})).toEqual({
    statusCode: 202,
    headers: { 'content-type': 'text/plain;charset=UTF-8' },
    cookies: ['a=1'],
    body: 'hé',
    isBase64Encoded: false,
  });
  expect(await worker.call({ bytes: true })).toMatchObject({ body: '/wA=', isBase64Encoded: true });
});

test('functions that answer without a Response never load what makes one', async () => {
  const worker = await node.module(`
    const names = () => process.moduleLoadList.filter((name) => /undici|vm$|inspector|http/.test(name)).length;
    const before = names();
    export const handler = async () => ({ statusCode: 200, body: String(names() - before) });`);
  expect(textOf(await worker.invoke(REQUEST))).toBe('0');
});
