import type { Outcome } from './outcome.ts';
import { captureOutput } from './output.ts';
import type { FunctionLogLine, SpawnRequest, SpawnWorker, WorkerExit, WorkerProcess } from './port.ts';
import { type Frame, FRAME, type FrameType, createFrameReader, encodeFrame } from './runtimes/frames.ts';
import {
  type FaultMeta,
  type InvokeMeta,
  type LoadMeta,
  RESPONSE_TOO_LARGE,
  type ResultMeta,
} from './runtimes/messages.ts';
import { messageOf, sleep } from '../kernel/index.ts';

export interface Call {
  readonly meta: Omit<InvokeMeta, 'remaining'>;
  readonly body: Buffer;
}

export interface InstanceOptions {
  readonly spawn: SpawnWorker;
  readonly request: SpawnRequest;
  readonly load: LoadMeta;
  /** Milliseconds for start and load together. */
  readonly initTimeout: number;
  readonly log: (stream: FunctionLogLine['stream'], text: string, requestId: string | null) => void;
  /** Called after it became ready, finished a call or ended. */
  readonly changed: () => void;
}

export type InstanceState = 'starting' | 'open' | 'closing' | 'gone';

/** One worker process. `closing` takes no new calls, finishes those it has, and ends. */
export interface Instance {
  readonly startedAt: number;
  state(): InstanceState;
  /** Why it never became ready; null while it starts and after it was ready. */
  failure(): string | null;
  inFlight(): number;
  served(): number;
  /** `performance.now()` of the last call's end. */
  idleSince(): number;
  invoke(call: Call, timeout: number): Promise<Outcome>;
  /** Ends it unless it answers within `milliseconds`. */
  ping(milliseconds: number): void;
  close(): void;
  kill(): void;
  readonly gone: Promise<void>;
}

interface Pending {
  readonly requestId: string;
  readonly settle: (outcome: Outcome) => void;
}

/** Milliseconds that a drained worker may take to end by itself. */
const LEAVE_WITHIN = 1000;
/** Milliseconds that its pipes may take to run empty after its end. */
const LAST_WORDS_WITHIN = 1000;
/** Milliseconds after which the end of an instance that never had a call no longer speaks of a bad start. */
const SETTLED_AFTER = 5000;
const OUT_OF_MEMORY = 'JavaScript heap out of memory';

export function startInstance(options: InstanceOptions): Instance {
  const pending = new Map<number, Pending>();
  const timedOut = new Set<number>();
  const startedAt = performance.now();
  let state: InstanceState = 'starting';
  let failure: string | null = null;
  let worker: WorkerProcess | undefined;
  let sequence = 0;
  let served = 0;
  let idleSince = startedAt;
  let outOfMemory = false;
  let broken: string | null = null;
  let lost = false;
  let awaitingPong: NodeJS.Timeout | undefined;
  let leaving: NodeJS.Timeout | undefined;
  let output = { reset: (): void => {} };

  function send(type: FrameType, number: number, meta: unknown, body?: Buffer): void {
    const channel = worker?.channel;
    if (channel === undefined || channel.destroyed) return;
    channel.cork();
    channel.write(encodeFrame(type, number, meta, body?.length ?? 0));
    if (body !== undefined && body.length > 0) channel.write(body);
    channel.uncork();
  }

  function fail(reason: string): void {
    if (state === 'starting') failure ??= reason;
    kill();
  }

  function kill(): void {
    if (state !== 'gone') state = 'closing';
    worker?.kill();
  }

  function settle(number: number, outcome: Outcome): void {
    const call = pending.get(number);
    if (call === undefined) {
      if (!timedOut.delete(number)) throw new Error(`answer to the unknown call ${number}`);
      return;
    }
    pending.delete(number);
    idleSince = performance.now();
    call.settle(outcome);
    if (state === 'closing') endWhenIdle();
    options.changed();
  }

  function receive(frame: Frame): void {
    switch (frame.type) {
      case FRAME.READY:
        clearTimeout(starting);
        if (state === 'starting') state = 'open';
        options.changed();
        return;
      case FRAME.INIT_ERROR:
        return fail(describe(frame.meta as FaultMeta));
      case FRAME.RESULT:
        return settle(frame.sequence, { kind: 'result', meta: readResult(frame.meta), body: frame.body });
      case FRAME.ERROR:
        return receiveError(frame);
      case FRAME.LOG:
        return options.log('stdout', frame.body.toString('utf8'), soleRequest());
      case FRAME.PONG:
        clearTimeout(awaitingPong);
        awaitingPong = undefined;
        return;
      case FRAME.LOAD:
      case FRAME.INVOKE:
      case FRAME.CHUNK:
      case FRAME.END:
      case FRAME.PING:
      case FRAME.DRAIN:
        throw new Error(`frame of type ${frame.type} from a worker`);
    }
  }

  function receiveError(frame: Frame): void {
    const fault = readFault(frame.meta);
    options.log('platform', describe(fault), pending.get(frame.sequence)?.requestId ?? null);
    if (fault.errorType === RESPONSE_TOO_LARGE) settle(frame.sequence, { kind: 'response_too_large' });
    else settle(frame.sequence, { kind: 'threw', ...fault });
  }

  /** The request that output belongs to, when there is only one. */
  function soleRequest(): string | null {
    return pending.size === 1 ? (pending.values().next().value?.requestId ?? null) : null;
  }

  async function run(): Promise<void> {
    try {
      worker = await options.spawn(options.request);
      if ((state as InstanceState) === 'closing') worker.kill();
      const end = await follow(worker);
      failure ??= failureOf(end);
    } catch (thrown) {
      failure ??= messageOf(thrown);
    } finally {
      clearTimeout(starting);
      clearTimeout(awaitingPong);
      clearTimeout(leaving);
      state = 'gone';
      options.changed();
    }
  }

  async function follow(process: WorkerProcess): Promise<WorkerExit> {
    output = captureOutput(process, (stream, line) => {
      if (line.includes(OUT_OF_MEMORY)) outOfMemory = true;
      options.log(stream, line, soleRequest());
    });
    const read = createFrameReader(receive);
    const closed = new Promise<void>((resolve) => process.channel.once('close', resolve));
    const drained = new Promise<void>((resolve) => process.stderr.once('end', resolve));
    process.channel.on('data', (chunk: Buffer) => {
      if (broken !== null) return;
      try {
        read(chunk);
      } catch (thrown) {
        broken = messageOf(thrown);
        fail(`broke the protocol: ${broken}`);
      }
    });
    process.channel.on('error', () => {}); // the process is gone or going; `exited` tells
    process.channel.once('end', lose);
    process.channel.once('close', lose);
    send(FRAME.LOAD, 0, options.load);
    const end = await process.exited;
    lose();
    process.kill(); // what it left behind in its group
    // Its last frames and lines may still be on their way; a daemon that holds the pipes open does not delay the verdict.
    const heard = new AbortController();
    await Promise.race([Promise.all([closed, drained]), sleep(LAST_WORDS_WITHIN, heard.signal)]);
    heard.abort();
    process.channel.destroy();
    process.stdout.destroy();
    process.stderr.destroy();
    for (const call of pending.values()) call.settle(verdict(end));
    pending.clear();
    return end;
  }

  /** Nothing more can be sent to it, so that no further call may be. */
  function lose(): void {
    if (lost) return;
    lost = true;
    options.changed();
  }

  function verdict(end: WorkerExit): Outcome {
    if (broken !== null) return { kind: 'protocol', reason: broken };
    if (outOfMemory || end.outOfMemory === true) return { kind: 'out_of_memory' };
    return { kind: 'exited', reason: wordsOf(end) };
  }

  function failureOf(end: WorkerExit): string | null {
    if (state === 'open' && served === 0 && performance.now() - startedAt < SETTLED_AFTER) {
      return `${wordsOf(end)} right after it was loaded`;
    }
    if (state !== 'starting') return null;
    return outOfMemory || end.outOfMemory === true
      ? 'ran out of memory while it was loaded'
      : `${wordsOf(end)} while it was loaded`;
  }

  function invoke(call: Call, timeout: number): Promise<Outcome> {
    sequence = (sequence + 1) >>> 0;
    const number = sequence;
    served += 1;
    if (pending.size === 0) output.reset();
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        timedOut.add(number);
        state = 'closing'; // whatever keeps it busy must not meet another call
        settle(number, { kind: 'timeout', milliseconds: timeout });
      }, timeout);
      pending.set(number, {
        requestId: call.meta.requestId,
        settle: (outcome) => {
          clearTimeout(timer);
          resolve(outcome);
        },
      });
      send(FRAME.INVOKE, number, { ...call.meta, remaining: timeout }, call.body);
    });
  }

  function endWhenIdle(): void {
    if (pending.size > 0) return;
    if (timedOut.size > 0) return kill();
    leaving ??= setTimeout(kill, LEAVE_WITHIN);
    send(FRAME.DRAIN, 0, null);
  }

  const starting = setTimeout(() => fail(`not ready within ${options.initTimeout} ms`), options.initTimeout);
  const gone = run();
  return {
    startedAt,
    state: () => (lost && state === 'open' ? 'closing' : state),
    failure: () => failure,
    inFlight: () => pending.size,
    served: () => served,
    idleSince: () => idleSince,
    invoke,
    ping: (milliseconds) => {
      if (awaitingPong !== undefined || state !== 'open') return;
      awaitingPong = setTimeout(kill, milliseconds);
      send(FRAME.PING, 0, null);
    },
    close: () => {
      if (state === 'starting') return kill();
      if (state !== 'open') return;
      state = 'closing';
      endWhenIdle();
    },
    kill,
    gone,
  };
}

function wordsOf(end: WorkerExit): string {
  return end.signal === null ? `exited with code ${end.code}` : `was ended by ${end.signal}`;
}

function describe(fault: FaultMeta): string {
  return [`${fault.errorType}: ${fault.message}`, ...fault.trace].join('\n');
}

function readFault(meta: unknown): FaultMeta {
  const fault = meta as Partial<FaultMeta> | null;
  const isFault = typeof fault?.errorType === 'string' && typeof fault.message === 'string';
  if (!isFault || !Array.isArray(fault.trace)) throw new Error('ERROR frame without an error');
  return fault as FaultMeta;
}

function readResult(meta: unknown): ResultMeta {
  const result = meta as Partial<ResultMeta> | null;
  const isResult = typeof result?.status === 'number' && typeof result.headers === 'object' && result.headers !== null;
  if (!isResult || !Array.isArray(result.cookies)) throw new Error('RESULT frame without an answer');
  return result as ResultMeta;
}
