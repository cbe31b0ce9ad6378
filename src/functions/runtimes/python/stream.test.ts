import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { HTTP } from '../../../../test/functions/http-cases.ts';
import { PYTHON, createPythonRig, faultOf } from '../../../../test/functions/python.ts';
import { FRAME } from '../frames.ts';

const { serve, start, write, clear } = createPythonRig();
afterEach(clear);

describe.skipIf(PYTHON === null)('a Python worker streaming', () => {
  test('sends what a generator yields, in pieces of up to 64 KiB', async () => {
    const worker = await serve(`
def handler(event, context):
    yield 'é' * 50000
    yield ''
    yield b'\\x00\\xff'
    yield bytearray(70000)
`);
    const reply = await worker.invoke({});
    expect(reply).toMatchObject({ kind: 'result', meta: { stream: true } });
    const chunks = worker.frames.filter((frame) => frame.type === FRAME.CHUNK).map((frame) => frame.body);
    expect(chunks.map((chunk) => chunk.length)).toEqual([65_536, 34_464, 2, 65_536, 4464]);
    const sent = Buffer.concat([Buffer.from('é'.repeat(50_000)), Buffer.from([0, 255]), Buffer.alloc(70_000)]);
    expect(Buffer.concat(chunks).equals(sent)).toBe(true);
    expect(worker.frames.at(-1)).toMatchObject({ type: FRAME.END, meta: {} });
  });

  test('sends each piece when it is there', async () => {
    const source = `
import os
def handler(event, context):
    yield 'first'
    while not os.path.exists('go'): pass
    yield 'second'
`;
    const directory = await write({ 'index.py': source });
    const worker = start();
    await worker.load({ directory });
    const reply = worker.invoke({});
    await vi.waitFor(() => expect(worker.frames.some((frame) => frame.type === FRAME.CHUNK)).toBe(true), 10_000);
    await writeFile(join(directory, 'go'), '');
    expect(await reply).toMatchObject({ kind: 'result', body: Buffer.from('firstsecond') });
  });

  test.each([
    [
      'what the handler threw',
      'raise OSError("cut")',
      { errorType: 'OSError', message: 'cut', trace: ['File "index.py", line 3, in handler'] },
    ],
    ['a piece that is none', 'yield 1', { errorType: 'Runtime.MarshalError', reason: 'unserialisable' }],
  ])('ends a stream that breaks with %s', async (_, statement, fault) => {
    const worker = await serve(`def handler(event, context):\n    yield "a"\n    ${statement}\n`);
    expect(await worker.invoke({})).toMatchObject({ kind: 'error', fault });
    expect(worker.frames.slice(-3).map((frame) => frame.type)).toEqual([FRAME.RESULT, FRAME.CHUNK, FRAME.END]);
  });

  test('answers with an error what fails before its first piece', async () => {
    const worker = await serve('def handler(event, context):\n    raise OSError("closed")\n    yield ""\n');
    expect(await faultOf(worker)).toMatchObject({ errorType: 'OSError', message: 'closed' });
    expect(worker.frames.at(-1)).toMatchObject({ type: FRAME.ERROR });
  });

  test.each([
    ['a generator', 'pieces()', { status: 200, headers: { 'content-type': 'text/plain' }, cookies: [], stream: true }],
    [
      'an asynchronous generator',
      'later()',
      { status: 200, headers: { 'content-type': 'text/plain' }, cookies: [], stream: true },
    ],
    [
      'an answer whose body is one',
      '{"statusCode": 202, "headers": {"Content-Type": "text/html"}, "cookies": ["a=1"], "body": pieces()}',
      { status: 202, headers: { 'content-type': 'text/html' }, cookies: ['a=1'], stream: true },
    ],
  ])('answers HTTP with %s', async (_, answer, meta) => {
    const worker = await serve(`
import asyncio
def pieces():
    yield 'one,'
    yield b'two'
async def later():
    yield 'one,'
    await asyncio.sleep(0)
    yield b'two'
def handler(event, context):
    return ${answer}
`);
    expect(await worker.invoke(HTTP)).toEqual({ kind: 'result', meta, body: Buffer.from('one,two') });
  });
});
