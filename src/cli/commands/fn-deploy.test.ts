import { chmod, mkdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { fromBufferPromise } from 'yauzl';
import { ZipFile } from 'yazl';
import { type DeployFunctionRequest, deployFunctionRequest } from '../../api/contract/index.ts';
import { aliasOf, createFnRig, functionOf, versionOf } from '../../../test/fn-rig.ts';

const { plane, folder, funade, acts } = createFnRig();
const ROUTE = 'PUT /api/v1/functions/calc';
const SOURCE = 'export const handler = () => 1;\n';

/** Files below the folder of the test, by path. */
async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder(), path)), { recursive: true });
    await writeFile(join(folder(), path), content);
  }
}

function takes(answer: { readonly isNew?: boolean; readonly number?: number } = {}): void {
  const { isNew = true, number = 3 } = answer;
  plane().route(ROUTE, ({ body }) => {
    deployFunctionRequest.parse(body);
    return {
      json: { function: functionOf('calc', { version: number }), version: versionOf(number), isNew },
      status: isNew ? 201 : 200,
    };
  });
}

function sent(): DeployFunctionRequest {
  return deployFunctionRequest.parse(acts().at(-1)?.body);
}

/** Paths of the zip that was sent, with content, and with a star where they may be executed. */
async function sentFiles(): Promise<Readonly<Record<string, string>>> {
  const { code } = sent();
  const zip = await fromBufferPromise(Buffer.from(code !== undefined && 'zip' in code ? code.zip : '', 'base64'));
  const files: Record<string, string> = {};
  for await (const entry of zip.eachEntry()) {
    const pieces: Buffer[] = [];
    for await (const piece of await zip.openReadStreamPromise(entry)) pieces.push(piece as Buffer);
    const isExecutable = ((entry.externalFileAttributes >>> 16) & 0o100) !== 0;
    files[`${entry.fileName}${isExecutable ? '*' : ''}`] = Buffer.concat(pieces).toString();
  }
  return files;
}

test.each([
  ['calc.mjs', { runtime: 'nodejs', handler: 'index.handler' }, { source: SOURCE }],
  ['calc.js', { runtime: 'nodejs', handler: 'index.handler' }, { files: { 'index.js': SOURCE } }],
  ['calc.cjs', { runtime: 'nodejs', handler: 'index.handler' }, { files: { 'index.cjs': SOURCE } }],
  ['calc.py', { runtime: 'python', handler: 'index.handler' }, { source: SOURCE }],
  ['calc.rs', { runtime: 'rust', handler: 'main.rs' }, { source: SOURCE }],
])('the ending of %s tells its language', async (file, config, code) => {
  await write({ [file]: SOURCE });
  takes();
  const { code: exit, stdout } = await funade(['deploy', 'calc', file, '--plain']);
  expect(exit).toBe(0);
  expect(stdout).toBe(`calc\tv3\tsha256:${'3'.repeat(64)}\tnew\n`);
  expect(sent()).toEqual({ config, code });
});

test('what was published before is told as such', async () => {
  await write({ 'calc.mjs': SOURCE });
  takes({ isNew: false, number: 2 });
  const { stdout, stderr } = await funade(['deploy', 'calc', 'calc.mjs', '--description', 'Adds']);
  expect(stderr).toContain('calc v2 has this code and these settings already');
  expect(stdout).toContain('as before');
  expect(sent().description).toBe('Adds');
  const json = JSON.parse((await funade(['deploy', 'calc', 'calc.mjs', '--json'])).stdout) as object;
  expect(json).toMatchObject({ isNew: false, version: { number: 2 }, alias: null });
});

test('every option becomes the setting of its name', async () => {
  await write({ 'calc.py': SOURCE });
  takes();
  const options = ['--runtime', 'python', '--handler', 'index.main', '--memory', '256', '--timeout', '1m30s'];
  const more = ['--env', 'A=1=2', '--env', 'B=', '--egress', 'api.example.com:443', '--trusted'];
  expect((await funade(['deploy', 'calc', 'calc.py', ...options, ...more])).code).toBe(0);
  expect(sent().config).toEqual({
    runtime: 'python',
    handler: 'index.main',
    memory: 256,
    timeout: '1m30s',
    environment: { A: '1=2', B: '' },
    egress: ['api.example.com:443'],
    trusted: true,
  });
});

test('settings of --config are sent, options win over them', async () => {
  const config =
    'runtime: nodejs\nhandler: index.run\nmemory: 64\nenvironment: { A: file, B: file }\negress: [a.example.com:443]\n';
  await write({ 'calc.mjs': SOURCE, 'calc.yaml': config });
  takes();
  const options = ['--memory', '512', '--concurrency', '4', '--env', 'B=flag', '--egress', 'b.example.com:443'];
  expect((await funade(['deploy', 'calc', 'calc.mjs', '--config', 'calc.yaml', ...options])).code).toBe(0);
  expect(sent().config).toEqual({
    runtime: 'nodejs',
    handler: 'index.run',
    memory: 512,
    concurrency: 4,
    environment: { A: 'file', B: 'flag' },
    egress: ['a.example.com:443', 'b.example.com:443'],
  });
});

test('a folder goes as a zip without what is no part of a function, the same files as the same zip', async () => {
  await write({
    'fn/index.mjs': SOURCE,
    'fn/lib/日本.txt': 'データ',
    'fn/run.sh': '#!/bin/sh\n',
    'fn/secret.log': 'x',
    'fn/.funadeignore': '*.log\n',
    'fn/.git/config': 'x',
    'fn/node_modules/.cache/x': 'x',
    'fn/node_modules/left/index.js': 'x',
  });
  await chmod(join(folder(), 'fn/run.sh'), 0o755);
  takes();
  expect((await funade(['deploy', 'calc', 'fn'])).code).toBe(0);
  expect(sent().config).toEqual({ runtime: 'nodejs', handler: 'index.handler' });
  expect(await sentFiles()).toEqual({
    'index.mjs': SOURCE,
    'lib/日本.txt': 'データ',
    'node_modules/left/index.js': 'x',
    'run.sh*': '#!/bin/sh\n',
  });
  const first = sent().code;
  await funade(['deploy', 'calc'], { directory: join(folder(), 'fn') });
  expect(sent().code).toEqual(first);
});

test('links inside a folder are followed; those that lead out of it, nowhere or in a circle are all told', async () => {
  await write({ 'fn/index.mjs': SOURCE, 'outside.txt': 'x' });
  const fn = join(folder(), 'fn');
  await symlink('index.mjs', join(fn, 'same.mjs'));
  takes();
  expect((await funade(['deploy', 'calc', 'fn'])).code).toBe(0);
  expect(await sentFiles()).toEqual({ 'index.mjs': SOURCE, 'same.mjs': SOURCE });
  await symlink('../outside.txt', join(fn, 'out.txt'));
  await symlink('gone', join(fn, 'broken'));
  await symlink('.', join(fn, 'circle'));
  const { code, stderr } = await funade(['deploy', 'calc', 'fn']);
  expect(code).toBe(2);
  for (const part of ['leads out of the folder', 'leads nowhere', 'a folder that it is in', '3 fault(s)']) {
    expect(stderr).toContain(part);
  }
  expect(acts()).toHaveLength(1);
});

test('a zip goes as it is', async () => {
  await write({ 'calc.zip': 'PK not looked at' });
  takes();
  const { code } = await funade(['deploy', 'calc', 'calc.zip', '--runtime', 'rust', '--handler', 'main.rs']);
  expect(code).toBe(0);
  expect(sent().code).toEqual({ zip: (await readFile(join(folder(), 'calc.zip'))).toString('base64') });
});

test.each([
  [['deploy', 'calc', 'gone'], "there is no file or folder 'gone'"],
  [['deploy', 'calc', 'empty'], "the folder 'empty' has no files"],
  [['deploy', 'calc', 'large.zip'], "the zip of 'large.zip' has 50.1 MB; at most 50 MB are taken"],
  [['deploy', 'calc', 'huge'], "the files of 'huge' have 251 MB; at most 250 MB are taken"],
  [['deploy', 'calc', 'calc.go'], "the ending of 'calc.go' does not tell its language"],
  [['deploy', 'calc', 'calc.mjs', '--config', 'gone.yaml'], "'gone.yaml' can not be read"],
  [['deploy', 'Calc', 'calc.mjs'], "'Calc' is not the name of a function: those have a–z, 0–9"],
  [['deploy', 'calc', 'calc.mjs', '--alias', 'Live'], "'Live' is not the name of an alias: those have a–z, 0–9"],
  [['deploy', 'calc', 'calc.mjs', '--alias', '3'], "'3' is not the name of an alias"],
  [['deploy', 'calc', 'calc.mjs', '--timeout', 'soon'], "'soon' is not a duration"],
])('%j is refused before anything is sent', async (argv, reason) => {
  await write({
    'calc.mjs': SOURCE,
    'calc.go': 'package main',
    'large.zip': '',
    'huge/index.mjs': '',
    'empty/.git/x': '',
  });
  await truncate(join(folder(), 'large.zip'), Math.ceil(50.05 * 1024 * 1024));
  await truncate(join(folder(), 'huge/index.mjs'), 251 * 1024 * 1024);
  const { code, stdout, stderr } = await funade(argv);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr.replaceAll(/\s+/gu, ' ')).toContain(reason);
  expect(plane().seen).toEqual([]);
});

test('faults of options are all told with the option, in the language of the reader', async () => {
  await write({ 'calc.mjs': SOURCE });
  const argv = ['deploy', 'calc', 'calc.mjs', '--runtime', 'nodjs', '--memory', 'lots', '--egress', 'nowhere'];
  const { code, stderr } = await funade(argv);
  expect(code).toBe(2);
  for (const part of ['FUN_FUNCTION_INVALID', '--runtime', '"nodejs"', '--memory', '--egress', '3 fault(s)']) {
    expect(stderr).toContain(part);
  }
  const japanese = await funade([...argv, '--lang', 'ja', '--json']);
  const { error } = JSON.parse(japanese.stdout) as {
    readonly error: { readonly errors: { readonly message: string }[] };
  };
  expect(error.errors.map(({ message }) => /\p{Script=Hiragana}/u.test(message))).toEqual([true, true, true]);
  expect(plane().seen).toEqual([]);
});

test('what can not be read in an option is told together with all other faults', async () => {
  await write({ 'calc.mjs': SOURCE });
  const { code, stderr } = await funade(['deploy', 'calc', 'calc.mjs', '--env', 'SECRET', '--memory', '5']);
  expect(code).toBe(2);
  for (const part of ['2 fault(s)', '--env', "'SECRET' is not of the form KEY=VALUE", '--memory', 'found 5']) {
    expect(stderr).toContain(part);
  }
  expect(plane().seen).toEqual([]);
});

test('a value is told as it was given', async () => {
  await write({ 'calc.mjs': SOURCE });
  const { stderr } = await funade(['deploy', 'calc', 'calc.mjs', '--timeout', '5h']);
  expect(stderr).toContain('found "5h"');
});

test.each([
  ['a section that never ends', '{"memory": 256,', 'calc.yaml:1:'],
  ['a key that is given twice', 'memory: 128\nmemory: 256\n', 'calc.yaml:2:1'],
  ['a quote that is never closed', 'handler: index.run\nmemory: "256', 'calc.yaml:2:'],
  ['a list that never ends', 'a: [1\n b', 'calc.yaml:2:'],
])('%s in a --config file is told as `config lint` does, and nothing is sent', async (_, config, place) => {
  await write({ 'calc.mjs': SOURCE, 'calc.yaml': config });
  const { code, stderr } = await funade(['deploy', 'calc', 'calc.mjs', '--config', 'calc.yaml', '--memory', '64']);
  expect([code, plane().seen]).toEqual([2, []]);
  expect(stderr).toContain(place);
  expect(stderr).toMatch(/YAML stops making sense here|appears twice/u);
  const japanese = await funade(['deploy', 'calc', 'calc.mjs', '--config', 'calc.yaml', '--lang', 'ja']);
  expect(japanese.stderr).toMatch(/YAML として読めません|2 回あります/u);
});

test('a key that is given twice is told beside the faults of other keys', async () => {
  await write({ 'calc.mjs': SOURCE, 'calc.yaml': 'memory: 128\nmemory: 256\nconcurency: 2\n' });
  const { stderr } = await funade(['deploy', 'calc', 'calc.mjs', '--config', 'calc.yaml']);
  for (const part of ['2 fault(s)', 'Key "memory" appears twice', 'concurrency']) expect(stderr).toContain(part);
});

async function zipOf(files: readonly string[]): Promise<Buffer> {
  const zip = new ZipFile();
  for (const name of files) zip.addBuffer(Buffer.from(SOURCE), name);
  zip.end();
  return buffer(zip.outputStream as NodeJS.ReadableStream & AsyncIterable<Buffer>);
}

test.each([
  ['index.mjs', 'nodejs', 'index.handler'],
  ['index.py', 'python', 'index.handler'],
  ['main.rs', 'rust', 'main.rs'],
  ['bootstrap', 'provided', 'bootstrap'],
])('a zip with %s at its top is recognised as the folder is', async (file, runtime, handler) => {
  await writeFile(join(folder(), 'calc.zip'), await zipOf([file, 'lib/index.py']));
  takes();
  expect((await funade(['deploy', 'calc', 'calc.zip'])).code).toBe(0);
  expect(sent().config).toEqual({ runtime, handler });
});

test.each(['fn', 'fn.zip'])('what %s holds has to tell its language, or an option does', async (path) => {
  await write({ 'fn/app.mjs': SOURCE });
  await writeFile(join(folder(), 'fn.zip'), await zipOf(['app.mjs']));
  const unknown = await funade(['deploy', 'calc', path]);
  const told = unknown.stderr.replaceAll(/\s+/gu, ' ');
  expect(unknown.code).toBe(2);
  expect(told).toContain(`the language is not known: '${path}' has none of index.mjs, index.js`);
  expect(told).toContain('--runtime nodejs --handler app.handler');
  expect(told).toContain('1 fault(s)');
  const half = await funade(['deploy', 'calc', path, '--runtime', 'nodejs']);
  expect(half.stderr.replaceAll(/\s+/gu, ' ')).toContain(`the handler is not known: '${path}'`);
  expect(plane().seen).toEqual([]);
  takes();
  expect((await funade(['deploy', 'calc', path, '--runtime', 'nodejs', '--handler', 'app.handler'])).code).toBe(0);
});

test('a folder with files of two languages says which; one option chooses', async () => {
  await write({ 'fn/index.mjs': SOURCE, 'fn/index.py': SOURCE });
  const { stderr } = await funade(['deploy', 'calc', 'fn']);
  expect(stderr).toContain("the language is not clear: 'fn' has index.mjs, index.py at its top");
  takes();
  expect((await funade(['deploy', 'calc', 'fn', '--runtime', 'python'])).code).toBe(0);
  expect(sent().config).toEqual({ runtime: 'python', handler: 'index.handler' });
});

test.each([
  ['ok.mjs', 'ok.handler', 'under the name index.mjs', '`index.handler`'],
  ['ok.js', 'ok.run', 'under the name index.js', '`index.run`'],
  ['ok.py', 'ok.main', 'under the name index.py', '`index.main`'],
  ['ok.rs', 'ok.rs', 'under the name main.rs', '`main.rs`'],
])('%s is renamed when it is deployed alone, and --handler %s is told so', async (file, handler, name, fix) => {
  await write({ [file]: SOURCE });
  const { code, stderr } = await funade(['deploy', 'calc', file, '--handler', handler]);
  expect(code).toBe(2);
  for (const part of ['--handler', name, fix]) expect(stderr).toContain(part);
  expect(plane().seen).toEqual([]);
});

test('a handler that is not ASCII is told as such', async () => {
  await write({ 'fn/入口.mjs': SOURCE });
  const argv = ['deploy', 'calc', 'fn', '--runtime', 'nodejs', '--handler', '入口.handler'];
  expect((await funade(argv)).stderr).toContain('has characters that are not ASCII');
  expect((await funade([...argv, '--lang', 'ja'])).stderr).toContain('ASCII ではない文字');
});

test('code that does not come up ends with 1: the server was reached', async () => {
  await write({ 'calc.mjs': SOURCE });
  plane().route(ROUTE, {
    problem: { status: 502, code: 'INIT_ERROR', detail: 'It did not start.', details: { by: 'function' } },
  });
  expect((await funade(['deploy', 'calc', 'calc.mjs'])).code).toBe(1);
});

test('faults of a --config file are told with their lines; where an option wins, what the file says does not matter', async () => {
  await write({ 'calc.mjs': SOURCE, 'calc.yaml': 'handler: index.handler\nmemroy: 64\ntimeout: 5\n' });
  const { code, stderr } = await funade(['deploy', 'calc', 'calc.mjs', '--config', 'calc.yaml']);
  expect(code).toBe(2);
  for (const part of ['calc.yaml:2:1', '2 │ memroy: 64', 'calc.yaml:3:10', '2 fault(s)'])
    expect(stderr).toContain(part);
  await write({ 'calc.yaml': 'handler: index.handler\ntimeout: 5\n' });
  takes();
  const won = await funade(['deploy', 'calc', 'calc.mjs', '--config', 'calc.yaml', '--timeout', '5s']);
  expect(won.code).toBe(0);
  await write({ 'calc.yaml': '- a list\n' });
  const list = await funade(['deploy', 'calc', 'calc.mjs', '--config', 'calc.yaml']);
  expect([list.code, list.stderr.includes('calc.yaml:1:1')]).toEqual([2, true]);
});

test.each([
  ['calc.rs', 'calc.rs:2:13'],
  ['fn', 'fn/main.rs:2:13'],
])('errors of the compiler in %s are shown with the line', async (path, place) => {
  const source = 'pub fn handler() {\n    let x = y;\n}\n';
  await write({ 'calc.rs': source, 'fn/main.rs': source });
  plane().route(ROUTE, {
    problem: {
      status: 422,
      code: 'FUN_FUNCTION_INVALID',
      detail: "Can't deploy calc: 2 fault(s) in its configuration or code.",
      errors: [
        { message: 'cannot find value `y` in this scope', file: 'main.rs', line: 2, column: 13 },
        { message: 'rustc is old', path: 'runtime', fix: 'Update it.' },
      ],
    },
  });
  const { code, stderr } = await funade(['deploy', 'calc', path]);
  expect(code).toBe(2);
  for (const part of [place, '2 │     let x = y;', '^', 'rustc is old', '--runtime', 'Update it.']) {
    expect(stderr).toContain(part);
  }
});

test('--alias points the alias to the version when it is published', async () => {
  await write({ 'calc.mjs': SOURCE });
  takes();
  plane().route('PUT /api/v1/functions/calc/aliases/live', ({ body }) => {
    expect(body).toEqual({ version: '3' });
    return { json: aliasOf('live', { weights: [{ version: '3', weight: 100 }] }) };
  });
  const { code, stderr } = await funade(['deploy', 'calc', 'calc.mjs', '--alias', 'live']);
  expect([code, stderr]).toEqual([0, 'Published calc v3.\ncalc:live points to v3.\n']);
});

test('a version whose alias could not be pointed stays, and the command that is left to do is named', async () => {
  await write({ 'calc.mjs': SOURCE });
  takes();
  plane().route('PUT /api/v1/functions/calc/aliases/live', {
    problem: {
      status: 422,
      code: 'FUN_FUNCTION_NOT_PROVEN',
      detail: "Can't point alias live to version 3 of calc: it threw.",
    },
  });
  const { code, stderr } = await funade(['deploy', 'calc', 'calc.mjs', '--alias', 'live']);
  expect(code).toBe(1);
  expect(stderr).toContain('Published calc v3.');
  expect(stderr).toContain('→ funade fn alias calc live 3');
});
