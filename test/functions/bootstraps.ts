/** Bootstraps for the runtime `provided` in other languages, and workers that run them. */
import { chmod, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { expect } from 'vitest';
import type { LoadOrder } from '../../src/functions/index.ts';
import { type RustRig, useRustWorkers } from './rust-workers.ts';
import type { WireWorker } from './wire.ts';

/** A runtime as one finds them in the documentation of AWS, with a function that does what the event says. */
export const PYTHON = `#!/usr/bin/python3
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
        post(answer, json.dumps({'headers': dict(headers)}))
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
export const PYTHON_OF_BODY = PYTHON.replace(
  "order = event.get('do')",
  "event = json.loads(event['body']); order = event.get('do')",
);

export const SHELL = `#!/bin/sh
set -eu
echo "started with $_HANDLER in $LAMBDA_TASK_ROOT"
while true; do
  event=$(curl -sS -D headers -X GET "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/next")
  id=$(sed -n 's/^Lambda-Runtime-Aws-Request-Id: //p' headers | tr -d '\\r')
  curl -sS -X POST "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/$id/response" -d "Echoing request: '$event'"
done
`;

/** Asks for calls on several connections at a time, answers on others, and streams with trailers. */
export const NODE = `#!${process.execPath}
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
const answered = {};
function answerTo(id) {
  return (answered[id] ??= Promise.withResolvers());
}
async function work() {
  for (;;) {
    const next = await send('GET', base + 'next', {}, (request) => request.end());
    const id = next.headers['lambda-runtime-aws-request-id'];
    const event = JSON.parse(next.body);
    if (event.after) await answerTo(event.after).promise;
    if (!event.stream) {
      await send('POST', base + id + '/response', {}, (request) => request.end(JSON.stringify(event)));
      answerTo(id).resolve();
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

export interface BootstrapRig {
  readonly workshop: RustRig['workshop'];
  /** The path of the shim. */
  readonly shim: () => string;
  /** A shim that has loaded nothing; its argv may be another one. */
  readonly open: RustRig['open'];
  directoryWith(bootstrap: string, mode?: number): Promise<string>;
  /** A worker with this bootstrap. */
  start(bootstrap: string, order?: Partial<LoadOrder>): Promise<WireWorker>;
}

export function useBootstraps(): BootstrapRig {
  const { open, program, workshop } = useRustWorkers({
    compile: (opened) => opened.shim(),
    end: (worker) => void (worker.child.stdio[3] as Duplex).destroy(),
  });

  async function directoryWith(bootstrap: string, mode = 0o755): Promise<string> {
    const directory = await mkdtemp(join(workshop().directory, 'task-'));
    await writeFile(join(directory, 'bootstrap'), bootstrap);
    await chmod(join(directory, 'bootstrap'), mode);
    return directory;
  }

  async function start(bootstrap: string, order: Partial<LoadOrder> = {}): Promise<WireWorker> {
    const worker = open();
    expect(await worker.load({ directory: await directoryWith(bootstrap), ...order })).toEqual({ kind: 'ready' });
    return worker;
  }

  return { workshop, shim: program, open, directoryWith, start };
}
