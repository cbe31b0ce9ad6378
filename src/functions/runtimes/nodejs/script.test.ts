import { expect, test } from 'vitest';
import { faultOf, useNodeWorkers } from '../../../../test/functions/node-worker.ts';

const node = useNodeWorkers();
const EVENT = { params: { a: 19, b: 23 } };

const BODIES: readonly (readonly [string, string])[] = [
  ['event', 'return event.params.a + event.params.b;'],
  ['params', 'return params.a + params.b;'],
  ['await', 'const a = await Promise.resolve(params.a); return a + params.b;'],
  [
    'names of its own',
    'const { params } = event, require = 1, context = 2; let event2 = params; return event2.a + event2.b;',
  ],
  ['require', 'return require("node:path").join(".", "x").length * 0 + params.a + params.b;'],
  [
    'import()',
    'const { add } = await import("data:text/javascript,export const add = (a, b) => a + b"); return add(params.a, params.b);',
  ],
  ['a comment at its end', 'return params.a + params.b; // the sum'],
  ['a hashbang and a mark of byte order', '\uFEFF#!/usr/bin/env node\nreturn params.a + params.b;'],
  ['module.exports in a text', 'const text = "module.exports = 1"; return params.a + params.b;'],
  [
    'module.exports in a comment',
    '// module.exports = (event) => 0;\n/* export default 1 */ return params.a + params.b;',
  ],
  [
    'export and import in a template',
    'const text = `export default 1;\nimport a from "b"`; return params.a + params.b;',
  ],
  ['a return in a block', 'if (params.a) { return params.a + params.b; }\nthrow new Error("no a");'],
  [
    'functions that return',
    'function add(a, b) { return a + b; } const text = "exports"; return add(params.a, params.b);',
  ],
];
test.each(BODIES)('a body that returns, with %s', async (_name, text) => {
  const worker = await node.script(text);
  expect(await worker.call(EVENT)).toBe(42);
  expect(await worker.call(EVENT)).toBe(42);
});

const MODULES: readonly (readonly [string, string, string?])[] = [
  ['module.exports', 'module.exports = (event) => event.params.a + event.params.b;'],
  ['module.exports with return inside', 'module.exports = async ({ params }) => { return params.a + params.b; };'],
  [
    'module.exports.handler',
    'const { join } = require("node:path"); module.exports.handler = ({ params }) => params.a + params.b;',
  ],
  ['exports.handler', 'exports.handler = ({ params }) => params.a + params.b; // return 0;'],
  ['an object with a handler', 'module.exports = { handler: ({ params }) => params.a + params.b };'],
  [
    'a callback',
    'module.exports = ({ params }, context, callback) => { setTimeout(callback, 1, null, params.a + params.b); };',
  ],
  ['export const handler', 'export const handler = ({ params }) => params.a + params.b;'],
  ['export default', 'const text = "module.exports = 1"; export default async ({ params }) => params.a + params.b;'],
  ['export default of an object', 'export default { handler: ({ params }) => params.a + params.b };'],
  [
    'import',
    'import { join } from "node:path"; await null; export const handler = ({ params }) => params.a + params.b + join("").length - 1;',
  ],
  ['its ending', 'export const handler = ({ params }) => params.a + params.b;', 'script.mjs'],
];
const NAMED = MODULES.map(([name, text, file = 'script.js']) => [name, text, file] as const);
test.each(NAMED)('a module, with %s', async (_name, text, name) => {
  const worker = await node.script(text, name);
  expect(await worker.call(EVENT)).toBe(42);
  expect(worker.output()).toBe('');
});

test('a body runs once per call, a module once', async () => {
  const body = await node.script('globalThis.runs = (globalThis.runs ?? 0) + 1; return globalThis.runs;');
  expect([await body.call({}), await body.call({})]).toEqual([1, 2]);
  for (const text of [
    'globalThis.runs = (globalThis.runs ?? 0) + 1; module.exports = () => globalThis.runs;',
    'globalThis.runs = (globalThis.runs ?? 0) + 1; export default () => globalThis.runs;',
  ]) {
    const worker = await node.script(text);
    expect([await worker.call({}), await worker.call({})]).toEqual([1, 1]);
  }
});

test('a body has the context, the console, and params although there are none', async () => {
  const worker = await node.script('console.log("printed"); return [context.awsRequestId, params];');
  for (const event of [{}, null, 7, { params: null }]) expect(await worker.call(event)).toEqual(['request-1', {}]);
  expect(worker.output()).toContain('printed\n');
});

test('a body without return is a body, and its result null', async () => {
  for (const text of ['', 'console.log(params.a);']) {
    const worker = await node.script(text);
    expect(await worker.call(EVENT)).toBeNull();
  }
});

test('what a script throws has its own lines', async () => {
  const texts = [
    'const a = 1;\nthrow new RangeError("in line 2");',
    'module.exports = () => {\nthrow new RangeError("in line 2"); };',
    'export default () => {\nthrow new RangeError("in line 2"); };',
  ];
  for (const text of texts) {
    const worker = await node.script(text);
    const fault = faultOf(await worker.invoke({}));
    expect(fault).toMatchObject({ errorType: 'RangeError', message: 'in line 2' });
    expect(fault.trace[0]).toMatch(/script\.js:2:7\)?$/);
    expect(fault.trace.join()).not.toContain('runtimes/');
  }
});

const SYNTAX: readonly (readonly [string, string, string, { readonly line: number; readonly column: number }])[] = [
  ['a body', 'script.js', 'return event.params.a +;', { line: 1, column: 24 }],
  ['a body in a later line', 'script.js', 'const a = 1;\n\n\treturn a b;', { line: 3, column: 11 }],
  [
    'a body that ends too early',
    'script.js',
    'const a = await 1;\nif (event) {\n  return 1;\n',
    { line: 4, column: 1 },
  ],
  ['a body that lacks a parenthesis', 'script.js', 'return (1', { line: 1, column: 10 }],
  ['a body that waits in a loop', 'script.js', 'for await (const a of []) {}\nreturn 1 +;', { line: 2, column: 11 }],
  ['a body that ends too often', 'script.js', 'return 1;\n}', { line: 2, column: 1 }],
  ['CommonJS', 'script.js', 'module.exports = (event) => {\n  const x = ;\n};', { line: 2, column: 13 }],
  ['CommonJS that declares twice', 'script.js', 'module.exports = 1;\nlet a; let a;', { line: 2, column: 12 }],
  [
    'a module',
    'script.js',
    'import a from "node:fs";\nexport default () => { return 1 + ; };',
    { line: 2, column: 35 },
  ],
  ['a module with an error before its export', 'script.js', 'const x = ;\nexport default 1;', { line: 1, column: 11 }],
  ['a module that returns', 'script.js', 'export default 1;\nreturn 1;', { line: 2, column: 1 }],
  ['a module by its ending', 'script.mjs', 'export default () => {\n  const x = ;\n};', { line: 2, column: 13 }],
];
test.each(SYNTAX)('%s that does not compile is refused with its place', async (_name, handler, text, place) => {
  const fault = await node.refusal({ [handler]: text }, { form: 'script', handler });
  expect(fault).toMatchObject({ errorType: 'Runtime.UserCodeSyntaxError', trace: [], place });
  expect(fault.message).not.toBe('');
});

test.each([['module.exports = 42;'], ['export const run = () => 1;'], ['console.log("exports");']])(
  '%s exports no handler, and says how to',
  async (text) => {
    const fault = await node.refusal({ 'script.js': text }, { form: 'script', handler: 'script.js' });
    expect(fault).toMatchObject({
      errorType: 'Runtime.HandlerNotFound',
      message: expect.stringContaining('`return …`'),
    });
  },
);

test('a module that throws when it is evaluated is refused with its own error', async () => {
  for (const text of ['module.exports = undefined.a;', 'export default undefined.a;']) {
    const fault = await node.refusal({ 'script.js': text }, { form: 'script', handler: 'script.js' });
    expect(fault).toMatchObject({ errorType: 'TypeError', trace: [expect.stringContaining('script.js:1')] });
  }
});
