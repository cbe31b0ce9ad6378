import { describe, expect, test } from 'vitest';
import { NODE, PYTHON, PYTHON_OF_BODY, useBootstraps } from '../../../../../test/functions/bootstraps.ts';
import { HTTP, HTTP_CASES } from '../../../../../test/functions/http-cases.ts';
import { describeWithRust, faultOf } from '../../../../../test/functions/rust-workers.ts';
import { FRAME } from '../../frames.ts';

const REQUEST = { ...HTTP, path: '/answer' };
const INTEGRATION = 'application/vnd.awslambda.http-integration-response';
const MEBIBYTES_6 = 6 * 1024 * 1024;

function toHex(...chunks: readonly string[]): readonly string[] {
  return chunks.map((chunk) => Buffer.from(chunk).toString('hex'));
}

describeWithRust(() => {
  const { start } = useBootstraps();

  describe('a bootstrap in Python', () => {
    test('answers calls over one connection', async () => {
      const worker = await start(PYTHON);
      expect(worker.frames.map(({ type, sequence, meta }) => ({ type, sequence, meta }))).toEqual([
        { type: FRAME.READY, sequence: 0, meta: { runtime: 'provided', version: '2018-06-01' } },
        { type: FRAME.READY, sequence: 1, meta: {} },
      ]);
      expect(await worker.call({ greeting: 'Привет' })).toEqual({ greeting: 'Привет' });
      expect(await worker.invoke({})).toEqual({ kind: 'result', meta: {}, body: Buffer.from('{}') });
      const calls = Array.from({ length: 20 }, (_, index) => {
        const meta = { requestId: `request-${index}` };
        return worker.invoke(meta, JSON.stringify({ index }));
      });
      const bodies = (await Promise.all(calls)).map((reply) =>
        reply.kind === 'result' ? reply.body.toString() : reply,
      );
      expect(bodies).toEqual(bodies.map((_, index) => `{"index":${index}}`));
    });

    test('is told about the call in headers', async () => {
      const worker = await start(PYTHON);
      const meta = { requestId: 'r-9', remaining: 5000, arn: 'arn:x', clientContext: { custom: { a: 'é😀\n' } } };
      const before = Date.now();
      const reply = await worker.invoke({ kind: 'payload', ...meta }, '{"do":"headers"}');
      const after = Date.now();
      if (reply.kind === 'error') throw new Error(reply.fault.message);
      const { headers } = JSON.parse(reply.body.toString()) as { headers: Record<string, string> };
      expect(headers).toMatchObject({
        'Content-Type': 'application/json',
        'Lambda-Runtime-Aws-Request-Id': 'r-9',
        'Lambda-Runtime-Invoked-Function-Arn': 'arn:x',
        'Lambda-Runtime-Client-Context': '{"custom":{"a":"\\u00e9\\ud83d\\ude00\\n"}}',
      });
      expect(headers).not.toHaveProperty('Lambda-Runtime-Trace-Id');
      const began = Number(headers['Lambda-Runtime-Deadline-Ms']) - 5000;
      expect(began).toBeGreaterThanOrEqual(before - 1);
      expect(began).toBeLessThanOrEqual(after + 1);
      const traced = { ...REQUEST, path: '/', headers: { 'x-amzn-trace-id': 'Root=1-a' } };
      expect(await worker.invoke(traced)).toMatchObject({ kind: 'result', meta: { status: 200 } });
    });

    test('has the environment of AWS Lambda, its directory, and not fd 3', async () => {
      const variables = { GREETING: 'hé', AWS_LAMBDA_LOG_GROUP_NAME: 'own', _HANDLER: 'forged' };
      const worker = await start(PYTHON, { variables, handler: 'app.handle', memory: 256, functionVersion: '12' });
      const environment = (await worker.call({ do: 'environment' })) as Record<string, unknown>;
      expect(environment).toMatchObject({
        GREETING: 'hé',
        _HANDLER: 'app.handle',
        LAMBDA_TASK_ROOT: environment['cwd'],
        AWS_LAMBDA_RUNTIME_API: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
        AWS_LAMBDA_FUNCTION_NAME: 'shop-api',
        AWS_LAMBDA_FUNCTION_VERSION: '12',
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
        AWS_LAMBDA_LOG_GROUP_NAME: 'own',
        AWS_LAMBDA_LOG_STREAM_NAME: '12',
      });
      expect(environment).not.toHaveProperty('HTTP_PROXY');
    });

    test('with a way out, finds the API beside it', async () => {
      const worker = await start(PYTHON, { egress: '/nowhere.sock' });
      const environment = (await worker.call({ do: 'environment' })) as Record<string, unknown>;
      expect(environment['https_proxy']).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
      expect(environment['NO_PROXY']).toBe('localhost,127.0.0.1,::1');
    });

    test.each([
      ['JSON', '{"a": 1}', '{"a": 1}'],
      ['nothing', '', 'null'],
      ['text', 'hello "you"', '"hello \\"you\\""'],
      ['half of a surrogate pair', '"\\ud800"', '"\\ud800"'],
    ])('may answer with %s', async (_, body, expected) => {
      const worker = await start(PYTHON);
      const reply = await worker.invoke({}, JSON.stringify({ do: 'post', body }));
      expect(reply).toEqual({ kind: 'result', meta: {}, body: Buffer.from(expected) });
    });

    test.each([
      ['bytes', '\xff\xfe'],
      ['a number beyond all doubles', '[1e400]'],
      ['1,001 levels', '['.repeat(1001) + ']'.repeat(1001)],
    ])('can not answer with %s', async (_, body) => {
      const worker = await start(PYTHON);
      const reply = worker.invoke({}, JSON.stringify({ do: 'post', body }));
      expect(await faultOf(reply)).toMatchObject({ errorType: 'Runtime.MarshalError', reason: 'unserialisable' });
    });

    test('may answer in chunks', async () => {
      const worker = await start(PYTHON);
      expect(await worker.call({ do: 'chunked' })).toEqual({ a: 'x'.repeat(100_000) });
    });

    test('may answer with 6 MiB, and gets 413 for more, which is an answer too', async () => {
      const worker = await start(PYTHON);
      expect(await worker.call({ do: 'large', length: MEBIBYTES_6 - 2 })).toHaveLength(MEBIBYTES_6 - 2);
      expect(await faultOf(worker.invoke({}, JSON.stringify({ do: 'large', length: MEBIBYTES_6 - 1 })))).toMatchObject({
        errorType: 'Function.ResponseSizeTooLarge',
        reason: 'response_too_large',
      });
      await expect.poll(() => worker.output()).toBe('large: 202 400\nlarge: 413 400\n');
    });

    test('tells errors in the words of its language', async () => {
      const worker = await start(PYTHON);
      const error = {
        errorType: 'KeyError',
        errorMessage: "'a'",
        stackTrace: ['  File "a.py", line 1\n', { line: 2 }],
      };
      expect(await faultOf(worker.invoke({}, JSON.stringify({ do: 'error', error })))).toEqual({
        errorType: 'KeyError',
        message: "'a'",
        trace: ['File "a.py", line 1', '{"line":2}'],
      });
      expect(await faultOf(worker.invoke({}, JSON.stringify({ do: 'error', error: {} })))).toEqual({
        errorType: 'Header.Type',
        message: '',
        trace: [],
      });
      expect(await faultOf(worker.invoke({}, '{"do":"error text"}'))).toMatchObject({ message: 'not JSON' });
      await expect.poll(() => worker.output()).toContain(`error: (202, '{"status":"OK"}\\n')`);
    });

    test('gets 400 for a call that is not its, 404 for what is not there, 403 for a start that is over', async () => {
      const worker = await start(PYTHON);
      const statuses = (await worker.call({ do: 'wrong' })) as [number, string][];
      expect(statuses.map(([status]) => Number(status))).toEqual([400, 404, 403, 404]);
      expect(JSON.parse(statuses[0]?.[1] ?? '')).toEqual({
        errorMessage: 'Invalid request ID',
        errorType: 'InvalidRequestID',
      });
      await expect.poll(() => worker.output()).toBe('twice: 202 400\n');
    });

    test('may expect to be asked for its body', async () => {
      const worker = await start(PYTHON);
      expect(await worker.call({ do: 'continue' })).toBeNull();
      await expect.poll(() => worker.output()).toBe('HTTP/1.1 100 Continue\n');
    });

    test('may break an answer off and answer again', async () => {
      const worker = await start(PYTHON);
      expect(await worker.call({ do: 'cut' })).toBe('again');
    });
  });

  describe('a call', () => {
    test.each([
      ['no JSON', '{'],
      ['text that is not UTF-8', Buffer.from([0x22, 0xff, 0x22])],
      ['a number beyond all doubles', '1e400'],
      ['1,001 levels', '['.repeat(1001) + ']'.repeat(1001)],
    ])('with %s never reaches the bootstrap', async (_, body) => {
      const worker = await start(PYTHON);
      expect(await faultOf(worker.invoke({}, body))).toMatchObject({ reason: 'invalid_event' });
      expect(await worker.call(1)).toBe(1);
    });

    test.each(HTTP_CASES.events)('$name', async ({ meta, body, event }) => {
      const worker = await start(PYTHON);
      const reply = await worker.invoke(meta, Buffer.from(body, 'base64'));
      if (reply.kind === 'error') throw new Error(reply.fault.message);
      expect(JSON.parse(reply.body.toString())).toEqual(event);
    });

    test.each(HTTP_CASES.answers)('$name', async ({ value, meta, body, reason }) => {
      const worker = await start(PYTHON);
      const reply = await worker.invoke(REQUEST, JSON.stringify(value));
      if (reason !== undefined) expect(reply).toMatchObject({ kind: 'error', fault: { reason } });
      else expect(reply).toEqual({ kind: 'result', meta, body: Buffer.from(body ?? '', 'base64') });
    });
  });

  describe('a stream', () => {
    test('is passed on as it comes, with its type', async () => {
      const worker = await start(PYTHON);
      const reply = await worker.invoke(
        {},
        JSON.stringify({ do: 'stream', chunks: toHex('one ', '\0'.repeat(8), 'two') }),
      );
      expect(reply).toEqual({
        kind: 'result',
        meta: { status: 200, headers: { 'content-type': 'text/plain' }, cookies: [], stream: true },
        body: Buffer.from(`one ${'\0'.repeat(8)}two`),
      });
      await expect.poll(() => worker.output()).toBe('stream: 202\n');
    });

    test('of an HTTP call begins with status, headers and cookies, wherever its chunks are cut', async () => {
      const worker = await start(PYTHON_OF_BODY);
      const whole = `${JSON.stringify({ statusCode: 206, headers: { 'X-A': 1 }, cookies: ['a=1'] })}${'\0'.repeat(8)}body`;
      for (const chunks of [[whole], whole.split('')]) {
        const body = JSON.stringify({ do: 'stream', type: INTEGRATION, chunks: toHex(...chunks) });
        expect(await worker.invoke({ ...REQUEST, path: '/x' }, body)).toEqual({
          kind: 'result',
          meta: {
            status: 206,
            headers: { 'x-a': '1', 'content-type': 'application/octet-stream' },
            cookies: ['a=1'],
            stream: true,
          },
          body: Buffer.from('body'),
        });
      }
    });

    test.each([
      ['without its end', ['{"statusCode":200}']],
      ['that is no JSON', ['nothing', '\0'.repeat(8)]],
      ['with a wrong status', ['{"statusCode":99}', '\0'.repeat(8)]],
    ])('with a prelude %s is a bad response', async (_, chunks) => {
      const worker = await start(PYTHON_OF_BODY);
      const body = JSON.stringify({ do: 'stream', type: INTEGRATION, chunks: toHex(...chunks) });
      expect(await faultOf(worker.invoke({ ...REQUEST, path: '/x' }, body))).toMatchObject({ reason: 'bad_response' });
    });

    test('that breaks off ends with a fault', async () => {
      const worker = await start(PYTHON);
      const order = { do: 'stream', cut: true, chunks: toHex('one') };
      expect(await faultOf(worker.invoke({}, JSON.stringify(order)))).toMatchObject({
        errorType: 'Runtime.TruncatedResponse',
      });
      expect(await worker.call(1)).toBe(1);
    });

    test('tells what broke it in trailers', async () => {
      const worker = await start(NODE);
      expect(await faultOf(worker.invoke({}, '{"stream":true,"breaks":true}'))).toEqual({
        errorType: 'Stream.Broken',
        message: 'no more',
        trace: ['at a', 'at b'],
      });
      const whole = await worker.invoke({}, '{"stream":true}');
      expect(whole).toMatchObject({ kind: 'result', body: Buffer.from('one two') });
    });
  });
});
