/** Rust workers for tests: programs compiled with the toolchain of this machine, and processes that speak the wire. */
import { homedir } from 'node:os';
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';
import type { FaultMeta, LoadOrder } from '../../src/functions/index.ts';
import { type Workshop, openWorkshop, searchToolchain } from '../../src/functions/runtimes/rust/testing.ts';
import { type Exit, type Reply, type WireWorker, startWorker } from './wire.ts';

const toolchain = await searchToolchain(process.env['PATH'] ?? '', homedir());
if ('missing' in toolchain && process.env['CI'] === 'true') throw new Error(`CI needs Rust: ${toolchain.missing}`);

/** Tests that are skipped where Rust is missing, with the reason; CI has to have it. */
export function describeWithRust(tests: () => void): void {
  const found = 'missing' in toolchain ? toolchain.missing : 'here';
  describe.skipIf('missing' in toolchain)(`with rustc (${found})`, tests);
}

/** A workshop that is open while the tests of a file run, and closed behind them. */
export function useWorkshop(): () => Workshop {
  let workshop: Workshop | undefined;
  beforeAll(async () => {
    if (!('missing' in toolchain)) workshop = await openWorkshop(toolchain);
  }, 240_000);
  afterAll(() => workshop?.close());
  return () => {
    if (workshop === undefined) throw new Error('the workshop opens before the first test');
    return workshop;
  };
}

export interface RustRig {
  readonly workshop: () => Workshop;
  /** The path of the program of the file. */
  readonly program: () => string;
  /** A worker of the program of the file that has loaded nothing; its argv may be another one. */
  open(argv?: readonly string[]): WireWorker;
  /** A worker of the program of the file. */
  start(order?: Partial<LoadOrder>): Promise<WireWorker>;
  /** A worker of a program of its own. */
  serve(source: string): Promise<WireWorker>;
}

export interface RustRigOptions {
  /** Makes the program of the file, once: compiling is what takes time. Without it `serve` is all there is. */
  readonly compile?: (workshop: Workshop) => Promise<string>;
  /** Ends a worker after its test; kills it unless told otherwise. */
  readonly end?: (worker: WireWorker) => void;
}

export function useRustWorkers({ compile, end = kill }: RustRigOptions = {}): RustRig {
  const workers: WireWorker[] = [];
  const workshop = useWorkshop();
  let program = '';
  beforeAll(async () => {
    if (compile !== undefined) program = await compile(workshop());
  }, 240_000);
  afterEach(() => {
    for (const worker of workers.splice(0)) end(worker);
  });

  function open(argv: readonly string[] = [program]): WireWorker {
    const worker = startWorker(argv);
    workers.push(worker);
    return worker;
  }

  async function load(worker: WireWorker, order: Partial<LoadOrder> = {}): Promise<WireWorker> {
    expect(await worker.load(order)).toEqual({ kind: 'ready' });
    return worker;
  }

  return {
    workshop,
    program: () => program,
    open,
    start: (order) => load(open(), order),
    serve: async (source) => load(open([await workshop().program(source)])),
  };
}

function kill(worker: WireWorker): void {
  worker.kill();
}

/** The fault of a call; throws when there is none. */
export async function faultOf(reply: Promise<Reply>): Promise<FaultMeta> {
  const settled = await reply;
  if (settled.kind === 'error') return settled.fault;
  throw new Error(`a result: ${settled.body.toString()}`);
}

/** What a payload call answers, byte for byte, or its fault in one line. */
export async function textOf(worker: WireWorker, body: string | Buffer): Promise<string> {
  const reply = await worker.invoke({}, body);
  return reply.kind === 'result' ? reply.body.toString('utf8') : `${reply.fault.errorType}: ${reply.fault.message}`;
}

/** How a process ends, if it does so in time. */
export async function endsWithin(worker: WireWorker, milliseconds: number): Promise<Exit | 'still there'> {
  const late = new Promise<'still there'>((resolve) => {
    setTimeout(() => resolve('still there'), milliseconds).unref();
  });
  return await Promise.race([worker.exited, late]);
}
