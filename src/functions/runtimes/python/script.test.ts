import { afterEach, describe, expect, test, vi } from 'vitest';
import { PYTHON, createPythonRig, faultOf } from '../../../../test/functions/python.ts';

const { start, write, clear } = createPythonRig();
afterEach(clear);

describe.skipIf(PYTHON === null)('a Python worker running a script', () => {
  async function load(source: string) {
    const worker = start();
    const directory = await write({ 'calc.py': source, 'helper.py': 'TEN = 10\n' });
    return { worker, answer: await worker.load({ directory, handler: 'calc.py', form: 'script' }) };
  }

  test('executes one that sets `result` afresh for each call', async () => {
    const { worker, answer } = await load(`
import helper
try:
    count += 1
except NameError:
    count = 1
if params.get('a'):
    result = [params['a'] + helper.TEN, event['params'] == params, context.function_name, count, __name__]
`);
    expect(answer).toEqual({ kind: 'ready' });
    expect(await worker.call({ params: { a: 1 } })).toEqual([11, true, 'shop-api', 1, 'script']);
    expect(await worker.call({ params: { a: 2 } })).toEqual([12, true, 'shop-api', 1, 'script']);
    expect(await worker.call({ params: null, more: 1 })).toBeNull();
    expect(await worker.call('no object')).toBeNull();
  });

  test.each([
    ['handler', 'def handler(event, context):\n    return [event, context.function_name]', [{ n: 1 }, 'shop-api']],
    ['handle of one parameter', 'def handle(event):\n    return event["n"]', 1],
    ['handler before handle', 'handle = lambda event: 1\nhandler = lambda event: 2', 2],
    ['a handler without parameters', 'def handler():\n    return __name__', 'script'],
    ['an async handler', 'async def handler(event):\n    return event["n"]', 1],
    ['an assigned method', 'class A:\n    def run(self, event): return event["n"]\nhandler = A().run', 1],
    ['an object that can be called', 'class A:\n    def __call__(self, event): return event["n"]\nhandler = A()', 1],
    ['a class', 'class handler(dict):\n    def __init__(self, event): self.update(event)', { n: 1 }],
    ['a handler in a branch', 'try:\n    import nowhere\nexcept ImportError:\n    def handler(event): return 3', 3],
    ['one of several targets', 'a, (b, handler) = 1, (2, lambda event, context: 4)', 4],
    [
      'a decorated handler',
      'import functools\ndef traced(f):\n    @functools.wraps(f)\n    def call(*given): return f(*given)\n    return call\n@traced\ndef handler(event): return 5',
      5,
    ],
  ])('calls %s', async (_, source, result) => {
    const { worker, answer } = await load(source);
    expect(answer).toEqual({ kind: 'ready' });
    expect(await worker.call({ n: 1 })).toEqual(result);
  });

  test('executes one with a handler only once', async () => {
    const { worker } = await load(
      'print("loaded")\ncalls = []\ndef handler(event):\n    calls.append(1)\n    return len(calls)\n',
    );
    expect([await worker.call({}), await worker.call({})]).toEqual([1, 2]);
    await vi.waitFor(() => expect(worker.output()).toBe('loaded\n'), 10_000);
  });

  test('a use of the name `handler` is no definition', async () => {
    const { worker } = await load('import signal\nhandler: int\nresult = str(signal.getsignal(2))[:0] + "fresh"\n');
    expect(await worker.call({})).toBe('fresh');
  });

  test.each([
    ['result = (\n', { line: 1, column: 10 }],
    ['def handler(event):\n    retrun 1\n', { line: 2, column: 12 }],
    ['é = 1; ö ü\n', { line: 1, column: 10 }],
    ['x = "\0"\n', { line: 1, column: expect.any(Number) as number }],
  ])('tells the place of a syntax error at LOAD: %j', async (source, place) => {
    const { answer } = await load(source);
    expect(answer).toMatchObject({ kind: 'error', fault: { errorType: 'Runtime.UserCodeSyntaxError', place } });
  });

  test('tells of a file that is not there and of a handler that is none', async () => {
    const directory = await write({ 'calc.py': 'handler = 1\n' });
    const [missing, wrong] = [start(), start()];
    expect(await missing.load({ directory, handler: 'none.py', form: 'script' })).toMatchObject({
      fault: { errorType: 'Runtime.ImportModuleError' },
    });
    expect(await wrong.load({ directory, handler: 'calc.py', form: 'script' })).toMatchObject({
      fault: { errorType: 'Runtime.HandlerNotFound' },
    });
  });

  test('traces the lines of the script', async () => {
    const { worker } = await load('\ndef divide(a, b):\n    return a / b\nresult = divide(1, params["by"])\n');
    expect(await worker.call({ params: { by: 2 } })).toBe(0.5);
    expect(await faultOf(worker, '{"params": {"by": 0}}')).toEqual({
      errorType: 'ZeroDivisionError',
      message: 'division by zero',
      trace: ['File "calc.py", line 3, in divide', 'File "calc.py", line 4, in <module>'],
    });
  });

  test('supports dataclasses, and dies of sys.exit', async () => {
    const { worker } = await load(`
from __future__ import annotations
from dataclasses import asdict, dataclass
import sys
@dataclass
class Point:
    x: int
if params.get('end'): sys.exit(9)
result = asdict(Point(1))
`);
    expect(await worker.call({})).toEqual({ x: 1 });
    await expect(worker.call({ params: { end: true } })).rejects.toThrow('the worker ended');
    expect((await worker.exited).code).toBe(9);
  });
});
