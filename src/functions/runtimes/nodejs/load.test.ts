import { expect, test } from 'vitest';
import type { LoadOrder } from '../messages.ts';
import { type Files, useNodeWorkers } from '../../../../test/functions/node-worker.ts';

const node = useNodeWorkers();

const MODULES: readonly (readonly [string, Files, string])[] = [
  ['ES modules', { 'index.mjs': 'export const handler = async () => 1;' }, 'index.handler'],
  [
    'ES modules by the package',
    { 'package.json': '{"type":"module"}', 'index.js': 'export const handler = () => 1;' },
    'index.handler',
  ],
  ['ES modules by their syntax', { 'index.js': 'export const handler = async () => 1;' }, 'index.handler'],
  [
    'ES modules that wait',
    { 'index.mjs': 'const one = await Promise.resolve(1); export const handler = () => one;' },
    'index.handler',
  ],
  ['CommonJS', { 'index.js': 'exports.handler = async () => 1;' }, 'index.handler'],
  ['CommonJS by its ending', { 'index.cjs': 'exports.handler = async () => 1;' }, 'index.handler'],
  [
    'CommonJS by the package',
    { 'package.json': '{"type":"commonjs"}', 'index.js': 'exports.handler = () => 1;' },
    'index.handler',
  ],
  [
    'exports that only run time knows',
    { 'index.js': 'for (const name of ["run"]) module.exports[name] = () => 1;' },
    'index.run',
  ],
  ['nested exports', { 'index.js': 'module.exports = { api: { v1: { get: () => 1 } } };' }, 'index.api.v1.get'],
  ['a file in a folder', { 'dist/api.js': 'exports.handler = async () => 1;' }, 'dist/api.handler'],
  [
    'modules of its own',
    {
      'lib/one.js': 'module.exports = 1;',
      'index.mjs': 'import one from "./lib/one.js"; export const handler = () => one;',
    },
    'index.handler',
  ],
];
test.each(MODULES)('loads %s', async (_name, files, handler) => {
  const worker = await node.load(files, { handler });
  expect(await worker.call({})).toBe(1);
  expect(worker.output()).toBe('');
});

test('code that came with LOAD is written before it is loaded', async () => {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const files = {
    'index.mjs': base64('import { one } from "./lib/deep/one.mjs"; export const handler = () => one;'),
    'lib/deep/one.mjs': base64('export const one = 1;'),
  };
  const worker = await node.load({}, { files });
  expect(await worker.call({})).toBe(1);
});

const REFUSALS: readonly (readonly [string, Files, Partial<LoadOrder>, object])[] = [
  [
    'no file',
    {},
    {},
    {
      errorType: 'Runtime.ImportModuleError',
      message: expect.stringContaining('none of index.js, index.mjs, index.cjs'),
    },
  ],
  [
    'a handler without export',
    {},
    { handler: 'index' },
    { errorType: 'Runtime.ImportModuleError', message: expect.stringContaining('file.export') },
  ],
  [
    'a handler outside',
    {},
    { handler: '../index.handler' },
    { errorType: 'Runtime.ImportModuleError', message: expect.stringContaining('outside') },
  ],
  [
    'no such export',
    { 'index.mjs': 'export const other = 1;' },
    {},
    { errorType: 'Runtime.HandlerNotFound', message: '"index.handler" exports no function named handler' },
  ],
  [
    'an export that is no function',
    { 'index.js': 'exports.handler = {};' },
    {},
    { errorType: 'Runtime.HandlerNotFound' },
  ],
  [
    'a module that is missing',
    { 'index.js': 'require("leftpad");' },
    {},
    { errorType: 'Runtime.ImportModuleError', message: "Cannot find module 'leftpad'" },
  ],
  [
    'the same in an ES module',
    { 'index.mjs': 'import "leftpad";' },
    {},
    { errorType: 'Runtime.ImportModuleError', message: expect.stringContaining("Cannot find package 'leftpad'") },
  ],
  [
    'a module that throws',
    { 'index.mjs': '\nthrow new RangeError("at import");' },
    {},
    { errorType: 'RangeError', message: 'at import', trace: [expect.stringContaining('index.mjs:2:7')] },
  ],
  ['a syntax error that the code throws itself', { 'index.mjs': 'JSON.parse("{");' }, {}, { errorType: 'SyntaxError' }],
  [
    'a script that is missing',
    {},
    { form: 'script', handler: 'script.js' },
    { errorType: 'Runtime.ImportModuleError', message: expect.stringContaining('ENOENT') },
  ],
];
test.each(REFUSALS)('refuses %s', async (_name, files, order, fault) => {
  expect(await node.refusal(files, order)).toMatchObject(fault);
});

const BROKEN = 'const a = 1;\nconst b = () => {\n  const 語 = "語"; const x = ;\n};\n';
const PLACE = { line: 3, column: 28 };
const SYNTAX: readonly (readonly [string, Files, object])[] = [
  [
    'an ES module',
    { 'index.mjs': `${BROKEN}export const handler = b;` },
    { place: PLACE, message: "Unexpected token ';'" },
  ],
  ['CommonJS', { 'index.cjs': `${BROKEN}exports.handler = b;` }, { place: PLACE, message: "Unexpected token ';'" }],
  [
    'a file of unknown kind',
    { 'index.js': `export const handler = 1;\n${BROKEN}` },
    { place: { line: 4, column: 28 } },
  ],
  [
    'an import of what is not exported',
    { 'index.mjs': '\nimport { nothing } from "node:fs";' },
    { place: { line: 2, column: 10 }, message: expect.stringContaining("'nothing'") },
  ],
  ['one long line', { 'index.cjs': `${'"語"; '.repeat(1000)}const a = ;` }, { place: { line: 1, column: 5011 } }],
];
test.each(SYNTAX)('%s that does not compile is refused with its place', async (_name, files, fault) => {
  expect(await node.refusal(files)).toMatchObject({ errorType: 'Runtime.UserCodeSyntaxError', trace: [], ...fault });
});

test.each(['mjs', 'cjs'])('a syntax error in another %s module has no place but says where it is', async (ending) => {
  const index = ending === 'mjs' ? 'import "./lib/broken.mjs";' : 'require("./lib/broken.cjs");';
  const fault = await node.refusal({ [`index.${ending}`]: index, [`lib/broken.${ending}`]: BROKEN });
  expect(fault).toMatchObject({
    errorType: 'Runtime.UserCodeSyntaxError',
    message: `Unexpected token ';' (lib/broken.${ending}:3:28)`,
  });
  expect(fault.place).toBeUndefined();
});
