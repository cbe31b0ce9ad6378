/** The program of one instance: it loads one handler and answers INVOKE frames on fd 3 until that closes. */
import { Socket } from 'node:net';
import { type Frame, FRAME, type FrameType, createFrameReader, encodeFrame } from '../frames.ts';
import type { InvokeMeta, LoadMeta } from '../messages.ts';
import { type Handler, callHandler, createContext, describeFault, loadHandler } from './handler.ts';
import { toEvent, toResult } from './http-event.ts';

const channel = new Socket({ fd: 3, readable: true, writable: true });
/** Output that is not read at once must block its writer, or it piles up in the memory of the function. */
for (const stream of [process.stdout, process.stderr]) {
  (stream as unknown as { _handle?: { setBlocking?(on: boolean): void } })._handle?.setBlocking?.(true);
}

let loaded: { readonly load: LoadMeta; readonly handler: Handler } | undefined;
let running = 0;
let draining = false;

/** Without Funade nobody can ask for anything: a server that was killed leaves no process behind. */
function leave(): void {
  process.exit(0);
}

function send(type: FrameType, sequence: number, meta: unknown, body?: Buffer): void {
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

async function load(frame: Frame): Promise<void> {
  const meta = frame.meta as LoadMeta;
  Object.assign(process.env, meta.variables);
  try {
    loaded = { load: meta, handler: await loadHandler(meta) };
    send(FRAME.READY, frame.sequence, { pid: process.pid });
  } catch (thrown) {
    send(FRAME.INIT_ERROR, frame.sequence, describeFault(thrown));
  }
}

async function invoke(frame: Frame): Promise<void> {
  if (loaded === undefined) throw new Error('INVOKE before LOAD');
  const meta = frame.meta as InvokeMeta;
  running += 1;
  try {
    const context = createContext(loaded.load, meta.requestId, meta.remaining);
    const value = await callHandler(loaded.handler, toEvent(meta, frame.body, loaded.load), context);
    const result = toResult(value);
    send(FRAME.RESULT, frame.sequence, result.meta, result.body);
  } catch (thrown) {
    send(FRAME.ERROR, frame.sequence, describeFault(thrown));
  } finally {
    running -= 1;
    leaveWhenDrained();
  }
}

function leaveWhenDrained(): void {
  if (draining && running === 0) channel.end(leave);
}

function receive(frame: Frame): void {
  if (frame.type === FRAME.INVOKE) void invoke(frame);
  else if (frame.type === FRAME.LOAD) void load(frame);
  else if (frame.type === FRAME.PING) send(FRAME.PONG, frame.sequence, null);
  else if (frame.type === FRAME.DRAIN) {
    draining = true;
    leaveWhenDrained();
  }
}

const read = createFrameReader(receive);
channel.on('data', (chunk: Buffer) => read(chunk));
channel.on('end', leave);
channel.on('close', leave);
channel.on('error', leave);
