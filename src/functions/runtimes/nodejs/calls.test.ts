import { expect, test } from 'vitest';
import { faultOf, useNodeWorkers } from '../../../../test/functions/node-worker.ts';

const node = useNodeWorkers();

const STYLES: readonly (readonly [string, string, unknown])[] = [
  ['an async function', 'async (event) => event.a', 1],
  ['a value', '(event) => event.a', 1],
  ['a function without parameters that returns nothing', '() => {}', null],
  ['a function that returns nothing although it has a context', '(event, context) => {}', null],
  ['null', '() => null', null],
  ['a thenable', '(event) => ({ then(resolve) { resolve(event.a); } })', 1],
  ['a callback', '(event, context, callback) => { setTimeout(() => callback(null, event.a), 2); }', 1],
  ['a callback at once', '(event, context, callback) => { callback(null, event.a); }', 1],
  [
    'a callback whose function returns something',
    '(event, context, callback) => setTimeout(callback, 1, null, event.a)',
    1,
  ],
  ['a callback that is never called', '(event, context, callback) => { setTimeout(() => {}, 1); }', null],
  ['a callback in an async function', 'async (event, context, callback) => { callback(null, event.a); }', 1],
  ['context.succeed', '(event, context) => { setTimeout(() => context.succeed(event.a), 2); }', 1],
  ['context.done, taken out of the context', '(event, { done }) => { setTimeout(() => done(null, event.a), 2); }', 1],
  [
    'whichever comes first',
    '(event, context, callback) => { context.succeed(event.a); context.fail("late"); callback("later"); }',
    1,
  ],
];
test.each(STYLES)('a handler may answer with %s', async (_name, code, answer) => {
  const worker = await node.load({ 'index.cjs': `exports.handler = ${code};` });
  expect(await worker.call({ a: 1 })).toEqual(answer);
  expect(await worker.call({ a: 1 })).toEqual(answer);
});

const FAILURES: readonly (readonly [string, string])[] = [
  ['throwing', '() => { throw new RangeError("too far"); }'],
  ['rejecting', 'async () => { throw new RangeError("too far"); }'],
  ['its callback', '(event, context, callback) => { callback(new RangeError("too far")); }'],
  ['context.fail', '(event, context) => { setTimeout(() => context.fail(new RangeError("too far")), 1); }'],
  ['context.done', '(event, context) => { context.done(new RangeError("too far")); }'],
];
test.each(FAILURES)('a handler may fail by %s', async (_name, code) => {
  const worker = await node.load({ 'index.cjs': `exports.handler = ${code};` });
  const fault = faultOf(await worker.invoke({}));
  expect(fault).toMatchObject({ errorType: 'RangeError', message: 'too far' });
  expect(fault.reason).toBeUndefined();
  expect(fault.trace[0]).toContain('index.cjs:1');
  expect(fault.trace.join('\n')).not.toMatch(/runtimes\/|node:internal\/(?:modules|stream_base)/);
});

test.each([
  ["'a text'", { errorType: 'Error', message: 'a text', trace: [] }],
  ['undefined', { errorType: 'Error', message: 'undefined', trace: [] }],
  ['Object.create(null)', { errorType: 'Error', message: 'what was thrown has no text', trace: [] }],
  [
    'new (class Odd extends Error { get message() { throw 1; } })',
    { errorType: 'Error', message: 'what was thrown has no text' },
  ],
  ["Object.assign(new (class Odd extends Error {})('m'), { name: '' })", { errorType: 'Odd', message: 'm' }],
  [
    "require('node:vm').runInNewContext('new TypeError(`elsewhere`)')",
    { errorType: 'TypeError', message: 'elsewhere' },
  ],
])('%s may be thrown', async (expression, fault) => {
  const worker = await node.load({ 'index.cjs': `exports.handler = async () => { throw ${expression}; };` });
  expect(faultOf(await worker.invoke({}))).toMatchObject(fault);
});

test('what is told of an error is cut to what fits', async () => {
  const worker = await node.module(`
    function fall(n) { if (n > 0) return fall(n - 1); throw Object.assign(new Error('\\u0001'.repeat(90_000)), { name: 'N'.repeat(90_000) }); }
    Error.stackTraceLimit = 50;
    export const handler = async () => fall(40);`);
  const fault = faultOf(await worker.invoke({}));
  expect(fault.message).toBe('\u0001'.repeat(4096));
  expect(fault.errorType).toHaveLength(200);
  expect(fault.trace).toHaveLength(12);
});

test('a callback waits for an empty event loop unless the context says otherwise', async () => {
  const worker = await node.load({
    'index.cjs': `
      let isDone = false;
      exports.handler = (event, context, callback) => {
        context.callbackWaitsForEmptyEventLoop = event.waits;
        isDone = false;
        setTimeout(() => { isDone = true; }, 30);
        callback(null, { get isDone() { return isDone; } });
      };`,
  });
  expect(await worker.call({ waits: true })).toEqual({ isDone: true });
  expect(await worker.call({ waits: false })).toEqual({ isDone: false });
});

test('a worker that waits for an empty event loop still takes calls', async () => {
  const worker = await node.load({
    'index.cjs': `
      let release;
      exports.handler = (event, context, callback) => {
        if (event === 'release') return release(), callback(null, 'released');
        const timer = setInterval(() => {}, 1000);
        release = () => clearInterval(timer);
        callback(null, 'waited');
      };`,
  });
  const waiting = worker.call('wait');
  expect(await worker.call('release')).toBe('released');
  expect(await waiting).toBe('waited');
});

test('the context is that of AWS Lambda', async () => {
  const worker = await node.module(`
    export const handler = async (event, context) => ({
      ...context, remaining: context.getRemainingTimeInMillis(), names: Object.keys(context).sort(),
    });`);
  const clientContext = { custom: { a: 1 } };
  const reply = await worker.invoke({
    kind: 'payload',
    requestId: 'r-9',
    remaining: 2500,
    arn: 'arn:x',
    clientContext,
  });
  expect(reply.kind).toBe('result');
  const context = JSON.parse((reply as { body: Buffer }).body.toString('utf8')) as Record<string, unknown>;
  expect(context).toEqual({
    awsRequestId: 'r-9',
    functionName: 'shop-api',
    functionVersion: '1',
    invokedFunctionArn: 'arn:x',
    memoryLimitInMB: '128',
    logGroupName: '/funade/shop-api',
    logStreamName: '1',
    clientContext,
    callbackWaitsForEmptyEventLoop: true,
    remaining: expect.any(Number),
    names: expect.arrayContaining(['identity', 'done', 'succeed', 'fail', 'getRemainingTimeInMillis']),
  });
  expect(context['remaining']).toBeGreaterThan(2000);
  expect(context['remaining']).toBeLessThanOrEqual(2500);
});

test('the remaining time runs out and stays at 0', async () => {
  const worker = await node.module(`
    export const handler = async (event, { getRemainingTimeInMillis }) => {
      const first = getRemainingTimeInMillis();
      while (getRemainingTimeInMillis() > 0) await new Promise((resolve) => setTimeout(resolve, 5));
      return [first, getRemainingTimeInMillis()];
    };`);
  const reply = await worker.invoke({ remaining: 60 });
  const [first, last] = JSON.parse((reply as { body: Buffer }).body.toString('utf8')) as number[];
  expect(first).toBeGreaterThan(0);
  expect(last).toBe(0);
});
