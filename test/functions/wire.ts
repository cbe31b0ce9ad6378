/** Speaks the wire of `src/functions/runtimes/README.md` to a worker process, without sandbox or pool: for tests of runtimes. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';
import {
  FRAME,
  type FaultMeta,
  type Frame,
  type FrameType,
  type InvokeMeta,
  type LoadOrder,
  type ResultMeta,
  createFrameReader,
  encodeFrame,
} from '../../src/functions/index.ts';

export type Reply =
  | { readonly kind: 'result'; readonly meta: Partial<ResultMeta>; readonly body: Buffer }
  | { readonly kind: 'error'; readonly fault: FaultMeta };

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface WireWorker {
  readonly child: ChildProcess;
  /** All frames that came, oldest first. */
  readonly frames: readonly Frame[];
  /** stdout and stderr so far. */
  output(): string;
  /** Waits for the READY of the process itself, sends LOAD and waits for what comes of it. */
  load(
    order: Partial<LoadOrder>,
  ): Promise<{ readonly kind: 'ready' } | { readonly kind: 'error'; readonly fault: FaultMeta }>;
  /** A call; the body of a streamed answer is put together. Rejects when the process ends first. */
  invoke(meta: Partial<InvokeMeta>, body?: Buffer | string): Promise<Reply>;
  /** A payload call; resolves with the parsed result and throws the fault. */
  call(event: unknown): Promise<unknown>;
  send(type: FrameType, sequence: number, meta: unknown, body?: Buffer): void;
  /** Bytes on the wire as they are. */
  write(bytes: Buffer): void;
  next(type: FrameType, sequence: number): Promise<Frame>;
  readonly exited: Promise<Exit>;
  kill(): void;
}

const WITHIN = 20_000;
const LOAD: LoadOrder = {
  directory: '/',
  files: null,
  handler: 'index.handler',
  form: 'module',
  functionName: 'shop-api',
  functionVersion: '1',
  memory: 128,
  variables: {},
  egress: null,
};
const PAYLOAD: InvokeMeta = {
  kind: 'payload',
  requestId: 'request-1',
  remaining: 3000,
  arn: 'arn:aws:lambda:local:000000000000:function:shop-api:production',
};

export function startWorker(argv: readonly string[], options: { readonly cwd?: string } = {}): WireWorker {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, {
    cwd: options.cwd ?? '/',
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: '/tmp', LANG: 'C.UTF-8' },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const channel = child.stdio[3] as Duplex;
  const frames: Frame[] = [];
  const watchers = new Set<() => void>();
  let text = '';
  let ended: Exit | null = null;
  let sequence = 0;
  const look = () => {
    for (const watcher of watchers) watcher();
  };
  const read = createFrameReader((frame) => {
    frames.push(frame);
    look();
  });
  channel.on('data', (chunk: Buffer) => read(chunk));
  channel.on('error', () => {}); // the process is gone, which `exited` tells
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
    });
  }
  const exited = new Promise<Exit>((resolve) => {
    child.once('close', (code, signal) => {
      ended = { code, signal };
      resolve(ended);
      look();
    });
  });

  function find(isWanted: (frame: Frame) => boolean): Promise<Frame> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => finish(() => reject(new Error(`no such frame within ${WITHIN} ms; ${text}`))),
        WITHIN,
      );
      const finish = (settle: () => void) => {
        clearTimeout(timer);
        watchers.delete(watcher);
        settle();
      };
      const watcher = () => {
        const found = frames.find(isWanted);
        if (found !== undefined) finish(() => resolve(found));
        else if (ended !== null)
          finish(() => reject(new Error(`the worker ended (${ended?.code ?? ended?.signal}): ${text}`)));
      };
      watchers.add(watcher);
      watcher();
    });
  }

  function send(type: FrameType, number: number, meta: unknown, body: Buffer = Buffer.alloc(0)): void {
    channel.write(Buffer.concat([encodeFrame(type, number, meta, body.length), body]));
  }

  async function invoke(meta: Partial<InvokeMeta>, body: Buffer | string = ''): Promise<Reply> {
    sequence += 1;
    const number = sequence;
    send(FRAME.INVOKE, number, { ...PAYLOAD, ...meta }, Buffer.from(body));
    const first = await find(
      (frame) => frame.sequence === number && (frame.type === FRAME.RESULT || frame.type === FRAME.ERROR),
    );
    if (first.type === FRAME.ERROR) return { kind: 'error', fault: first.meta as FaultMeta };
    const result = first.meta as Partial<ResultMeta>;
    if (result.stream !== true) return { kind: 'result', meta: result, body: first.body };
    const end = await find((frame) => frame.sequence === number && frame.type === FRAME.END);
    const broken = end.meta as Partial<FaultMeta> | null;
    if (broken?.errorType !== undefined) return { kind: 'error', fault: broken as FaultMeta };
    const chunks = frames.filter((frame) => frame.sequence === number && frame.type === FRAME.CHUNK);
    return { kind: 'result', meta: result, body: Buffer.concat(chunks.map((frame) => frame.body)) };
  }

  return {
    child,
    frames,
    output: () => text,
    exited,
    send,
    write: (bytes) => void channel.write(bytes),
    next: (type, number) => find((frame) => frame.type === type && frame.sequence === number),
    kill: () => void child.kill('SIGKILL'),
    load: async (order) => {
      await find((frame) => frame.type === FRAME.READY && frame.sequence === 0);
      sequence += 1;
      const number = sequence;
      send(FRAME.LOAD, number, null, Buffer.from(JSON.stringify({ ...LOAD, ...order })));
      const answer = await find(
        (frame) => frame.sequence === number && (frame.type === FRAME.READY || frame.type === FRAME.INIT_ERROR),
      );
      return answer.type === FRAME.READY ? { kind: 'ready' } : { kind: 'error', fault: answer.meta as FaultMeta };
    },
    invoke,
    call: async (event) => {
      const reply = await invoke({}, JSON.stringify(event));
      if (reply.kind === 'error') throw new Error(`${reply.fault.errorType}: ${reply.fault.message}`);
      return JSON.parse(reply.body.toString('utf8')) as unknown;
    },
  };
}
