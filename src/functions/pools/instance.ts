import { messageOf } from '../../kernel/index.ts';
import type { Outcome } from '../outcome.ts';
import { type Frame, FRAME, type FrameType } from '../runtimes/frames.ts';
import type { FaultMeta, LoadOrder } from '../runtimes/messages.ts';
import type { Call } from './call.ts';
import { describeFault, outcomeOfFault, readFault, readResult } from './replies.ts';
import { type ProcessEnd, type RuntimeProcess, wordsOfExit } from './runtime-process.ts';
import { type Assembly, createAssembly } from './streaming.ts';

export type LogStream = 'stdout' | 'stderr' | 'platform';

export interface InstanceOptions {
  readonly process: RuntimeProcess;
  /** Asked for once the process is up. */
  readonly order: () => Promise<LoadOrder>;
  /** Milliseconds from the start of the process until it is ready. */
  readonly initTimeout: number;
  readonly log: (stream: LogStream, text: string, requestId: string | null) => void;
  /** Called after it became ready, finished a call or ended. */
  readonly changed: () => void;
}

export type InstanceState = 'starting' | 'open' | 'closing' | 'gone';

/** Why an instance never became ready. */
export interface InitFailure {
  readonly reason: string;
  /** What the runtime said of it, when it could. */
  readonly fault: FaultMeta | null;
}

/** One process with a function loaded. `closing` takes no new calls, finishes those it has, and ends. */
export interface Instance {
  readonly startedAt: number;
  state(): InstanceState;
  /** Null while it starts and after it was ready. */
  failure(): InitFailure | null;
  inFlight(): number;
  served(): number;
  /** `performance.now()` of the last call's end. */
  idleSince(): number;
  invoke(call: Call, timeout: number): Promise<Outcome>;
  /** Stops it from running until its next call. False: it has left-over processes and was closed instead. */
  freeze(): boolean;
  isFrozen(): boolean;
  /** Ends it unless it answers within `milliseconds`. */
  ping(milliseconds: number): void;
  close(): void;
  kill(): void;
  readonly gone: Promise<void>;
}

interface Pending {
  readonly call: Call;
  readonly settle: (outcome: Outcome) => void;
  assembly: Assembly | null;
}

/** Milliseconds that the sandbox may take to start a process. */
const SPAWN_WITHIN = 30_000;
/** Milliseconds that a drained process may take to end by itself. */
const LEAVE_WITHIN = 1000;
/** Milliseconds after which the end of an instance that never had a call no longer speaks of a bad start. */
const SETTLED_AFTER = 5000;
/** What V8 says before it ends its process (exit 134); the kernel ends one with SIGKILL instead (exit 137). */
const OUT_OF_MEMORY = 'JavaScript heap out of memory';
const LOAD_SEQUENCE = 1;
/** The end of an answer that nobody waits for any more. */
const LATE: Outcome = { kind: 'abandoned' };
const NOTHING = Buffer.alloc(0);

export function startInstance(options: InstanceOptions): Instance {
  const { process, log } = options;
  const pending = new Map<number, Pending>();
  const timedOut = new Set<number>();
  const startedAt = performance.now();
  let state: InstanceState = 'starting';
  let failure: InitFailure | null = null;
  let sequence = LOAD_SEQUENCE;
  let served = 0;
  let idleSince = startedAt;
  let outOfMemory = false;
  let frozen = false;
  let lost = false;
  let ownProcesses: number | null = null;
  let awaitingPong: NodeJS.Timeout | undefined;
  let leaving: NodeJS.Timeout | undefined;
  /** Output comes over another pipe than answers: what arrives before the next call belongs to the last one. */
  let lastCall: Call | undefined;

  function fail(reason: string, fault: FaultMeta | null = null): void {
    if (state === 'starting') failure ??= { reason, fault };
    kill();
  }

  function kill(): void {
    if (state !== 'gone') state = 'closing';
    process.kill();
  }

  function settle(number: number, outcome: Outcome): void {
    const entry = pending.get(number);
    if (entry === undefined) {
      if (!timedOut.delete(number)) throw new Error(`answer to the unknown call ${number}`);
      return;
    }
    pending.delete(number);
    idleSince = performance.now();
    lastCall = entry.call;
    entry.settle(outcome);
    if (state === 'closing') endWhenIdle();
    options.changed();
  }

  function receive(frame: Frame): void {
    switch (frame.type) {
      case FRAME.RESULT:
        return receiveResult(frame);
      case FRAME.ERROR:
        return receiveError(frame);
      case FRAME.CHUNK:
        return receiveChunk(frame);
      case FRAME.END:
        return receiveEnd(frame);
      case FRAME.READY:
        return receiveReady(frame.sequence);
      case FRAME.INIT_ERROR: {
        const fault = readFault(frame.meta);
        return fail(describeFault(fault), fault);
      }
      case FRAME.LOG:
        return hear('stdout', frame.body.toString('utf8'));
      case FRAME.PONG:
        clearTimeout(awaitingPong);
        awaitingPong = undefined;
        return;
      default:
        throw new Error(`frame of type ${frame.type} from a worker`);
    }
  }

  function receiveReady(number: number): void {
    if (number !== LOAD_SEQUENCE || state !== 'starting') throw new Error('READY that nobody asked for');
    clearTimeout(starting);
    ownProcesses = process.processes();
    state = 'open';
    idleSince = performance.now();
    options.changed();
  }

  function receiveResult({ sequence: number, meta, body }: Frame): void {
    const entry = pending.get(number);
    const result = readResult(meta, entry?.call.meta.kind ?? 'payload');
    if (result.stream !== true) return settle(number, { kind: 'result', meta: result, body });
    if (entry === undefined) return settle(number, LATE);
    if (entry.assembly !== null) throw new Error(`a second answer to the call ${number}`);
    entry.assembly = createAssembly(entry.call.sink, result, process);
  }

  function receiveChunk({ sequence: number, body }: Frame): void {
    const entry = pending.get(number);
    if (entry === undefined) {
      if (!timedOut.has(number)) throw new Error(`a piece of an answer to the unknown call ${number}`);
      return;
    }
    if (entry.assembly === null) throw new Error(`a piece of an answer that has not begun, of call ${number}`);
    if (entry.assembly.add(body)) return;
    timedOut.add(number); // the rest of it is on its way and is not wanted
    state = 'closing';
    settle(number, { kind: 'response_too_large' });
  }

  function receiveEnd({ sequence: number, meta }: Frame): void {
    const entry = pending.get(number);
    if (entry === undefined) return settle(number, LATE);
    if (entry.assembly === null) throw new Error(`the end of an answer that has not begun, of call ${number}`);
    const isBroken = typeof (meta as { errorType?: unknown } | null)?.errorType === 'string';
    if (isBroken) return receiveFault(number, readFault(meta));
    settle(number, entry.assembly.finish());
  }

  function receiveError(frame: Frame): void {
    receiveFault(frame.sequence, readFault(frame.meta));
  }

  function receiveFault(number: number, fault: FaultMeta): void {
    const entry = pending.get(number);
    log('platform', describeFault(fault), entry?.call.meta.requestId ?? null);
    settle(number, outcomeOfFault(fault));
  }

  /** A line belongs to the only call in flight; of several nobody can tell which one wrote it. */
  function hear(stream: 'stdout' | 'stderr', text: string): void {
    if (text.includes(OUT_OF_MEMORY)) outOfMemory = true;
    const sole = soleCall();
    sole?.heard?.(text);
    log(stream, text, sole?.meta.requestId ?? null);
  }

  function soleCall(): Call | undefined {
    if (pending.size === 0) return lastCall;
    return pending.size === 1 ? pending.values().next().value?.call : undefined;
  }

  async function run(): Promise<void> {
    process.use({ receive, line: hear, lost: lose });
    try {
      await process.booted;
      send(FRAME.LOAD, LOAD_SEQUENCE, null, Buffer.from(JSON.stringify(await ordered())));
    } catch (thrown) {
      fail(messageOf(thrown));
    }
    const end = await process.ended;
    for (const entry of pending.values()) entry.settle(verdict(end));
    pending.clear();
    failure ??= failureOf(end);
    for (const timer of [starting, awaitingPong, leaving]) clearTimeout(timer);
    state = 'gone';
    options.changed();
  }

  /** Paths of the order are those of the mounts; a process without a tree of its own finds them elsewhere. */
  async function ordered(): Promise<LoadOrder> {
    const order = await options.order();
    const egress = order.egress === null ? null : process.seenAs(order.egress);
    return { ...order, directory: process.seenAs(order.directory), egress };
  }

  function send(type: FrameType, number: number, meta: unknown, body?: Buffer): void {
    process.send(type, number, meta, body);
  }

  function lose(): void {
    if (lost) return;
    lost = true;
    options.changed();
  }

  function verdict(end: ProcessEnd): Outcome {
    if (end.broken !== null) return { kind: 'protocol', reason: end.broken };
    if (outOfMemory || end.outOfMemory) return { kind: 'out_of_memory' };
    return { kind: 'exited', reason: wordsOfExit(end) };
  }

  function failureOf(end: ProcessEnd): InitFailure | null {
    const words = outOfMemory || end.outOfMemory ? 'ran out of memory' : wordsOfExit(end);
    if (state === 'open' && served === 0 && performance.now() - startedAt < SETTLED_AFTER) {
      return { reason: `${words} right after it was loaded`, fault: null };
    }
    return state === 'starting' ? { reason: `${words} while it was loaded`, fault: null } : null;
  }

  function invoke(call: Call, timeout: number): Promise<Outcome> {
    thaw();
    sequence = (sequence + 1) >>> 0;
    const number = sequence;
    served += 1;
    lastCall = undefined;
    if (pending.size === 0) process.resetOutput();
    return new Promise((resolve) => {
      const timer = setTimeout(expire, timeout, number, timeout);
      const finish = (outcome: Outcome): void => {
        clearTimeout(timer);
        resolve(outcome);
      };
      pending.set(number, { call, settle: finish, assembly: null });
      const meta = { ...call.meta, remaining: timeout };
      send(FRAME.INVOKE, number, meta, call.body.length === 0 ? NOTHING : call.body);
    });
  }

  /** Whatever keeps it busy must not meet another call. */
  function expire(number: number, timeout: number): void {
    timedOut.add(number);
    state = 'closing';
    settle(number, { kind: 'timeout', milliseconds: timeout });
  }

  function endWhenIdle(): void {
    if (pending.size > 0) return;
    if (timedOut.size > 0) return kill();
    leaving ??= setTimeout(kill, LEAVE_WITHIN);
    send(FRAME.DRAIN, 0, null);
  }

  function close(): void {
    if (state === 'starting') return kill();
    if (state !== 'open') return;
    thaw();
    state = 'closing';
    endWhenIdle();
  }

  function thaw(): void {
    if (!frozen) return;
    frozen = false;
    process.thaw();
  }

  function freeze(): boolean {
    const left = process.processes();
    if (left !== null && ownProcesses !== null && left > ownProcesses) {
      log('platform', `replaced: ${left - ownProcesses} process(es) went on after the call that started them`, null);
      close();
      return false;
    }
    frozen = true;
    process.freeze();
    return true;
  }

  let starting = setTimeout(() => fail(`no process within ${SPAWN_WITHIN} ms`), SPAWN_WITHIN);
  /** A machine that is slow to start processes says nothing of the function. */
  void process.spawned.then(() => {
    if (state !== 'starting') return;
    clearTimeout(starting);
    starting = setTimeout(() => fail(`not ready within ${options.initTimeout} ms`), options.initTimeout);
  });
  const gone = run();
  return {
    startedAt,
    state: () => (lost && state === 'open' ? 'closing' : state),
    failure: () => failure,
    inFlight: () => pending.size,
    served: () => served,
    idleSince: () => idleSince,
    invoke,
    freeze,
    isFrozen: () => frozen,
    ping: (milliseconds) => {
      if (awaitingPong !== undefined || state !== 'open' || frozen) return;
      awaitingPong = setTimeout(kill, milliseconds);
      send(FRAME.PING, 0, null);
    },
    close,
    kill,
    gone,
  };
}
