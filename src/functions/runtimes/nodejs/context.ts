import type { InvokeMeta, LoadOrder } from '../messages.ts';

export type Callback = (error: unknown, result?: unknown) => void;

/** The context object of AWS Lambda. Its functions work on their own, as `const { done } = context` needs. */
export interface Context {
  callbackWaitsForEmptyEventLoop: boolean;
  readonly functionName: string;
  readonly functionVersion: string;
  readonly invokedFunctionArn: string;
  readonly memoryLimitInMB: string;
  readonly logGroupName: string;
  readonly logStreamName: string;
  readonly awsRequestId: string;
  readonly identity: undefined;
  readonly clientContext: unknown;
  readonly getRemainingTimeInMillis: () => number;
  readonly done: Callback;
  readonly succeed: (result?: unknown) => void;
  readonly fail: (error?: unknown) => void;
}

export interface Outlets {
  readonly answer: (result: unknown) => void;
  readonly fail: (error: unknown) => void;
}

export function createContext(order: LoadOrder, meta: InvokeMeta, outlets: Outlets): Context {
  const deadline = now() + meta.remaining;
  const { answer, fail } = outlets;
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: order.functionName,
    functionVersion: order.functionVersion,
    invokedFunctionArn: meta.arn,
    memoryLimitInMB: String(order.memory),
    logGroupName: `/funade/${order.functionName}`,
    logStreamName: order.functionVersion,
    awsRequestId: meta.requestId,
    identity: undefined,
    clientContext: meta.kind === 'payload' ? meta.clientContext : undefined,
    getRemainingTimeInMillis: () => Math.max(0, Math.round(deadline - now())),
    done: (error, result) => (isNothing(error) ? answer(result) : fail(error)),
    succeed: answer,
    fail,
  };
}

/** Milliseconds of a clock that only goes forward. `performance` would load a whole library at the first call. */
function now(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}

export function isNothing(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}
