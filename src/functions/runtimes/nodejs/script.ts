import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Script, compileFunction, constants } from 'node:vm';
import type { Handler } from './calls.ts';
import type { Context } from './context.ts';
import { fault } from './faults.ts';
import type { Namespace } from './load.ts';

/**
 * The shape of a script, decided by V8's own parser and never by patterns in its text:
 * - `module`: has `import`, `export` or `import.meta` outside of any function, or the ending `.mjs`.
 * - `body`: has `return` or `await` outside of any function, or never says `exports`. It runs once per call.
 * - `commonjs`: the rest. It runs once, and exports its handler.
 */
export type Shape = 'module' | 'body' | 'commonjs';

type Compiled = (...values: readonly unknown[]) => unknown;
type Import = (file: string) => Promise<Namespace>;

export async function loadScript(directory: string, name: string, importFile: Import): Promise<Handler> {
  const file = join(directory, name);
  const text = readText(file);
  const compiled = name.endsWith('.mjs') ? null : await compile(text, file);
  if (compiled === null) return handlerOf(await importFile(file), name);
  if (compiled.shape === 'body') return bodyHandler(compiled.run, file);
  const module = { exports: {} as unknown };
  compiled.run(module.exports, createRequire(file), module, file, dirname(file));
  return handlerOf({ default: module.exports }, name);
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/^\uFEFF?(?:#!.*)?/, (start) => ' '.repeat(start.length));
  } catch (thrown) {
    throw fault('Runtime.ImportModuleError', `the script can't be read: ${(thrown as Error).message}`);
  }
}

/** What a body sees can be declared anew in it, as in `const params = event.params`. */
const BODY = ['(function (event, context, params, require) { return (async () => {\n', '\n})(); })'] as const;
const COMMONJS = ['(function (exports, require, module, __filename, __dirname) {\n', '\n})'] as const;

/** Null for an ES module. Throws a fault with the place of what does not compile. */
async function compile(text: string, file: string): Promise<{ shape: 'body' | 'commonjs'; run: Compiled } | null> {
  try {
    const body = new Script(wrap(text, BODY), optionsOf(file));
    const shape = text.includes('exports') && isScript(text) ? 'commonjs' : 'body';
    const script = shape === 'body' ? body : new Script(wrap(text, COMMONJS), optionsOf(file));
    return { shape, run: script.runInThisContext() as Compiled };
  } catch (thrown) {
    if (!(thrown instanceof SyntaxError)) throw thrown;
    const error = errorOfBody(text, file) ?? thrown;
    if (MODULE_SYNTAX.test(error.message)) return null;
    const { scriptFault } = await import('./syntax.ts');
    throw scriptFault(error);
  }
}

/**
 * The error of a text that lacks a bracket, or has one too many, is found in what is around it. Compiled as the body of a function
 * it has its own; such a function can't wait, so that `await` becomes the operator of the same length and rank.
 */
function errorOfBody(text: string, file: string): SyntaxError | null {
  if (/\bfor\s+await\b/.test(text)) return null;
  try {
    compileFunction(text.replace(/\bawait\b/g, ' void'), [], { filename: file });
    return null;
  } catch (thrown) {
    return thrown instanceof SyntaxError ? thrown : null;
  }
}

const MODULE_SYNTAX =
  /^(?:Cannot use import statement outside a module|Unexpected token 'export'|Cannot use 'import\.meta')/;

/** Of a text that compiles as a body: one with `return` or `await` outside of functions does not compile as a script. */
function isScript(text: string): boolean {
  let script: Script | undefined;
  try {
    script = new Script(text);
  } catch {
    // Then it is a body.
  }
  return script !== undefined;
}

function wrap(text: string, [before, after]: readonly [string, string]): string {
  return `${before}${text}${after}`;
}

function optionsOf(file: string): ConstructorParameters<typeof Script>[1] {
  return { filename: file, lineOffset: -1, importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER };
}

function bodyHandler(run: Compiled, file: string): Handler {
  const require = createRequire(file);
  return (event: unknown, context: Context) =>
    run(event, context, (event as { readonly params?: unknown } | null)?.params ?? {}, require);
}

/** `export const handler`, `export default`, `module.exports = handler` or `module.exports = { handler }`. */
function handlerOf(namespace: Namespace, name: string): Handler {
  const main = namespace['default'];
  const candidates = [namespace['handler'], (main as { readonly handler?: unknown } | null | undefined)?.handler, main];
  const handler = candidates.find((each) => typeof each === 'function');
  if (handler !== undefined) return handler as Handler;
  throw fault(
    'Runtime.HandlerNotFound',
    `${name} neither returns a value nor exports a handler: end it with \`return …\`, or with \`module.exports = handler\``,
  );
}
