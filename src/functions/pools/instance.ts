import { messageOf } from '../../kernel/index.ts';
import { MAX_REASON, readText } from '../foreign-text.ts';
import { type Outcome, reasonOf } from '../outcome.ts';
import { type Frame, FRAME, type FrameType } from '../runtimes/frames.ts';
import type { FaultMeta, LoadOrder } from '../runtimes/messages.ts';
import type { Call } from './call.ts';
import { describeFault, outcomeOfFault, readFault, readResult } from './replies.ts';
import { type ProcessEnd, type RuntimeProcess, wordsOfExit } from './runtime-process.ts';
import { type Assembly, MOST_BEHIND, createAssembly, dropRest } from './streaming.ts';

export type LogStream = 'stdout' | 'stderr' | 'platform';

export interface InstanceOptions {
  readonly process: RuntimeProcess;
  /** Asked for once the process is up. */
  readonly order: () => Promise<LoadOrder>;
  /** Milliseconds from the start of the process until it is ready. */
  readonly initTimeout: number;
  readonly log: (stream: LogStream, text: string, requestId: string | null) => void;
  /** Takes the function's secrets out of a text, before anybody gets it. */
  readonly mask: (text: string) => string;
  /** Of a line on stderr: the language says so before it ends its process for lack of memory. Null: it never does. */
  readonly isOutOfMemory: ((line: string) => boolean) | null;
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
  /** The first outcome counts. The call is in flight, with its deadline, until the worker is through with it. */
  readonly answer: (outcome: Outcome) => void;
  readonly deadline: NodeJS.Timeout;
  assembly: Assembly | null;
}

/** Milliseconds that the sandbox may take to start a process. */
const SPAWN_WITHIN = 30_000;
/** Milliseconds that a drained process may take to end by itself. */
const LEAVE_WITHIN = 1000;
/** Milliseconds after which the end of an instance that never had a call no longer speaks of a bad start. */
const SETTLED_AFTER = 5000;
const LOAD_SEQUENCE = 1;
/** The end of an answer that nobody waits for any more. */
const LATE: Outcome = { kind: 'abandoned' };
const NOTHING = Buffer.alloc(0);

export function startInstance(options: InstanceOptions): Instance {
  const { process } = options;
  const pending = new Map<number, Pending>();
  const timedOut = new Set<number>();
  const startedAt = performance.now();
  let state: InstanceState = 'starting';
  let failure: InitFailure | null = null;
  let sequence = LOAD_SEQUENCE;
  let served = 0;
  let idleSince = startedAt;
  /** What it said since it was last idle; it counts when a signal ends the process. */
  let saidOutOfMemory = false;
  let frozen = false;
  let lost = false;
  let ownProcesses: number | null = null;
  let awaitingPong: NodeJS.Timeout | undefined;
  let leaving: NodeJS.Timeout | undefined;
  /** Output comes over another pipe than answers: what arrives before the next call belongs to the last one. */
  let lastCall: Call | undefined;

  function fail(reason: string, fault: FaultMeta | null = null): void {
    if (state === 'starting') failure ??= { reason: shown(reason), fault: fault === null ? null : maskFault(fault) };
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
    clearTimeout(entry.deadline);
    process.resume(); // its reader may still be behind: that is not the next call's business
    entry.answer(outcome);
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
    const { sink } = entry.call;
    entry.assembly = createAssembly({ sink, meta: result, process, isAlone: () => pending.size === 1 });
  }

  function receiveChunk({ sequence: number, body }: Frame): void {
    const entry = pending.get(number);
    if (entry === undefined) {
      if (!timedOut.has(number)) throw new Error(`a piece of an answer to the unknown call ${number}`);
      return;
    }
    if (entry.assembly === null) throw new Error(`a piece of an answer that has not begun, of call ${number}`);
    const added = entry.assembly.add(body);
    if (added === 'too_slow') return leaveBehind(entry);
    if (added === 'taken') return;
    timedOut.add(number); // the rest of it is on its way and is not wanted
    state = 'closing';
    settle(number, { kind: 'response_too_large' });
  }

  /** The handler goes on, for nobody: the other calls of its process must not pay for a slow reader. */
  function leaveBehind(entry: Pending): void {
    const text = `broken off: its reader was more than ${MOST_BEHIND} bytes behind, and other calls wait for this process`;
    tell('platform', text, entry.call.meta.requestId);
    entry.assembly = dropRest();
    entry.answer({ kind: 'reader_too_slow' });
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
    report(pending.get(number)?.call, describeFault(fault));
    settle(number, outcomeOfFault(fault));
  }

  /** What became of a call, where it was no answer: whoever reads the log would look for it there. */
  function report(call: Call | undefined, text: string): void {
    const told = tell('platform', text, call?.meta.requestId ?? null);
    call?.heard?.(told);
  }

  /** A line belongs to the only call in flight; of several nobody can tell which one wrote it. */
  function hear(stream: 'stdout' | 'stderr', text: string): void {
    if (stream === 'stderr' && options.isOutOfMemory?.(text) === true) saidOutOfMemory = true;
    const sole = soleCall();
    const told = tell(stream, text, sole?.meta.requestId ?? null);
    sole?.heard?.(told);
  }

  /** All words that leave the instance; returns them as they may be shown. */
  function tell(stream: LogStream, text: string, requestId: string | null): string {
    const told = options.mask(text);
    options.log(stream, told, requestId);
    return told;
  }

  function shown(reason: string): string {
    return options.mask(readText(reason, MAX_REASON));
  }

  function maskFault(fault: FaultMeta): FaultMeta {
    return { ...fault, message: options.mask(fault.message), trace: fault.trace.map(options.mask) };
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
    for (const entry of pending.values()) {
      clearTimeout(entry.deadline);
      const outcome = verdict(end);
      report(entry.call, reasonOf(outcome));
      entry.answer(outcome);
    }
    pending.clear();
    failure ??= failureOf(end);
    if (failure !== null) report(undefined, `not started: ${failure.reason}`);
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
    return isForMemory(end) ? { kind: 'out_of_memory' } : { kind: 'exited', reason: wordsOfExit(end) };
  }

  function isForMemory({ outOfMemory, signal }: ProcessEnd): boolean {
    return outOfMemory || (saidOutOfMemory && signal !== null);
  }

  function failureOf(end: ProcessEnd): InitFailure | null {
    const words = isForMemory(end) ? 'ran out of memory' : wordsOfExit(end);
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
    if (pending.size > 0) process.resume(); // a slow reader holds only its own call back
    else {
      process.resetOutput();
      saidOutOfMemory = false;
    }
    return new Promise((answer) => {
      const deadline = setTimeout(expire, timeout, number, timeout);
      pending.set(number, { call, answer, deadline, assembly: null });
      const meta = { ...call.meta, remaining: timeout };
      send(FRAME.INVOKE, number, meta, call.body.length === 0 ? NOTHING : call.body);
    });
  }

  /** Whatever keeps it busy must not meet another call. */
  function expire(number: number, timeout: number): void {
    timedOut.add(number);
    state = 'closing';
    report(pending.get(number)?.call, `ended after ${timeout} ms: it had no answer`);
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
      tell('platform', `replaced: ${left - ownProcesses} process(es) went on after the call that started them`, null);
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
