import { afterEach, describe, expect, test } from 'vitest';
import { HTTP } from '../../../../test/functions/http-cases.ts';
import { ECHO, PYTHON, createPythonRig, faultOf } from '../../../../test/functions/python.ts';

const { serve, start, write, clear } = createPythonRig();
afterEach(clear);

describe.skipIf(PYTHON === null)('a Python worker calling', () => {
  test('gives the context of AWS Lambda', async () => {
    const worker = await serve(`
def handler(event, context):
    client = context.client_context
    return {
        'names': {name: getattr(context, name) for name in dir(context) if name[0] != '_' and isinstance(getattr(context, name), (str, type(None)))},
        'client': client and [client.custom, client.env, client.client.app_title, client.client.installation_id],
        'remaining': context.get_remaining_time_in_millis(),
    }
`);
    const clientContext = { custom: { a: 1 }, env: { b: '2' }, client: { app_title: 'shop' } };
    const reply = await worker.invoke({ kind: 'payload', clientContext }, '{}');
    const seen = JSON.parse(reply.kind === 'result' ? String(reply.body) : 'null') as Record<string, unknown>;
    expect(seen).toMatchObject({
      names: {
        aws_request_id: 'request-1',
        function_name: 'shop-api',
        function_version: '1',
        invoked_function_arn: HTTP.arn,
        memory_limit_in_mb: '128',
        log_group_name: '/funade/shop-api',
        log_stream_name: '1',
        identity: null,
      },
      client: [{ a: 1 }, { b: '2' }, 'shop', null],
    });
    expect(seen['remaining']).toBeGreaterThan(0);
    expect(seen['remaining']).toBeLessThanOrEqual(3000);
    expect(await worker.call({})).toMatchObject({ names: { client_context: null }, client: null });
  });

  test('answers without meta, and takes an empty body as {}', async () => {
    const worker = await serve(ECHO);
    expect(await worker.invoke({}, '')).toEqual({ kind: 'result', meta: {}, body: Buffer.from('{}') });
  });

  test('tells what a handler threw: its class, its text and the frames of the own code, the innermost first', async () => {
    const worker = await serve(`
import json
class OutOfStock(Exception): pass
def check(item):
    raise OutOfStock(f'no {item} left')
def handler(event, context):
    if event == 'json': json.loads('{')
    if event == 'text': raise Unprintable()
    if event == 'deep': return handler(event, context)
    check(event)
class Unprintable(Exception):
    def __str__(self): raise ValueError
`);
    expect(await faultOf(worker, '"tea"')).toEqual({
      errorType: 'OutOfStock',
      message: 'no tea left',
      trace: ['File "index.py", line 5, in check', 'File "index.py", line 10, in handler'],
    });
    expect((await faultOf(worker, '"json"')).trace).toEqual(['File "index.py", line 7, in handler']);
    expect((await faultOf(worker, '"text"')).message).toContain('Unprintable');
    expect(await faultOf(worker, '"deep"')).toMatchObject({
      errorType: 'RecursionError',
      trace: Array<string>(12).fill('File "index.py", line 9, in handler'),
    });
    expect((await faultOf(worker, JSON.stringify('\0'.repeat(9000)))).message).toHaveLength(4096);
  });

  test('runs coroutines and awaitables on one loop that lives as long as the process', async () => {
    const worker = await serve(`
import asyncio
LOOPS = set()
async def work(event):
    LOOPS.add(asyncio.get_running_loop())
    await asyncio.sleep(0)
    if event == 'fail': raise LookupError('async')
    return [event, len(LOOPS)]
def handler(event, context):
    return work(event)
async def direct(event, context):
    return await asyncio.gather(work(event), work(event))
`);
    expect([await worker.call(1), await worker.call(2)]).toEqual([[1, 1], [2, 1]]); // prettier-ignore
    expect(await faultOf(worker, '"fail"')).toMatchObject({
      errorType: 'LookupError',
      trace: ['File "index.py", line 7, in work'],
    });
    const source = 'import asyncio\nasync def handler(event, context):\n    return await asyncio.sleep(0, event)\n';
    expect(await (await serve(source)).call('direct')).toBe('direct');
  });

  test('keeps a forked child from the wire', async () => {
    const worker = await serve(`
import os, subprocess
def has_wire():
    try:
        return os.fstat(3) is not None
    except OSError:
        return False
def handler(event, context):
    if event == 'exec':
        return subprocess.run(['test', '-e', '/proc/self/fd/3'], close_fds=False).returncode
    if event == 'return':
        child = os.fork()
        if child: os.waitpid(child, 0)
        return 'the parent' if child else 'the child'
    read, write = os.pipe()
    if os.fork() == 0:
        os.write(write, b'yes' if has_wire() else b'no')
        os._exit(0)
    os.wait()
    return os.read(read, 10).decode()
`);
    expect(await worker.call('fork')).toBe('no');
    expect(await worker.call('exec')).toBe(1);
    expect(await worker.call('return')).toBe('the parent');
    expect(await worker.call('fork')).toBe('no');
  });

  test('works with multiprocessing, however that starts its children', async () => {
    const directory = await write({
      'work.py': 'def double(number):\n    return 2 * number\n',
      'index.py': `
import multiprocessing
from work import double
def handler(event, context):
    with multiprocessing.get_context(event).Pool(1) as pool:
        return pool.map(double, [1, 2])
`,
    });
    const worker = start();
    await worker.load({ directory });
    expect([await worker.call('fork'), await worker.call('spawn')]).toEqual([[2, 4], [2, 4]]); // prettier-ignore
  });
});
