import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Reply, type WireWorker, startWorker } from '../../../../test/functions/wire.ts';
import { FRAME } from '../frames.ts';
import { type Workshop, openWorkshop, searchToolchain } from './testing.ts';

const toolchain = await searchToolchain(process.env['PATH'] ?? '', homedir());
if ('missing' in toolchain && process.env['CI'] === 'true') throw new Error(`CI needs Rust: ${toolchain.missing}`);

/** A runtime as one finds them in the documentation of AWS, with a function that does what the event says. */
const PYTHON = `#!/usr/bin/python3
import http.client, json, os, socket, subprocess, sys, time
api = os.environ['AWS_LAMBDA_RUNTIME_API']
base = '/2018-06-01/runtime/invocation/'
connection = http.client.HTTPConnection(api)

def post(path, body, headers={}, chunked=False):
    connection.request('POST', path, body, headers, encode_chunked=chunked)
    response = connection.getresponse()
    return response.status, response.read().decode()

def raw(text):
    host, port = api.split(':')
    with socket.create_connection((host, int(port))) as direct:
        direct.sendall(text)
        direct.settimeout(5)
        return direct.recv(65536).decode()

while True:
    connection.request('GET', base + 'next')
    response = connection.getresponse()
    body = response.read()
    event, headers = json.loads(body), response.headers
    request_id = headers['Lambda-Runtime-Aws-Request-Id']
    answer, fail = base + request_id + '/response', base + request_id + '/error'
    order = event.get('do') if isinstance(event, dict) else None
    if isinstance(event, dict) and event.get('rawPath') == '/answer':
        post(answer, event.get('body', '').encode())
    elif order == 'headers':
        post(answer, json.dumps({'headers': dict(headers), 'now': time.time() * 1000}))
    elif order == 'environment':
        post(answer, json.dumps({**os.environ, 'cwd': os.getcwd(), 'fds': os.listdir('/proc/self/fd')}))
    elif order == 'post':
        post(answer, event['body'].encode('latin-1'))
    elif order == 'chunked':
        post(answer, iter([b'{"a":', b'', b'"' + b'x' * 100000 + b'"}']), {'Transfer-Encoding': 'chunked'}, True)
    elif order == 'large':
        status = post(answer, json.dumps('x' * event['length']))
        print('large:', status[0], post(fail, '{}')[0], flush=True)
    elif order == 'error':
        print('error:', post(fail, json.dumps(event['error']), {'Lambda-Runtime-Function-Error-Type': 'Header.Type'}), flush=True)
    elif order == 'error text':
        post(fail, 'not JSON', {'Lambda-Runtime-Function-Error-Type': 'Header.Type'})
    elif order == 'wrong':
        statuses = [post(base + 'other/response', '1'), post('/2018-06-01/elsewhere', '1'), post('/2018-06-01/runtime/init/error', '{}')]
        statuses.append((raw(b'GET /2018-06-01/runtime/ HTTP/1.0\\r\\n\\r\\n').split(' ')[1], ''))
        first = post(answer, json.dumps(statuses))
        print('twice:', first[0], post(answer, '1')[0], flush=True)
    elif order == 'continue':
        print(raw(('POST ' + answer + ' HTTP/1.1\\r\\nExpect: 100-continue\\r\\nContent-Length: 0\\r\\n\\r\\n').encode()).split('\\r\\n')[0], flush=True)
    elif order == 'stream':
        chunks = [bytes.fromhex(chunk) for chunk in event['chunks']]
        framed = b''.join(b'%x\\r\\n%s\\r\\n' % (len(chunk), chunk) for chunk in chunks)
        head = 'POST ' + answer + ' HTTP/1.1\\r\\nTransfer-Encoding: chunked\\r\\nLambda-Runtime-Function-Response-Mode: streaming\\r\\nContent-Type: ' + event.get('type', 'text/plain') + '\\r\\n\\r\\n'
        end = '' if event.get('cut') else '0\\r\\n' + event.get('trailers', '') + '\\r\\n'
        if event.get('cut'):
            with socket.create_connection(tuple([api.split(':')[0], int(api.split(':')[1])])) as direct:
                direct.sendall(head.encode() + framed)
        else:
            print('stream:', raw(head.encode() + framed + end.encode()).split(' ')[1], flush=True)
    elif order == 'cut':
        with socket.create_connection(tuple([api.split(':')[0], int(api.split(':')[1])])) as direct:
            direct.sendall(('POST ' + answer + ' HTTP/1.1\\r\\nContent-Length: 10\\r\\n\\r\\n12').encode())
        time.sleep(0.2)
        post(answer, '"again"')
    elif order == 'exit':
        sys.exit(event['code'])
    elif order == 'kill':
        os.kill(os.getpid(), 9)
    elif order == 'loop':
        print('pid', os.getpid(), flush=True)
        while True:
            pass
    elif order == 'sleep':
        time.sleep(event['for'])
        post(answer, '"slept"')
    else:
        post(answer, body)
`;

/** Takes its orders from the body of a request. */
const PYTHON_OF_BODY = PYTHON.replace(
  "order = event.get('do')",
  "event = json.loads(event['body']); order = event.get('do')",
);

const SHELL = `#!/bin/sh
set -eu
echo "started with $_HANDLER in $LAMBDA_TASK_ROOT"
while true; do
  event=$(curl -sS -D headers -X GET "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/next")
  id=$(sed -n 's/^Lambda-Runtime-Aws-Request-Id: //p' headers | tr -d '\\r')
  curl -sS -X POST "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/$id/response" -d "Echoing request: '$event'"
done
`;

/** Asks for calls on several connections at a time, answers on others, and streams with trailers. */
const NODE = `#!${process.execPath}
const http = require('node:http');
const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
const agent = new http.Agent({ keepAlive: true });
const base = '/2018-06-01/runtime/invocation/';
function send(method, path, headers, write) {
  return new Promise((resolve, reject) => {
    const request = http.request({ host, port, method, path, headers, agent }, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts).toString() }));
    });
    request.on('error', reject);
    write(request);
  });
}
async function work() {
  for (;;) {
    const next = await send('GET', base + 'next', {}, (request) => request.end());
    const id = next.headers['lambda-runtime-aws-request-id'];
    const event = JSON.parse(next.body);
    await new Promise((resolve) => setTimeout(resolve, event.wait ?? 0));
    if (!event.stream) {
      await send('POST', base + id + '/response', {}, (request) => request.end(JSON.stringify(event)));
      continue;
    }
    const headers = { 'Lambda-Runtime-Function-Response-Mode': 'streaming', Trailer: 'Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body' };
    await send('POST', base + id + '/response', headers, (request) => {
      request.write('one ');
      request.write('two');
      if (event.breaks) {
        const body = JSON.stringify({ errorType: 'Stream.Broken', errorMessage: 'no more', stackTrace: ['at a', 'at b'] });
        request.addTrailers({ 'Lambda-Runtime-Function-Error-Type': 'Header.Type', 'Lambda-Runtime-Function-Error-Body': Buffer.from(body).toString('base64') });
      }
      request.end();
    });
  }
}
for (let worker = 0; worker < 3; worker++) work();
`;

const FIXTURES = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../../test/fixtures/http-events.json'), 'utf8'),
) as {
  readonly events: readonly { name: string; meta: Record<string, unknown>; body: string; event: unknown }[];
  readonly answers: readonly { name: string; value: unknown; meta?: unknown; body?: string; reason?: string }[];
};
const REQUEST = {
  ...(FIXTURES.events[0]?.meta as { kind: 'http' }),
  method: 'POST',
  path: '/answer',
  headers: { 'content-type': 'application/json' },
};
const INTEGRATION = 'application/vnd.awslambda.http-integration-response';
const MEBIBYTES_6 = 6 * 1024 * 1024;

const hasNetworks = spawnSync('/usr/bin/unshare', ['--net', '/bin/sh', '-c', 'ip link set lo up']).status === 0;

function toHex(...chunks: readonly string[]): readonly string[] {
  return chunks.map((chunk) => Buffer.from(chunk).toString('hex'));
}

describe.skipIf('missing' in toolchain)(`with rustc (${'missing' in toolchain ? toolchain.missing : 'here'})`, () => {
  let workshop: Workshop;
  let shim = '';
  const workers: WireWorker[] = [];

  beforeAll(async () => {
    if ('missing' in toolchain) return;
    workshop = await openWorkshop(toolchain);
    shim = await workshop.shim();
  }, 240_000);
  afterEach(() => {
    for (const worker of workers.splice(0)) (worker.child.stdio[3] as Duplex).destroy();
  });
  afterAll(() => workshop?.close());

  async function directoryWith(bootstrap: string, mode = 0o755): Promise<string> {
    const directory = await mkdtemp(join(workshop.directory, 'task-'));
    await writeFile(join(directory, 'bootstrap'), bootstrap);
    await chmod(join(directory, 'bootstrap'), mode);
    return directory;
  }

  function open(argv: readonly string[] = [shim]): WireWorker {
    const worker = startWorker(argv);
    workers.push(worker);
    return worker;
  }

  async function start(bootstrap: string, order: Parameters<WireWorker['load']>[0] = {}): Promise<WireWorker> {
    const worker = open();
    expect(await worker.load({ directory: await directoryWith(bootstrap), ...order })).toEqual({ kind: 'ready' });
    return worker;
  }

  async function fault(reply: Promise<Reply>) {
    const settled = await reply;
    if (settled.kind === 'result') throw new Error(`a result: ${settled.body.toString()}`);
    return settled.fault;
  }

  async function endsWithin(worker: WireWorker, milliseconds: number) {
    const late = new Promise((resolve) => setTimeout(() => resolve('still there'), milliseconds).unref());
    return await Promise.race([worker.exited, late]);
  }

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
      const reply = await worker.invoke({ kind: 'payload', ...meta }, '{"do":"headers"}');
      if (reply.kind === 'error') throw new Error(reply.fault.message);
      const { headers, now } = JSON.parse(reply.body.toString()) as { headers: Record<string, string>; now: number };
      expect(headers).toMatchObject({
        'Content-Type': 'application/json',
        'Lambda-Runtime-Aws-Request-Id': 'r-9',
        'Lambda-Runtime-Invoked-Function-Arn': 'arn:x',
        'Lambda-Runtime-Client-Context': '{"custom":{"a":"\\u00e9\\ud83d\\ude00\\n"}}',
      });
      expect(headers).not.toHaveProperty('Lambda-Runtime-Trace-Id');
      expect(Math.abs(Number(headers['Lambda-Runtime-Deadline-Ms']) - now - 5000)).toBeLessThan(2000);
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
      expect(await fault(reply)).toMatchObject({ errorType: 'Runtime.MarshalError', reason: 'unserialisable' });
    });

    test('may answer in chunks', async () => {
      const worker = await start(PYTHON);
      expect(await worker.call({ do: 'chunked' })).toEqual({ a: 'x'.repeat(100_000) });
    });

    test('may answer with 6 MiB, and gets 413 for more, which is an answer too', async () => {
      const worker = await start(PYTHON);
      expect(await worker.call({ do: 'large', length: MEBIBYTES_6 - 2 })).toHaveLength(MEBIBYTES_6 - 2);
      expect(await fault(worker.invoke({}, JSON.stringify({ do: 'large', length: MEBIBYTES_6 - 1 })))).toMatchObject({
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
      expect(await fault(worker.invoke({}, JSON.stringify({ do: 'error', error })))).toEqual({
        errorType: 'KeyError',
        message: "'a'",
        trace: ['File "a.py", line 1', '{"line":2}'],
      });
      expect(await fault(worker.invoke({}, JSON.stringify({ do: 'error', error: {} })))).toEqual({
        errorType: 'Header.Type',
        message: '',
        trace: [],
      });
      expect(await fault(worker.invoke({}, '{"do":"error text"}'))).toMatchObject({ message: 'not JSON' });
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
      expect(await fault(worker.invoke({}, body))).toMatchObject({ reason: 'invalid_event' });
      expect(await worker.call(1)).toBe(1);
    });

    test.each(FIXTURES.events)('$name', async ({ meta, body, event }) => {
      const worker = await start(PYTHON);
      const reply = await worker.invoke(meta, Buffer.from(body, 'base64'));
      if (reply.kind === 'error') throw new Error(reply.fault.message);
      expect(JSON.parse(reply.body.toString())).toEqual(event);
    });

    test.each(FIXTURES.answers)('$name', async ({ value, meta, body, reason }) => {
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
      expect(await fault(worker.invoke({ ...REQUEST, path: '/x' }, body))).toMatchObject({ reason: 'bad_response' });
    });

    test('that breaks off ends with a fault', async () => {
      const worker = await start(PYTHON);
      const order = { do: 'stream', cut: true, chunks: toHex('one') };
      expect(await fault(worker.invoke({}, JSON.stringify(order)))).toMatchObject({
        errorType: 'Runtime.TruncatedResponse',
      });
      expect(await worker.call(1)).toBe(1);
    });

    test('tells what broke it in trailers', async () => {
      const worker = await start(NODE);
      expect(await fault(worker.invoke({}, '{"stream":true,"breaks":true}'))).toEqual({
        errorType: 'Stream.Broken',
        message: 'no more',
        trace: ['at a', 'at b'],
      });
      const whole = await worker.invoke({}, '{"stream":true}');
      expect(whole).toMatchObject({ kind: 'result', body: Buffer.from('one two') });
    });
  });

  describe('other bootstraps', () => {
    test('in Node.js, several calls at a time on connections of their own', async () => {
      const worker = await start(NODE);
      const calls = [600, 300, 0].map((wait, index) =>
        worker.invoke({ requestId: `r-${index}` }, JSON.stringify({ wait })),
      );
      await Promise.all(calls);
      const order = worker.frames.filter(({ type }) => type === FRAME.RESULT).map(({ body }) => body.toString());
      expect(order).toEqual(['{"wait":0}', '{"wait":300}', '{"wait":600}']);
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
      const worker = open(['/usr/bin/unshare', '--net', '/bin/sh', '-c', `ip link set lo up && exec ${shim}`]);
      expect(await worker.load({ directory: await directoryWith(PYTHON) })).toEqual({ kind: 'ready' });
      expect(await worker.call({ do: 'environment' })).toMatchObject({ AWS_LAMBDA_RUNTIME_API: '127.0.0.1:9001' });
    });
  });

  describe('a start', () => {
    test('without a bootstrap, or with one that nobody may execute, fails and says why', async () => {
      const directories = [
        workshop.directory,
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
      expect(await endsWithin(worker, 2000)).toEqual(end);
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
      expect(await endsWithin(worker, 2000)).toEqual({ code: 1, signal: null });
    });
  });
});
