import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { InvokeCommand, InvokeWithResponseStreamCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '../../../test/database.ts';
import { type TestHost, asError, removeArtifacts, startTestHost, until } from '../../../test/functions/test-host.ts';

const run = promisify(execFile);

let database: TestDatabase;
let host: TestHost;
let client: LambdaClient;
beforeAll(async () => {
  database = await createTestDatabase();
  host = await startTestHost(database, { eventPauses: [20, 40] });
  client = clientOf('test', 'secret');
  await publish(
    'echo',
    `export const handler = async (event, context) => ({ event, id: context.awsRequestId, arn: context.invokedFunctionArn, client: context.clientContext });`,
  );
  await publish(
    'loud',
    `export const handler = async () => { console.log('first line'); console.error('последняя'); return 1; };`,
  );
  await publish('faulty', FAULTY, { timeout: '60s' }); // filling memory takes a busy machine its time
  await publish('stream', STREAMING);
  await publish('slow', `export const handler = async () => new Promise(() => setInterval(() => {}, 1000));`, {
    timeout: '300ms',
  });
});
afterAll(async () => {
  client.destroy();
  await host.stop();
  await removeArtifacts();
  await database.drop();
});

const FAULTY = `
let count = 0;
export const handler = async (event) => {
  count += 1;
  if (event.exit) process.exit(3);
  if (event.throw) throw new TypeError('the answer is ' + event.throw);
  if (event.hog) { const kept = []; for (;;) kept.push(Buffer.alloc(8 << 20, 1)); }
  if (event.large) return 'x'.repeat(7 * 1024 * 1024);
  if (event.until !== undefined && count < event.until) throw new Error('not yet');
  return count;
};`;
const STREAMING = `
export const handler = awslambda.streamifyResponse(async (event, stream) => {
  for (let n = 0; n < 5; n += 1) { stream.write('part ' + n + '\\n'); await new Promise((r) => setTimeout(r, 10)); }
  if (event.fail) throw new RangeError('broke');
  stream.end();
});`;

async function publish(name: string, code: string, config: Record<string, unknown> = {}) {
  return host.functions.standalone.publish({
    ...{ name, form: 'module', by: 'tester', code: { kind: 'files', files: { 'index.mjs': code } } },
    config: { runtime: 'nodejs', handler: 'index.handler', ...config },
    onFault: asError,
  });
}

function clientOf(accessKeyId: string, secretAccessKey: string): LambdaClient {
  const credentials = { accessKeyId, secretAccessKey };
  return new LambdaClient({ endpoint: host.url, region: 'local', credentials, maxAttempts: 1 });
}

async function invoke(FunctionName: string, payload: unknown = {}, more: object = {}) {
  const answer = await client.send(new InvokeCommand({ FunctionName, Payload: JSON.stringify(payload), ...more }));
  const text = Buffer.from(answer.Payload ?? []).toString('utf8');
  return { ...answer, result: text === '' ? null : (JSON.parse(text) as unknown) };
}

describe('the AWS SDK, unchanged,', () => {
  test('calls a function and reads its result, its version and its request id', async () => {
    const event = { text: 'héllo 🙂', n: 1.5, deep: [{ a: null }] };
    const ClientContext = Buffer.from(JSON.stringify({ custom: { key: 'value' } })).toString('base64');
    const answer = await invoke('echo', event, { ClientContext });
    expect(answer).toMatchObject({ StatusCode: 200, ExecutedVersion: '1' });
    expect(answer.FunctionError).toBeUndefined();
    expect(answer.result).toEqual({
      event,
      id: answer.$metadata.requestId,
      arn: 'arn:aws:lambda:local:000000000000:function:echo:$LATEST',
      client: { custom: { key: 'value' } },
    });
  });

  test.each([
    ['echo', '1', 'echo:1'],
    ['echo:1', undefined, 'echo:1'],
    ['arn:aws:lambda:local:000000000000:function:echo', '$LATEST', 'echo:$LATEST'],
    ['000000000000:function:echo:1', '1', 'echo:1'],
  ])('names it %s with qualifier %s', async (name, Qualifier, arn) => {
    const { result } = await invoke(name, {}, Qualifier === undefined ? {} : { Qualifier });
    expect(result).toMatchObject({ arn: `arn:aws:lambda:local:000000000000:function:${arn}` });
  });

  test('gets the end of the log when it asks for it', async () => {
    const answer = await invoke('loud', {}, { LogType: 'Tail' });
    expect(Buffer.from(answer.LogResult ?? '', 'base64').toString('utf8')).toBe('first line\nпоследняя\n');
    expect((await invoke('loud')).LogResult).toBeUndefined();
  });

  test.each([
    ['threw', 'faulty', { throw: 42 }, 'TypeError: the answer is 42'],
    ['ended its process', 'faulty', { exit: true }, 'Runtime.ExitError: exited with code 3'],
    ['ran out of memory', 'faulty', { hog: true }, 'Runtime.OutOfMemory: process was ended'],
    ['answered too much', 'faulty', { large: true }, 'Function.ResponseSizeTooLarge: dropped'],
    ['took too long', 'slow', {}, 'Sandbox.Timedout: Task timed out after 0.30 seconds'],
  ])('is told of a function that %s as an unhandled error', async (_, name, event, told) => {
    const answer = await invoke(name, event);
    expect(answer).toMatchObject({ StatusCode: 200, FunctionError: 'Unhandled' });
    const [errorType, message = ''] = told.split(': ');
    expect(answer.result).toMatchObject({ errorType, errorMessage: expect.stringContaining(message) });
  });

  test('gets the typed errors of the API', async () => {
    await expect(invoke('nowhere')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await expect(invoke('echo', {}, { Qualifier: 'nowhere' })).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
    const notJson = client.send(new InvokeCommand({ FunctionName: 'echo', Payload: 'no json' }));
    await expect(notJson).rejects.toMatchObject({ name: 'InvalidRequestContentException' });
    const large = client.send(
      new InvokeCommand({ FunctionName: 'echo', Payload: `"${'x'.repeat(6.2 * 1024 * 1024)}"` }),
    );
    await expect(large).rejects.toMatchObject({ name: 'RequestTooLargeException' });
  });

  test('is refused with a wrong secret, and with a key that nobody knows', async () => {
    for (const [key, secret, name] of [
      ['test', 'wrong', 'InvalidSignatureException'],
      ['nobody', 'secret', 'UnrecognizedClientException'],
    ] as const) {
      const other = clientOf(key, secret);
      const call = other.send(new InvokeCommand({ FunctionName: 'echo', Payload: '{}' }));
      await expect(call).rejects.toMatchObject({ name, $metadata: { httpStatusCode: 403 } });
      other.destroy();
    }
  });

  test('tries a call without making it', async () => {
    expect((await invoke('faulty', { exit: true }, { InvocationType: 'DryRun' })).StatusCode).toBe(204);
    await expect(invoke('nowhere', {}, { InvocationType: 'DryRun' })).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  test('reads a streamed answer piece by piece, and learns when it broke', async () => {
    for (const fail of [false, true]) {
      const command = new InvokeWithResponseStreamCommand({
        FunctionName: 'stream',
        Payload: JSON.stringify({ fail }),
      });
      const { EventStream } = await client.send(command);
      let text = '';
      let complete: { ErrorCode?: string | undefined; ErrorDetails?: string | undefined } | undefined;
      for await (const event of EventStream ?? []) {
        text += Buffer.from(event.PayloadChunk?.Payload ?? []).toString('utf8');
        complete ??= event.InvokeComplete;
      }
      expect(text).toBe('part 0\npart 1\npart 2\npart 3\npart 4\n');
      expect(complete?.ErrorCode).toBe(fail ? 'RangeError' : undefined);
      if (fail) expect(JSON.parse(complete?.ErrorDetails ?? '')).toMatchObject({ errorMessage: 'broke' });
    }
    // As a whole, for who does not read streams.
    const whole = await client.send(new InvokeCommand({ FunctionName: 'stream', Payload: '{}' }));
    expect(Buffer.from(whole.Payload ?? []).toString('utf8')).toContain('part 4');
  });
});

describe('an Event', () => {
  test('is accepted at once, and tried again until it succeeds', async () => {
    await publish('patient', FAULTY);
    const answer = await invoke('patient', { until: 3 }, { InvocationType: 'Event' });
    expect([answer.StatusCode, answer.result]).toEqual([202, null]);
    const done = await until(
      () => host.functions.events.get(answer.$metadata.requestId ?? ''),
      ({ state }) => state !== 'queued',
    );
    expect(done).toMatchObject({ state: 'succeeded', attempts: 3, failure: null, requested_by: 'tester' });
  });

  test('that fails three times is a dead letter with its payload, and can be tried again', async () => {
    const { $metadata } = await invoke('faulty', { throw: 'no' }, { InvocationType: 'Event' });
    const id = $metadata.requestId ?? '';
    const dead = await until(
      () => host.functions.events.get(id),
      ({ state }) => state !== 'queued',
    );
    expect(dead).toMatchObject({
      ...{ state: 'dead', attempts: 3, payload: '{"throw":"no"}' },
      failure: { code: 'FUNCTION_ERROR', errorType: 'TypeError', message: 'the answer is no' },
    });
    expect(
      (await host.functions.events.list({ name: 'faulty', state: 'dead', limit: 10 })).map((each) => each.id),
    ).toEqual([id]);
    await host.functions.events.retry(id);
    await until(
      () => host.functions.events.get(id),
      ({ state }) => state === 'dead',
    );
    await expect(host.functions.events.retry('00000000-0000-4000-8000-000000000000')).rejects.toMatchObject({
      code: 'FUN_NOT_FOUND',
    });
  });

  test('of more than 1 MB, or that is no JSON, is refused', async () => {
    const Event = { InvocationType: 'Event' };
    await expect(invoke('echo', 'x'.repeat(1.1 * 1024 * 1024), Event)).rejects.toMatchObject({
      name: 'RequestTooLargeException',
    });
    const notJson = client.send(new InvokeCommand({ FunctionName: 'echo', Payload: '{', InvocationType: 'Event' }));
    await expect(notJson).rejects.toMatchObject({ name: 'InvalidRequestContentException' });
  });

  test('outlives the host that took it', async () => {
    const first = await startTestHost(database, { hostId: 'dying', eventPauses: [60_000, 60_000] });
    await publish('survivor', FAULTY);
    const order = { name: 'survivor', qualifier: null, payload: Buffer.from('{"until":2}'), by: 'tester' };
    const { id } = await first.functions.events.accept({ ...order, idempotencyKey: 'once' });
    expect((await first.functions.events.accept({ ...order, idempotencyKey: 'once' })).id).toBe(id);
    await until(
      () => first.functions.events.get(id),
      ({ attempts }) => attempts === 1,
    );
    await first.stop();
    expect(await host.functions.events.get(id)).toMatchObject({ state: 'queued', attempts: 1 });
  });
});

describe('curl', () => {
  test('calls a function with a bearer token', async () => {
    const url = `${host.url}/2015-03-31/functions/echo/invocations`;
    const { stdout } = await run('curl', ['-sS', '-H', 'authorization: Bearer right', '-d', '{"n":1}', url]);
    expect(JSON.parse(stdout)).toMatchObject({ event: { n: 1 } });
    const refused = await run('curl', [
      '-sS',
      '-w',
      '%{http_code}',
      '-H',
      'authorization: Bearer wrong',
      '-d',
      '{}',
      url,
    ]);
    expect(refused.stdout).toMatch(/UnrecognizedClientException|may not call functions.*403$/s);
  });

  test('calls a function with a signature of its own making', async () => {
    const url = `${host.url}/2015-03-31/functions/echo/invocations`;
    const sign = ['--aws-sigv4', 'aws:amz:local:lambda', '--user', 'test:secret'];
    const { stdout } = await run('curl', [
      '-sS',
      ...sign,
      '-H',
      'content-type: application/json',
      '-d',
      '{"n":2}',
      url,
    ]);
    expect(JSON.parse(stdout)).toMatchObject({ event: { n: 2 } });
  });

  test('is told 501 for what AWS Lambda has and Funade does not, and 404 for what neither has', async () => {
    const status = async (path: string) => {
      const answer = await run('curl', [
        '-sS',
        '-o',
        '/dev/null',
        '-w',
        '%{http_code}',
        '-H',
        'authorization: Bearer right',
        `${host.url}${path}`,
      ]);
      return Number(answer.stdout);
    };
    expect([await status('/2015-03-31/functions'), await status('/2015-03-31/nothing')]).toEqual([501, 404]);
  });
});
