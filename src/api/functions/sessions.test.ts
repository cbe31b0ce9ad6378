import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FunctionApiRig, createFunctionApiRig } from '../../../test/functions/api-rig.ts';

let rig: FunctionApiRig;
beforeAll(async () => {
  rig = await createFunctionApiRig();
});
afterAll(() => rig.close());

const ADD = 'return event.params.a + event.params.b;';

async function initialize(title: string, script?: string, more: object = {}) {
  const body = { ...(script === undefined ? {} : { script_content: script }), ...more };
  return rig.send('POST /initialize', { body, headers: { 'language-title': title } });
}

async function open(title: string, script?: string, more: object = {}): Promise<string> {
  const answer = await initialize(title, script, more);
  expect(answer.body).toMatchObject({ status: 'initialized' });
  return answer.body.request_id as string;
}

const execute = (id: string, params: unknown) => rig.send(`POST /execute/${id}`, { body: { params } });

describe('a session', () => {
  test('is opened with a script, called, and tells its state', async () => {
    const answer = await initialize('nodejs-adder', ADD);
    expect([answer.status, answer.body]).toEqual([
      200,
      { request_id: expect.any(String), status: 'initialized', expires_at: expect.stringMatching(/^\d{4}-.*Z$/) },
    ]);
    const id = answer.body.request_id as string;
    const executed = await execute(id, { a: 19, b: 23 });
    expect([executed.status, executed.body]).toEqual([
      200,
      {
        request_id: id,
        language_title: 'nodejs-adder',
        execution_time_ms: expect.any(Number),
        cached: false,
        result: 42,
      },
    ]);
    expect((await rig.send(`GET /sessions/${id}`)).body).toMatchObject({
      request_id: id,
      language_title: 'nodejs-adder',
      status: 'active',
      execution_count: 1,
      error_count: 0,
    });
  });

  test('goes on without a script: the function is there', async () => {
    await open('nodejs-known', 'return event.context.who;');
    const id = await open('nodejs-known', undefined, { context: { who: 'aoi' } });
    expect((await execute(id, {})).body.result).toBe('aoi');
  });

  test.each(['python-none', 'go-adder', 'nodejs-', 'Nodejs-a', 'nodejs-ä', ''])(
    'of a function %j that there can’t be is refused',
    async (title) => {
      const answer = await initialize(title);
      expect([title, answer.status]).toEqual([title, title === 'python-none' ? 404 : 400]);
      expect(answer.body.error.code).toBe(title === 'python-none' ? 'NOT_FOUND' : 'INVALID_REQUEST');
    },
  );
});

describe('faults', () => {
  test('a script that throws is 422, with the function as the culprit', async () => {
    const id = await open('nodejs-thrower', 'throw new RangeError("too far");');
    const { status, body } = await execute(id, {});
    expect([status, body.error]).toEqual([
      422,
      {
        code: 'FUNCTION_ERROR',
        message: 'RangeError: too far',
        requestId: expect.any(String),
        details: { by: 'function', errorType: 'RangeError', trace: expect.anything() },
      },
    ]);
  });

  test.each([
    ['nodejs', 'const a = 1;\nreturn a +;', 2],
    ['python', 'def handler(event, context):\n    return 1 +\n', 2],
    ['rust', 'fn handler(event: Value) -> Result<f64, String> {\n    Ok(1.0 + nothing)\n}\n', 2],
  ])('a script in %s that does not compile is 422 with line and column', async (language, script, line) => {
    const { status, body } = await initialize(`${language}-broken`, script);
    expect([status, body.error.code]).toEqual([422, 'COMPILE_ERROR']);
    expect(body.error.details).toMatchObject({ line, column: expect.any(Number) });
    expect((await initialize(`${language}-broken`)).status).toBe(404);
  });

  test('an id that is none is 404', async () => {
    for (const call of ['POST /execute/nothing', 'GET /sessions/nothing']) {
      const { status, body } = await rig.send(call, call.startsWith('POST') ? { body: {} } : {});
      expect([status, body.error.code]).toEqual([404, 'SESSION_NOT_FOUND']);
    }
  });

  test('a body that is no object with an object `params` is 400', async () => {
    const id = await open('nodejs-adder', ADD);
    for (const body of ['[]', '{"params":[1]}', '{"params":3}', 'null', '"x"']) {
      const answer = await rig.send(`POST /execute/${id}`, { body });
      expect([body, answer.status, answer.body.error.code]).toEqual([body, 400, 'INVALID_REQUEST']);
    }
    for (const body of ['{', '{"params":{"a":1e400}}', '{"params":{"a":01}}', Buffer.from([0x7b, 0xff, 0x7d])]) {
      const answer = await rig.send(`POST /execute/${id}`, { body });
      expect([String(body), answer.status, answer.body.error.code]).toEqual([String(body), 400, 'INVALID_JSON']);
    }
    const form = await rig.send(`POST /execute/${id}`, { body: 'a=1', headers: { 'content-type': 'text/css' } });
    expect([form.status, form.body.error.code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
    expect(form.body.detail).toContain('text/css');
    const headers = { 'language-title': 'nodejs-adder' };
    const context = await rig.send('POST /initialize', { body: '{"context":{"a":1e400}}', headers });
    expect([context.status, context.body.error.code]).toEqual([400, 'INVALID_JSON']);
  });

  test('more than 6 MB are 413', async () => {
    const id = await open('nodejs-adder', ADD);
    const answer = await execute(id, { a: 'x'.repeat(6 * 1024 * 1024) });
    expect([answer.status, answer.body.error.code]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
    const script = await initialize('nodejs-long', `return "${'x'.repeat(1024 * 1024)}";`);
    expect([script.status, script.body.error.code]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
  });

  test('an answer of more than 6 MB is 502, and the next call works', async () => {
    const id = await open('nodejs-large', 'return "x".repeat(event.params.n);');
    const large = await execute(id, { n: 6 * 1024 * 1024 + 1 });
    expect([large.status, large.body.error.code]).toEqual([502, 'RESPONSE_TOO_LARGE']);
    expect((await execute(id, { n: 3 })).body.result).toBe('xxx');
  });

  test('a script that loops is 504 after its deadline', async () => {
    const id = await open('nodejs-loop', 'while (event.params.loop) {} return 1;');
    const before = performance.now();
    const { status, body } = await execute(id, { loop: true });
    expect([status, body.error.code, body.error.details.by]).toEqual([504, 'FUNCTION_TIMEOUT', 'function']);
    expect(performance.now() - before).toBeLessThan(6000);
    expect((await execute(id, {})).body.result).toBe(1);
  });
});

const ECHO = {
  nodejs: 'return event.params;',
  python: 'def handler(event, context):\n    return event["params"]\n',
  rust: 'fn handler(event: Value) -> Result<Value, String> { Ok(event["params"].clone()) }\n',
};

describe.each(Object.entries(ECHO))('what is sent to %s comes back', (language, script) => {
  let id: string;
  beforeAll(async () => {
    id = await open(`${language}-echo`, script);
  });

  test.each([
    ['unicode', { text: 'Grüße, 世界 🚢 \u0000 \u2028 "quoted" \\' }],
    ['keys that mean something elsewhere', { __proto__x: 1, constructor: { prototype: [] }, '': null }],
    ['numbers', { values: [0, -1, 1.5, 1e308, -1e-308, 9007199254740991] }],
  ])('%s', async (_name, params) => {
    expect((await execute(id, params)).body.result).toEqual(params);
  });

  test('600 levels of nesting', async () => {
    const params = `{"deep":${'['.repeat(600)}1${']'.repeat(600)}}`;
    const { status, body } = await rig.send(`POST /execute/${id}`, { body: `{"params":${params}}` });
    expect([status, JSON.stringify(body.result)]).toEqual([200, params]);
  });

  test('more nesting than any stack is refused, and nothing hangs', async () => {
    const params = `{"deep":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
    const { status, body } = await rig.send(`POST /execute/${id}`, { body: `{"params":${params}}` });
    expect([status, body.error.code]).toEqual([400, 'INVALID_JSON']);
  });
});

describe('who may do it', () => {
  test('a token with the scope of one language opens and calls that language only', async () => {
    const headers = { 'language-title': 'python-scoped' };
    const body = { script_content: 'result = params["n"] * 2' };
    const opened = await rig.send('POST /initialize', { as: ['execute:python'], body, headers });
    expect(opened.status).toBe(200);
    const call = `POST /execute/${opened.body.request_id}`;
    expect((await rig.send(call, { as: ['execute:python'], body: { params: { n: 21 } } })).body.result).toBe(42);
    const other = await rig.send(call, { as: ['execute:nodejs'], body: {} });
    expect([other.status, other.body.error.code]).toEqual([403, 'FORBIDDEN']);
    const refused = await rig.send('POST /initialize', { as: ['execute:nodejs'], body, headers });
    expect([refused.status, refused.body.error.code]).toEqual([403, 'FORBIDDEN']);
    expect((await rig.send(call, { as: ['execute:all'], body: { params: { n: 1 } } })).body.result).toBe(2);
  });

  test('reading is a scope of its own', async () => {
    expect((await rig.send('GET /functions', { as: ['execute:all'] })).status).toBe(403);
    expect((await rig.send('GET /functions', { as: ['read:functions'] })).status).toBe(200);
    const headers = { 'language-title': 'nodejs-any' };
    expect((await rig.send('POST /initialize', { as: ['read:functions'], body: {}, headers })).status).toBe(403);
  });

  test('without a token it is 401, in the form of the session API', async () => {
    for (const call of ['POST /initialize', 'POST /execute/x', 'GET /functions']) {
      const answer = await rig.send(call, { as: null, ...(call.startsWith('P') ? { body: {} } : {}) });
      expect([call, answer.status, answer.body.error?.code]).toEqual([call, 401, 'UNAUTHENTICATED']);
    }
  });
});

describe('functions that sessions brought', () => {
  test('are listed and found under their titles, by page', async () => {
    await open('nodejs-listed-a', 'return 1;');
    await open('python-listed-b', 'result = 1');
    const listed = await rig.send('GET /functions?type=session&per_page=2&page=1');
    expect(listed.body).toMatchObject({ page: 1, per_page: 2 });
    expect(listed.body.functions).toHaveLength(2);
    expect(listed.body.total_pages).toBe(Math.ceil(listed.body.total / 2));
    const python = await rig.send('GET /functions?language=python&per_page=100');
    expect(new Set(python.body.functions.map(({ language }: { language: string }) => language))).toEqual(
      new Set(['python']),
    );
    expect((await rig.send('GET /functions/python-listed-b')).body).toMatchObject({
      name: 'python-listed-b',
      language_title: 'python-listed-b',
      title: 'listed-b',
      type: 'session',
      version: 1,
      schema: null,
      examples: [],
    });
    const far = await rig.send('GET /functions?per_page=101');
    expect([far.status, far.body.error.code]).toEqual([400, 'INVALID_REQUEST']);
  });
});
