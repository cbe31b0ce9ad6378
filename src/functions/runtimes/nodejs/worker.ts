/** The program of one instance: it loads one function and answers INVOKE frames on fd 3 until that closes. */
import { writeSync } from 'node:fs';
import { type Loaded, createCalls } from './calls.ts';
import { openChannel } from './channel.ts';
import { describeFault, textOf } from './faults.ts';
import { type Frame, FRAME } from '../frames.ts';
import { createIdleWatch } from './idle.ts';
import { loadFunction } from './load.ts';
import type { FaultMeta, LoadOrder } from '../messages.ts';

/** The code of a process that AWS Lambda ends for an exception which nobody caught. */
const UNCAUGHT = 129;
/** Milliseconds that last frames may take. */
const LAST_WORDS_WITHIN = 1000;
const STDERR = 2;

const exit = process.exit.bind(process);
const channel = openChannel(3, { receive, refuse, close: () => exit(exitCode) });
const calls = createCalls({ channel, whenIdle: createIdleWatch(channel), closed: leaveWhenDrained });
let exitCode = 0;
let isLeaving = false;
let isDraining = false;
/** Sequence of the LOAD that is under way. */
let loading: number | undefined;
let loaded: Loaded | undefined;

for (const name of ['stdout', 'stderr'] as const) blockWriters(name);
process.on('uncaughtException', (thrown) => die(thrown, describeFault(thrown)));
process.on('unhandledRejection', (reason) => {
  const { trace } = describeFault(reason);
  die(reason, { errorType: 'Runtime.UnhandledPromiseRejection', message: describeRejection(reason), trace });
});
process.on('exit', channel.flush);
channel.send(FRAME.READY, 0, JSON.stringify({ runtime: 'nodejs', version: process.versions.node }));

function receive(frame: Frame): void {
  if (isLeaving) return;
  switch (frame.type) {
    case FRAME.INVOKE:
      if (loaded === undefined) throw new Error('INVOKE before READY');
      return calls.invoke(frame, loaded);
    case FRAME.LOAD:
      if (loading !== undefined || loaded !== undefined) throw new Error('a second LOAD');
      loading = frame.sequence;
      return void load(JSON.parse(frame.body.toString('utf8')) as LoadOrder, frame.sequence);
    case FRAME.PING:
      return void answerPing(frame.sequence);
    case FRAME.DRAIN:
      isDraining = true;
      return leaveWhenDrained();
    default:
      throw new Error(`a frame of type ${frame.type} from the host`);
  }
}

/** Nobody can be trusted any more, not even to be asked. */
function refuse(thrown: unknown): void {
  log(`the host broke the protocol: ${textOf(thrown)}`);
  exit(1);
}

/** Before there is a function there is time to get ready for one. */
async function answerPing(sequence: number): Promise<void> {
  if (loaded === undefined && loading === undefined) {
    const { warmUp } = await import('./warm-up.ts');
    await warmUp().catch((thrown: unknown) => log(`not warmed up: ${textOf(thrown)}`));
  }
  channel.send(FRAME.PONG, sequence, '');
}

async function load(order: LoadOrder, sequence: number): Promise<void> {
  try {
    Object.assign(process.env, order.variables);
    process.argv = [process.execPath, order.handler];
    if (order.egress !== null) {
      const { openEgress } = await import('./egress.ts');
      await openEgress(order.egress, process.env);
    }
    const found = await loadFunction(order);
    if (isLeaving) return;
    loaded = found;
    channel.send(FRAME.READY, sequence, '{}');
  } catch (thrown) {
    if (!isLeaving) channel.send(FRAME.INIT_ERROR, sequence, JSON.stringify(describeFault(thrown)));
  } finally {
    loading = undefined;
  }
}

/** Every call that is open hears of it, and the process ends: what it has in memory may be anything. */
function die(thrown: unknown, meta: FaultMeta): void {
  log(`uncaught: ${textOf(thrown)}`);
  if (isLeaving) return;
  isDraining = false; // this is no orderly end any more
  if (loading !== undefined) channel.send(FRAME.INIT_ERROR, loading, JSON.stringify(meta));
  calls.failAll(meta);
  leave(UNCAUGHT);
}

function leaveWhenDrained(): void {
  if (isDraining && calls.open() === 0) leave(0);
}

function leave(code: number): void {
  if (isLeaving) return;
  isLeaving = true;
  exitCode = code;
  setTimeout(() => exit(code), LAST_WORDS_WITHIN);
  channel.end(() => exit(code));
}

function log(text: string): void {
  try {
    writeSync(STDERR, `${text}\n`);
  } catch {
    // Nobody reads it.
  }
}

function describeRejection(reason: unknown): string {
  const { errorType, message } = describeFault(reason);
  return reason instanceof Error ? `${errorType}: ${message}`.slice(0, 4096) : message;
}

/**
 * Output that is not read at once must block its writer: so it is out before the answer to its call, and does not pile up in
 * the memory of the function. Done when the stream is first used, for opening it is dear.
 */
function blockWriters(name: 'stdout' | 'stderr'): void {
  const open = Object.getOwnPropertyDescriptor(process, name)?.get;
  Object.defineProperty(process, name, {
    configurable: true,
    enumerable: true,
    get() {
      const stream = open?.call(process) as NodeJS.WriteStream & {
        readonly _handle?: { setBlocking?(on: boolean): void };
      };
      stream._handle?.setBlocking?.(true);
      stream.on('error', () => {}); // its reader is gone, and Funade with it
      Object.defineProperty(process, name, { configurable: true, enumerable: true, value: stream });
      return stream;
    },
  });
}
