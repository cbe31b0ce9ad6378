import { pathToFileURL } from 'node:url';
import type { FaultMeta, LoadMeta } from '../messages.ts';
import { findHandler } from './handler-file.ts';

export type Handler = (event: unknown, context: unknown, callback: Callback) => unknown;
type Callback = (error: unknown, result?: unknown) => void;

/** Imports the handler (ESM or CommonJS). Throws what the module throws, or an error that says what is missing. */
export async function loadHandler(load: LoadMeta): Promise<Handler> {
  const place = findHandler(load.directory, load.handler);
  if (!place.found) throw named('Runtime.ImportModuleError', place.reason);
  const namespace = (await import(pathToFileURL(place.file).href)) as Readonly<Record<string, unknown>>;
  const handler = follow(namespace, place.exportPath) ?? follow(namespace['default'], place.exportPath);
  if (typeof handler === 'function') return handler as Handler;
  const name = place.exportPath.join('.');
  throw named('Runtime.HandlerNotFound', `"${load.handler}" exports no function named ${name}`);
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

function named(name: string, message: string): Error {
  const error = new Error(message);
  error.name = name;
  error.stack = `${name}: ${message}`;
  return error;
}

/**
 * Calls a handler of any of the three shapes: async, returning a value, or with a callback as third parameter. A handler
 * that declares a callback and returns no promise ends when it calls back.
 */
export function callHandler(handler: Handler, event: unknown, context: object): Promise<unknown> {
  return new Promise((resolve, reject) => {
    function callback(error: unknown, result?: unknown): void {
      if (error === null || error === undefined) resolve(result);
      else reject(error);
    }
    const returned = handler(event, context, callback);
    if (isThenable(returned)) returned.then(resolve, reject);
    else if (handler.length < 3) resolve(returned);
  });
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}

export function createContext(load: LoadMeta, requestId: string, remaining: number): object {
  const deadline = performance.now() + remaining;
  return {
    awsRequestId: requestId,
    functionName: load.functionName,
    functionVersion: load.functionVersion,
    invokedFunctionArn: load.functionArn,
    memoryLimitInMB: String(load.memory),
    logGroupName: `/funade/${load.functionName}`,
    logStreamName: load.functionVersion,
    callbackWaitsForEmptyEventLoop: false,
    getRemainingTimeInMillis: () => Math.max(0, Math.round(deadline - performance.now())),
  };
}

const MAX_TEXT = 4096;

/** Anything thrown, cut to what fits a frame many times over. */
export function describeFault(thrown: unknown): FaultMeta {
  if (!(thrown instanceof Error)) {
    return { errorType: 'Error', message: String(thrown).slice(0, MAX_TEXT), trace: [] };
  }
  const trace = (thrown.stack ?? '').split('\n').filter((line) => line.startsWith('    at '));
  return {
    errorType: String(thrown.name).slice(0, 200),
    message: String(thrown.message).slice(0, MAX_TEXT),
    trace: trace.slice(0, 12).map((line) => line.trim().slice(0, 500)),
  };
}
