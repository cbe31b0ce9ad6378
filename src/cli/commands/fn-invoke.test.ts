import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createFnRig } from '../../../test/fn-rig.ts';

const { plane, folder, funade } = createFnRig();
const MIB = 1024 * 1024;
const ROUTE = 'POST /api/v1/functions/calc/invocations';
const HEADERS = { 'x-funade-version': '3', 'x-funade-duration-ms': '1.234', 'x-funade-replayed': 'false' };

test('invoke sends the event as it was typed and prints the result as it came', async () => {
  plane().route(ROUTE, ({ text, headers, query }) => {
    expect(text).toBe('{"a": 1e400 }');
    expect(headers['content-type']).toBe('application/json');
    expect(query).toEqual({ qualifier: 'live' });
    return { text: ['{"n":10000000000000000001, ', '"big":1e400}'], headers: HEADERS };
  });
  const { code, stdout, stderr } = await funade(['invoke', 'calc', '--qualifier', 'live', '--data', '{"a": 1e400 }']);
  expect([code, stdout]).toEqual([0, '{"n":10000000000000000001, "big":1e400}\n']);
  expect(stderr).toBe('calc v3, 1.2 ms\n');
});

test('on a terminal the result is spread over lines, its numbers as they were and nothing that moves the cursor', async () => {
  plane().route(ROUTE, { text: ['{"n":10000000000000000001,"s":"\u009B2J\u202E","list":[],"of":[1,{}]}'] });
  const { stdout } = await funade(['invoke', 'calc'], { tty: true });
  expect(stdout.split('\n')).toEqual([
    '{',
    '  "n": 10000000000000000001,',
    String.raw`  "s": "\u009b2J\u202e",`,
    '  "list": [],',
    '  "of": [',
    '    1,',
    '    {}',
    '  ]',
    '}',
    '',
  ]);
  const json = await funade(['invoke', 'calc', '--json'], { tty: true });
  expect(json.stdout.split('\n')).toHaveLength(2);
  expect(json.stderr).toBe('');
});

test('the event comes from a file or from standard input, and without one no body is sent', async () => {
  plane().route(ROUTE, ({ text }) => ({ json: text }));
  await writeFile(join(folder(), 'event.json'), '{"from":"file"}');
  expect((await funade(['invoke', 'calc', '-d', '@event.json'])).stdout).toBe(`${JSON.stringify('{"from":"file"}')}\n`);
  const piped = await funade(['invoke', 'calc', '--data', '-'], { input: '["stdin"]' });
  expect(piped.stdout).toBe(`${JSON.stringify('["stdin"]')}\n`);
  expect((await funade(['invoke', 'calc'])).stdout).toBe('""\n');
  expect(plane().seen.at(-1)?.headers['content-type']).toBeUndefined();
  const gone = await funade(['invoke', 'calc', '--data', '@gone.json']);
  expect(gone.code).toBe(2);
  expect(gone.stderr).toContain("'gone.json' can not be read");
});

const THROWN = {
  status: 422,
  code: 'FUNCTION_ERROR',
  detail: 'TypeError: a is undefined',
  fix: 'Read its log.',
  details: { by: 'function', errorType: 'TypeError', trace: ['    at handler (index.mjs:3:9)'] },
};

test('a function that threw ends with 1: its error, its trace and where its log is', async () => {
  plane().route(ROUTE, { problem: THROWN });
  const { code, stdout, stderr } = await funade(['invoke', 'calc']);
  expect([code, stdout]).toEqual([1, '']);
  for (const part of ['FUNCTION_ERROR', 'TypeError: a is undefined', 'at handler (index.mjs:3:9)', 'Read its log.']) {
    expect(stderr).toContain(part);
  }
  expect(stderr).toContain('→ funade fn logs calc');
  const json = await funade(['invoke', 'calc', '--json']);
  expect(json.code).toBe(1);
  expect(JSON.parse(json.stdout)).toMatchObject({ error: { code: 'FUNCTION_ERROR', details: THROWN.details } });
});

test.each([
  ['FUNCTION_TIMEOUT', 504, 'function', 1],
  ['FUNCTION_OUT_OF_MEMORY', 507, 'function', 1],
  ['THROTTLED', 429, 'platform', 1],
  ['ISOLATION_UNAVAILABLE', 503, 'platform', 1],
  ['INVALID_JSON', 400, 'caller', 2],
])('%s ends with its own code: a server that answers was reached', async (code, status, by, exit) => {
  plane().route(ROUTE, { problem: { status, code, detail: 'It failed.', details: { by } } });
  const failed = await funade(['invoke', 'calc', '--data', '{}']);
  expect(failed.code).toBe(exit);
  expect(failed.stderr).toContain(code);
});

test.each([
  [['--data', '@huge.json'], 6 * MIB + 1, '6 MiB'],
  [['--data', '@huge.json', '--event'], MIB + 1, '1 MiB'],
])('%j that is larger than the server takes is refused before it is sent', async (argv, size, limit) => {
  await writeFile(join(folder(), 'huge.json'), '');
  await truncate(join(folder(), 'huge.json'), size);
  const { code, stderr } = await funade(['invoke', 'calc', ...argv]);
  expect([code, plane().seen]).toEqual([2, []]);
  expect(stderr).toContain(`FUN_BODY_TOO_LARGE  Can't take a body larger than ${limit}.`);
});

test('the largest event that the server takes is sent', async () => {
  await writeFile(join(folder(), 'large.json'), `"${'x'.repeat(6 * MIB - 2)}"`);
  plane().route(ROUTE, ({ text }) => ({ json: text.length }));
  expect((await funade(['invoke', 'calc', '--data', '@large.json'])).stdout).toBe(`${6 * MIB}\n`);
});

test('--timeout ends the wait for a result with 5', async () => {
  plane().route(ROUTE, { stream: () => {} });
  const { code, stderr } = await funade(['invoke', 'calc', '--timeout', '200ms']);
  expect(code).toBe(5);
  expect(stderr).toContain('Stopped waiting for calc after 200ms');
  expect(stderr).toContain('→ funade fn logs calc');
});

test.each([
  [['shop-hello'], '--qualifier', 'funade fn invoke shop-hello --qualifier <environment>'],
  [['calc', '--qualifier', 'nope'], 'an alias or version that is there', 'funade fn alias calc'],
  [['nope'], 'Ask for a list.', 'funade fn list'],
])('what %j did not find is told by what was typed', async (argv, fix, command) => {
  for (const name of ['calc', 'shop-hello', 'nope']) {
    plane().route(`POST /api/v1/functions/${name}/invocations`, {
      problem: { status: 404, code: 'FUN_NOT_FOUND', detail: `Can't find function ${name}.`, fix: 'Ask for a list.' },
    });
  }
  const { code, stderr } = await funade(['invoke', ...argv]);
  expect(code).toBe(2);
  expect(stderr.replaceAll(/\s+/gu, ' ')).toContain(fix);
  expect(stderr).toContain(`→ ${command}`);
});

test('--event prints the id of the call alone, and says when the key was used before', async () => {
  const id = '0b9f3c52-6a0e-4a55-9d3c-0f6a3c0d2b11';
  let calls = 0;
  plane().route(ROUTE, ({ query, headers }) => {
    expect(query).toEqual({ type: 'event' });
    expect(headers['idempotency-key']).toBe('order-7');
    calls += 1;
    return { json: { id, state: 'queued', duplicate: calls > 1 }, status: 202 };
  });
  const argv = ['invoke', 'calc', '--event', '--idempotency-key', 'order-7', '--data', '{}'];
  expect(await funade(argv)).toEqual({ code: 0, stdout: `${id}\n`, stderr: '' });
  const again = await funade(argv);
  expect([again.stdout, again.stderr]).toEqual([
    `${id}\n`,
    'An earlier call with the same key was accepted under this id.\n',
  ]);
});

test('a result that was not computed now says so', async () => {
  plane().route(ROUTE, {
    text: ['3'],
    headers: { ...HEADERS, 'x-funade-replayed': 'true', 'x-funade-cached': 'true' },
  });
  const { stderr } = await funade(['invoke', 'calc', '--idempotency-key', 'order-7']);
  expect(stderr).toContain('an earlier call with the same key');
  expect(stderr).toContain('kept for the same event');
});
