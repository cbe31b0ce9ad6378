import { afterEach, describe, expect, test } from 'vitest';
import { PYTHON, createPythonRig } from '../../../../test/functions/python.ts';

const { serve, start, write, clear } = createPythonRig();
afterEach(clear);

describe.skipIf(PYTHON === null)('a Python worker loading a module', () => {
  test('finds modules beside the handler, packages below it and handlers in packages', async () => {
    const directory = await write({
      'index.py':
        'import helper, vendored.part\ndef handler(event, context):\n    return [helper.A, vendored.part.B]\n',
      'helper.py': 'A = 1\n',
      'vendored/__init__.py': '',
      'vendored/part.py': 'B = 2\ndef run(event, context):\n    return "run"\n',
    });
    const handlers = ['index.handler', 'vendored/part.run', 'vendored.part.run'];
    const results = handlers.map(async (handler) => {
      const worker = start();
      expect(await worker.load({ directory, handler })).toEqual({ kind: 'ready' });
      return worker.call({});
    });
    expect(await Promise.all(results)).toEqual([[1, 2], 'run', 'run']);
  });

  test('takes names that files of the runtime have too', async () => {
    const files = Object.fromEntries(
      ['context', 'wire', 'faults', 'payload', 'worker', 'process'].map((name) => [`${name}.py`, `NAME = "${name}"\n`]),
    );
    const names = Object.keys(files).map((file) => file.replace('.py', ''));
    const directory = await write({
      ...files,
      'handler.py': `import ${names.join(', ')}\ndef handler(*_):\n    return [${names.map((name) => `${name}.NAME`).join(', ')}]\n`,
    });
    const worker = start();
    await worker.load({ directory, handler: 'handler.handler' });
    expect(await worker.call({})).toEqual(names);
  });

  const RUN = { handler: 'index.run' };
  test.each([
    [
      'a module that is not there',
      {},
      {},
      "Runtime.ImportModuleError: Unable to import module 'index': No module named",
    ],
    ['a name without a module', {}, { handler: 'run' }, "Runtime.MalformedHandlerName: Bad handler 'run'"],
    ['a name that no module has', {}, { handler: '../a.b' }, 'Runtime.ImportModuleError: Unable to import module'],
    ['a function that is not there', { 'index.py': '' }, RUN, "Runtime.HandlerNotFound: Handler 'run' missing"],
    ['a handler that is no function', { 'index.py': 'run = 1' }, RUN, "Runtime.HandlerNotFound: Handler 'run' of"],
  ])('tells of %s', async (_, files, order, told) => {
    const answer = await start().load({ directory: await write(files), ...order });
    expect(answer.kind === 'error' && `${answer.fault.errorType}: ${answer.fault.message}`).toContain(told);
  });

  test('tells of a dependency that is not there, and where it is imported', async () => {
    const directory = await write({ 'index.py': 'import helper\n', 'helper.py': '\nimport nowhere_to_be_found\n' });
    const answer = await start().load({ directory });
    expect(answer).toEqual({
      kind: 'error',
      fault: {
        errorType: 'Runtime.ImportModuleError',
        message: "Unable to import module 'index': No module named 'nowhere_to_be_found'",
        trace: ['File "helper.py", line 2, in <module>', 'File "index.py", line 1, in <module>'],
      },
    });
  });

  test.each([
    ['index.py', 'def handler(event, context):\n    return (1 +\n', { line: 2, column: 12 }],
    ['helper.py', '\n\nx = = 1\n', { line: 3, column: 5 }],
  ])('tells the place of a syntax error in %s', async (file, source, place) => {
    const directory = await write({ 'index.py': 'import helper\n', [file]: source });
    const answer = await start().load({ directory });
    expect(answer).toMatchObject({
      kind: 'error',
      fault: { errorType: 'Runtime.UserCodeSyntaxError', place, trace: [] },
    });
    expect(answer).toHaveProperty('fault.message', expect.stringContaining(`(${file}, line ${place.line})`));
  });

  test('tells what the code threw while it was imported, with its own name and trace', async () => {
    const directory = await write({
      'index.py': 'def connect():\n    raise TimeoutError("no database")\nconnect()\n',
    });
    expect(await start().load({ directory })).toEqual({
      kind: 'error',
      fault: {
        errorType: 'TimeoutError',
        message: 'no database',
        trace: ['File "index.py", line 2, in connect', 'File "index.py", line 3, in <module>'],
      },
    });
  });

  test('happens in the directory of the code and after its variables were set', async () => {
    const worker = await serve(
      `
import os, sys, time
SEEN = [os.environ['GREETING'], os.getcwd() == sys.path[0] == os.path.dirname(__file__), sys.argv, time.tzname[0], open('index.py').read(6)]
def handler(event, context):
    return SEEN
`,
      { variables: { GREETING: 'grüß dich', TZ: 'XYZ-3' } },
    );
    expect(await worker.call({})).toEqual(['grüß dich', true, ['index.handler'], 'XYZ', '\nimpor']);
  });

  test('finds no packages of the machine', async () => {
    const worker = await serve('import sys\ndef handler(event, context):\n    return sys.path[1:]\n');
    expect(await worker.call({})).not.toContainEqual(expect.stringContaining('-packages'));
  });
});
