import { pathToFileURL } from 'node:url';
import { installGlobal, isStreaming } from './awslambda.ts';
import type { Handler, Loaded } from './calls.ts';
import { fault } from './faults.ts';
import { findHandler } from './handler-file.ts';
import type { LoadOrder } from '../messages.ts';

/** Loads the code. Throws what the code throws, or a fault that says what is missing or where it does not compile. */
export async function loadFunction(order: LoadOrder): Promise<Loaded> {
  installGlobal();
  if (order.files !== null) {
    const { writeFiles } = await import('./carried.ts');
    writeFiles(order.directory, order.files);
  }
  const handler = order.form === 'script' ? await loadScript(order) : await loadModule(order);
  if (!isStreaming(handler)) return { order, handler, run: null };
  const { runStreaming } = await import('./stream.ts');
  return { order, handler, run: runStreaming(handler) };
}

async function loadScript(order: LoadOrder): Promise<Handler> {
  const script = await import('./script.ts');
  return script.loadScript(order.directory, order.handler, importFile);
}

async function loadModule(order: LoadOrder): Promise<Handler> {
  const place = findHandler(order.directory, order.handler);
  if (!place.found) throw fault('Runtime.ImportModuleError', place.reason);
  const namespace = await importFile(place.file);
  const handler = follow(namespace, place.exportPath) ?? follow(namespace['default'], place.exportPath);
  if (typeof handler === 'function') return handler as Handler;
  const name = place.exportPath.join('.');
  throw fault('Runtime.HandlerNotFound', `"${order.handler}" exports no function named ${name}`);
}

export type Namespace = Readonly<Record<string, unknown>>;

async function importFile(file: string): Promise<Namespace> {
  try {
    return (await import(pathToFileURL(file).href)) as Namespace;
  } catch (thrown) {
    if (isMissing(thrown)) throw fault('Runtime.ImportModuleError', thrown.message.split('\n', 1)[0] ?? '');
    const isSyntaxError = thrown instanceof SyntaxError && COMPILER.test(thrown.stack ?? '');
    if (!isSyntaxError) throw thrown;
    const { syntaxFault } = await import('./syntax.ts');
    throw await syntaxFault(thrown, file);
  }
}

/** A syntax error of the compiler, not one that the code threw: its topmost frame is where Node.js compiles modules. */
const COMPILER = /^(?:(?! {4}at ).*\n)* {4}at [^\n]*\(?node:internal\/modules\//;

function isMissing(thrown: unknown): thrown is Error {
  const code = (thrown as { readonly code?: unknown } | null | undefined)?.code;
  return thrown instanceof Error && (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND');
}

function follow(value: unknown, path: readonly string[]): unknown {
  let current = value;
  for (const name of path) {
    if (typeof current !== 'object' && typeof current !== 'function') return undefined;
    if (current === null) return undefined;
    current = (current as Record<string, unknown>)[name];
  }
  return current;
}
