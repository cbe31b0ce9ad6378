/** For the tests of this folder: an instance whose worker is the test itself. */
import { PassThrough, duplexPair } from 'node:stream';
import type { WorkerExit } from '../../sandbox/index.ts';
import { FRAME, type Frame, type FrameType, createFrameReader, encodeFrame } from '../runtimes/frames.ts';
import type { LoadOrder } from '../runtimes/messages.ts';
import type { Call } from './call.ts';
import { type Instance, type InstanceOptions, startInstance } from './instance.ts';
import { type RuntimeProcess, startRuntimeProcess } from './runtime-process.ts';

/** The worker's side. */
export interface TestWorker {
  readonly process: RuntimeProcess;
  readonly stdout: PassThrough;
  readonly stderr: PassThrough;
  send(type: FrameType, sequence: number, meta: unknown, body?: Buffer): void;
  /** Bytes on the wire as they are. */
  write(bytes: Buffer): void;
  /** Frames of the host so far. */
  frames(type: FrameType): readonly Frame[];
  isKilled(): boolean;
  exit(end: Partial<WorkerExit>): void;
}

export function startTestWorker(): TestWorker {
  const [channel, own] = duplexPair();
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const exited = Promise.withResolvers<WorkerExit>();
  const frames: Frame[] = [];
  let killed = false;

  function exit(end: Partial<WorkerExit>): void {
    exited.resolve({ code: null, signal: null, outOfMemory: false, ...end });
    for (const stream of [own, channel, stdout, stderr]) stream.end();
  }

  function send(type: FrameType, sequence: number, meta: unknown, body: Buffer = Buffer.alloc(0)): void {
    own.write(Buffer.concat([encodeFrame(type, sequence, meta, body.length), body]));
  }

  const read = createFrameReader((frame) => frames.push({ ...frame, body: Buffer.from(frame.body) }));
  own.on('data', read);
  const worker = {
    ...{ pid: 1, channel, stdout, stderr, exited: exited.promise },
    ...{ seenAs: (path: string) => path, freeze: () => {}, thaw: () => {}, processes: () => null },
    kill: () => {
      killed = true;
      exit({ signal: 'SIGKILL' });
    },
  };
  const process = startRuntimeProcess(() => Promise.resolve(worker));
  return {
    ...{ process, stdout, stderr, send, exit },
    write: (bytes) => void own.write(bytes),
    frames: (type) => frames.filter((frame) => frame.type === type),
    isKilled: () => killed,
  };
}

export interface TestInstance {
  readonly worker: TestWorker;
  readonly instance: Instance;
  /** `stream: text` of what it logged. */
  readonly lines: readonly string[];
  /** Begins a call; resolves with its number on the wire once the worker has it. */
  call(more?: Partial<Call>): Promise<{ readonly number: number; readonly outcome: ReturnType<Instance['invoke']> }>;
}

/** One that has loaded its function, unless `isLoaded` is false. */
export async function startTestInstance(
  options: Partial<InstanceOptions> = {},
  { isLoaded = true } = {},
): Promise<TestInstance> {
  const worker = startTestWorker();
  const lines: string[] = [];
  const instance = startInstance({
    ...{ process: worker.process, initTimeout: 10_000, order: () => Promise.resolve(ORDER), changed: () => {} },
    ...{ mask: (text) => text, isOutOfMemory: null, log: (stream, text) => void lines.push(`${stream}: ${text}`) },
    ...options,
  });
  await worker.process.spawned;
  worker.send(FRAME.READY, 0, {});
  await waitFor(() => worker.frames(FRAME.LOAD).length > 0);
  if (isLoaded) {
    worker.send(FRAME.READY, 1, {});
    await waitFor(() => instance.state() === 'open');
  }
  return {
    ...{ worker, instance, lines },
    call: async (more = {}) => {
      const before = worker.frames(FRAME.INVOKE).length;
      const outcome = instance.invoke({ meta: META, body: Buffer.alloc(0), ...more }, 10_000);
      await waitFor(() => worker.frames(FRAME.INVOKE).length > before);
      return { number: worker.frames(FRAME.INVOKE).at(-1)?.sequence ?? 0, outcome };
    },
  };
}

const META: Call['meta'] = { kind: 'payload', requestId: 'request-1', arn: 'arn' };
const ORDER: LoadOrder = {
  ...{ directory: '/code', files: null, handler: 'index.handler', form: 'module', functionName: 'f' },
  ...{ functionVersion: '1', memory: 128, variables: {}, egress: null },
};

export async function waitFor(isTrue: () => boolean): Promise<void> {
  const deadline = performance.now() + 5000;
  while (!isTrue()) {
    if (performance.now() > deadline) throw new Error(`never true: ${isTrue.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
