import { messageOf, sleep } from '../../kernel/index.ts';
import type { Worker, WorkerExit } from '../../sandbox/index.ts';
import { MAX_REASON, readText } from '../foreign-text.ts';
import { type Frame, FRAME, type FrameType, createFrameReader, encodeFrame } from '../runtimes/frames.ts';
import { type OutputCapture, type OutputName, captureOutput } from './output.ts';

/** Whoever uses the process now. */
export interface ProcessUser {
  /** Throws on what may not come; the process is then ended. LOG frames come as lines. */
  receive(frame: Frame): void;
  line(stream: OutputName, text: string): void;
  /** The wire is closed: nothing more can be sent, though the last frames may still be on their way. */
  lost(): void;
}

export interface ProcessEnd extends WorkerExit {
  /** Why what came over the wire was none of it; the process was killed for it. */
  readonly broken: string | null;
}

/** A process that speaks the wire: started before or for a function, used by one instance. */
export interface RuntimeProcess {
  /** Resolves when there is a process, or none will come. Never rejects. */
  readonly spawned: Promise<void>;
  /** Resolves when it can take LOAD; rejects with a sentence when it ended or said something else first. */
  readonly booted: Promise<void>;
  /** Resolves when nothing of it is left and its last frames and lines were handed over. Never rejects. */
  readonly ended: Promise<ProcessEnd>;
  /** Resolves when it has done what it does before its first LOAD; for a process that nobody uses yet. Never rejects. */
  settle(): Promise<void>;
  use(user: ProcessUser): void;
  send(type: FrameType, sequence: number, meta: unknown, body?: Buffer): void;
  /** Where the process finds what was mounted at `path`. */
  seenAs(path: string): string;
  /** Begins the count of output anew. */
  resetOutput(): void;
  /** Stops reading frames until `resume`, so that a slow reader slows the process down. */
  pause(): void;
  resume(): void;
  freeze(): void;
  thaw(): void;
  processes(): number | null;
  kill(): void;
}

/** Milliseconds that its pipes may take to run empty after its end. */
const LAST_WORDS_WITHIN = 1000;
/** Lines from before anybody used it, which an instance then logs as its own. */
const EARLY_LINES = 100;

export function startRuntimeProcess(spawn: () => Promise<Worker>): RuntimeProcess {
  const spawned = Promise.withResolvers<void>();
  const boot = Promise.withResolvers<void>();
  const settled = Promise.withResolvers<void>();
  boot.promise.catch(() => {}); // `ended` tells it too
  const early: { readonly stream: OutputName; readonly text: string }[] = [];
  let worker: Worker | undefined;
  let user: ProcessUser | undefined;
  let output: OutputCapture | undefined;
  let wanted: 'running' | 'killed' = 'running';
  let isBooted = false;
  let isLost = false;
  let broken: string | null = null;
  /** What was last said before it was up: by the sandbox, or by the runtime. */
  let complaint = '';
  /** PINGs without an answer so far. */
  let asked = 0;

  function kill(): void {
    wanted = 'killed';
    worker?.kill();
  }

  function receive(frame: Frame): void {
    if (frame.type === FRAME.READY && frame.sequence === 0 && !isBooted) {
      isBooted = true;
      boot.resolve();
      return;
    }
    if (frame.type === FRAME.PONG) {
      if (asked === 0) throw new Error('PONG that nobody asked for');
      asked -= 1;
      if (user === undefined) return settled.resolve();
    }
    if (user === undefined) throw new Error(`frame of type ${frame.type} before anything was asked`);
    if (frame.type === FRAME.LOG) output?.add(streamOf(frame.meta), frame.body);
    else user.receive(frame);
  }

  function breakOff(reason: string): void {
    broken ??= readText(reason, MAX_REASON); // an error of JSON.parse quotes what it was given
    boot.reject(new Error(`broke the protocol: ${broken}`));
    kill();
  }

  function lose(): void {
    if (isLost) return;
    isLost = true;
    user?.lost();
  }

  function line(stream: OutputName, text: string): void {
    if (!isBooted && stream === 'stderr') complaint = readText(text, MAX_REASON);
    if (user !== undefined) user.line(stream, text);
    else if (early.length < EARLY_LINES) early.push({ stream, text });
  }

  async function run(): Promise<ProcessEnd> {
    try {
      worker = await spawn().finally(spawned.resolve);
      if (wanted === 'killed') worker.kill();
      const exit = await follow(worker);
      boot.reject(new Error(`${wordsOfExit(exit)} while it was started${complaint === '' ? '' : `: ${complaint}`}`));
      return { ...exit, broken };
    } catch (thrown) {
      boot.reject(thrown);
      lose();
      return { code: null, signal: null, outOfMemory: false, broken };
    }
  }

  async function follow(process: Worker): Promise<WorkerExit> {
    const { channel, stdout, stderr } = process;
    output = captureOutput({ stdout, stderr }, line);
    const read = createFrameReader(receive);
    const closed = new Promise<void>((resolve) => channel.once('close', () => resolve()));
    const drained = new Promise<void>((resolve) => stderr.once('close', () => resolve()));
    channel.on('data', (chunk: Buffer) => {
      if (broken !== null) return;
      try {
        read(chunk);
      } catch (thrown) {
        breakOff(messageOf(thrown));
      }
    });
    channel.on('error', () => {}); // the process is gone or going; `exited` tells
    channel.once('end', lose);
    channel.once('close', lose);
    const exit = await process.exited;
    lose();
    channel.resume();
    // Its last frames and lines may still be on their way; a daemon that holds the pipes open does not delay the verdict.
    const heard = new AbortController();
    await Promise.race([Promise.all([closed, drained]), sleep(LAST_WORDS_WITHIN, heard.signal)]);
    heard.abort();
    for (const stream of [channel, stdout, stderr]) stream.destroy();
    return exit;
  }

  function send(type: FrameType, sequence: number, meta: unknown, body?: Buffer): void {
    if (type === FRAME.PING) asked += 1;
    const channel = worker?.channel;
    if (channel === undefined || channel.destroyed || channel.writableEnded) return;
    const head = encodeFrame(type, sequence, meta, body?.length ?? 0);
    if (body === undefined || body.length === 0) {
      channel.write(head);
      return;
    }
    channel.cork();
    channel.write(head);
    channel.write(body);
    channel.uncork();
  }

  const ended = run();
  return {
    spawned: spawned.promise,
    booted: boot.promise,
    ended,
    settle: () => {
      send(FRAME.PING, 0, null);
      return settled.promise;
    },
    use: (next) => {
      user = next;
      for (const { stream, text } of early.splice(0)) next.line(stream, text);
      if (isLost) next.lost();
    },
    send,
    seenAs: (path) => worker?.seenAs(path) ?? path,
    resetOutput: () => output?.reset(),
    pause: () => void worker?.channel.pause(),
    resume: () => void worker?.channel.resume(),
    freeze: () => worker?.freeze(),
    thaw: () => worker?.thaw(),
    processes: () => worker?.processes() ?? null,
    kill,
  };
}

function streamOf(meta: unknown): OutputName {
  return (meta as { readonly stream?: unknown } | null)?.stream === 'stderr' ? 'stderr' : 'stdout';
}

/** How a process ended, as the end of a sentence that begins with `it`. */
export function wordsOfExit({ code, signal }: Pick<WorkerExit, 'code' | 'signal'>): string {
  if (signal !== null) return `was ended by ${signal}`;
  return code === null ? 'could not be started' : `exited with code ${code}`;
}
