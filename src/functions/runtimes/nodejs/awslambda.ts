import type { Writable } from 'node:stream';
import type { Context } from './context.ts';

/** Marks a streaming handler, and takes the beginning of its answer: the first as in AWS' own runtime, for wrappers that look at it. */
const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');
export const PRELUDE = Symbol('prelude');

export type StreamingHandler = (event: unknown, stream: Writable, context: Context) => unknown;

export interface Prelude {
  readonly statusCode?: unknown;
  readonly headers?: unknown;
  readonly cookies?: unknown;
}

export interface PreludeTaker extends Writable {
  [PRELUDE](prelude: Prelude): void;
}

/** The global that AWS Lambda offers to streaming functions. */
const awslambda = {
  streamifyResponse<T extends object>(handler: T): T {
    return Object.assign(handler, { [STREAMING]: 'response' });
  },
  HttpResponseStream: {
    /** The same stream, whose answer begins with that status, those headers and cookies. */
    from(stream: PreludeTaker, prelude: Prelude): Writable {
      stream[PRELUDE](prelude);
      return stream;
    },
  },
};

export function installGlobal(): void {
  Object.defineProperty(globalThis, 'awslambda', { value: awslambda, writable: true, configurable: true });
}

export function isStreaming(handler: object): handler is StreamingHandler {
  return STREAMING in handler;
}
