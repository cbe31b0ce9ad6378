import type { Channel } from './channel.ts';
import { type Callback, type Context, createContext, isNothing } from './context.ts';
import { describeFault, fault } from './faults.ts';
import { FRAME, type Frame, MAX_BODY } from '../frames.ts';
import { toAnswer, toEvent } from './http-event.ts';
import type { FaultMeta, InvokeMeta, LoadOrder } from '../messages.ts';
import { parseEvent, stringifyResult } from './payload.ts';

export type Handler = (event: unknown, context: Context, callback: Callback) => unknown;

/** Where an answer goes that is not a value of the handler but made piece by piece. Does nothing once the call is over. */
export interface Outlet {
  readonly isHttp: boolean;
  /** The whole answer. */
  readonly answer: (meta: string, body: string | Uint8Array) => void;
  readonly start: (meta: string) => void;
  /** Copies the bytes; calls back when the host has taken enough for the next ones. */
  readonly chunk: (bytes: Uint8Array, taken: () => void) => void;
  readonly end: () => void;
  readonly fail: (thrown: unknown) => void;
  /** Calls back when nothing is left to do in the process, unless the call is over by then. */
  readonly whenIdle: (callback: () => void) => void;
}

/** Calls a handler that answers through its outlet instead of a value. */
export type Run = (event: unknown, context: Context, outlet: Outlet) => void;

export interface Loaded {
  readonly order: LoadOrder;
  readonly handler: Handler;
  /** Takes the place of the handler. */
  readonly run: Run | null;
}

interface Call {
  readonly sequence: number;
  readonly isHttp: boolean;
  isOpen: boolean;
  /** The RESULT of a streamed answer is sent: what is wrong from now on belongs to its END. */
  isStreamed: boolean;
  /** What the callback was given. */
  result: unknown;
}

export interface Calls {
  /** Throws when the frame is not a call that may come now. */
  invoke(frame: Frame, loaded: Loaded): void;
  failAll(meta: FaultMeta): void;
  open(): number;
}

export interface CallsOptions {
  readonly channel: Channel;
  readonly whenIdle: (callback: () => void) => void;
  readonly closed: () => void;
}

const NO_META = '{}';
/** Bytes of one CHUNK. */
const PIECE = 64 * 1024;

export function createCalls({ channel, whenIdle, closed }: CallsOptions): Calls {
  const open = new Map<number, Call>();

  function close(call: Call): void {
    call.isOpen = false;
    open.delete(call.sequence);
    closed();
  }

  function answer(call: Call, value: unknown): void {
    if (!call.isOpen) return;
    try {
      if (isWebResponse(value)) return answerWith(call, value);
      if (call.isHttp) {
        const { meta, body } = toAnswer(value);
        send(call, meta, body);
      } else {
        send(call, NO_META, stringifyResult(value));
      }
    } catch (thrown) {
      fail(call, thrown);
    }
  }

  function send(call: Call, meta: string, body: string | Uint8Array): void {
    if (!channel.send(FRAME.RESULT, call.sequence, meta, body)) {
      throw fault('Function.ResponseSizeTooLarge', `the result is longer than ${MAX_BODY} bytes`, 'response_too_large');
    }
    close(call);
  }

  function fail(call: Call, thrown: unknown): void {
    if (call.isOpen) sendFault(call, describeFault(thrown));
  }

  function sendFault(call: Call, meta: FaultMeta): void {
    channel.send(call.isStreamed ? FRAME.END : FRAME.ERROR, call.sequence, JSON.stringify(meta));
    close(call);
  }

  function answerWith(call: Call, response: Response): void {
    import('./web-response.ts')
      .then((module) => module.answerResponse(response, outletOf(call)))
      .catch((thrown: unknown) => fail(call, thrown));
  }

  function outletOf(call: Call): Outlet {
    return {
      isHttp: call.isHttp,
      answer: (meta, body) => {
        if (call.isOpen) send(call, meta, body);
      },
      start: (meta) => {
        if (!call.isOpen) return;
        channel.send(FRAME.RESULT, call.sequence, meta);
        call.isStreamed = true;
      },
      chunk: (bytes, taken) => sendPieces(call, bytes, taken),
      end: () => {
        if (!call.isOpen) return;
        channel.send(FRAME.END, call.sequence, NO_META);
        close(call);
      },
      fail: (thrown) => fail(call, thrown),
      whenIdle: (callback) => {
        whenIdle(() => {
          if (call.isOpen) callback();
        });
      },
    };
  }

  function sendPieces(call: Call, bytes: Uint8Array, taken: () => void): void {
    if (!call.isOpen || bytes.length === 0) return taken();
    channel.send(FRAME.CHUNK, call.sequence, '', bytes.subarray(0, PIECE));
    channel.whenTaken(() => sendPieces(call, bytes.subarray(PIECE), taken));
  }

  function run(call: Call, handler: Handler, event: unknown, context: Context): void {
    const returned = handler(event, context, (error, result) => {
      if (!isNothing(error)) return fail(call, error);
      call.result ??= result;
      if (context.callbackWaitsForEmptyEventLoop) answerWhenIdle(call);
      else answer(call, call.result);
    });
    if (isThenable(returned))
      returned.then(
        (value) => answer(call, value ?? call.result),
        (thrown) => fail(call, thrown),
      );
    else if (handler.length >= 3 || (handler.length === 2 && returned === undefined)) answerWhenIdle(call);
    else answer(call, returned);
  }

  /** A handler that may still call back, or use `context.succeed`, is answered at the latest when nothing is left to do. */
  function answerWhenIdle(call: Call): void {
    whenIdle(() => answer(call, call.result));
  }

  return {
    invoke: (frame, { order, handler, run: runWith }) => {
      const meta = readMeta(frame);
      if (open.has(frame.sequence)) throw new RangeError(`call ${frame.sequence} is open`);
      const isHttp = meta.kind === 'http';
      const call: Call = { sequence: frame.sequence, isHttp, isOpen: true, isStreamed: false, result: undefined };
      open.set(call.sequence, call);
      try {
        const event = isHttp ? toEvent(meta, frame.body, order.functionName) : parseEvent(frame.body);
        const context = createContext(order, meta, {
          answer: (result) => answer(call, result),
          fail: (error) => fail(call, error),
        });
        if (runWith === null) run(call, handler, event, context);
        else runWith(event, context, outletOf(call));
      } catch (thrown) {
        fail(call, thrown);
      }
    },
    failAll: (meta) => {
      for (const call of open.values()) sendFault(call, meta);
    },
    open: () => open.size,
  };
}

function readMeta(frame: Frame): InvokeMeta {
  const meta = frame.meta as InvokeMeta | null;
  if (meta?.kind === 'payload' || meta?.kind === 'http') return meta;
  throw new TypeError('INVOKE of unknown kind');
}

/** The global is not touched for functions that never use it: it loads a whole HTTP client. */
function isWebResponse(value: unknown): value is Response {
  return (
    typeof value === 'object' &&
    value !== null &&
    (value as { readonly [Symbol.toStringTag]?: unknown })[Symbol.toStringTag] === 'Response'
  );
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { readonly then?: unknown } | null | undefined)?.then === 'function';
}
