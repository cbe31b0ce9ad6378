import { Socket } from 'node:net';
import { type Frame, type FrameType, HEAD, MAX_BODY, createFrameReader, writeHead } from '../frames.ts';

/** Bytes that one read takes. Frames are used up before the next one, so that the memory is the same for all of them. */
const READ = 64 * 1024;
/** Room for the frames of one tick; longer ones are written on their own. */
const SLAB = 128 * 1024;
/** Bytes that a UTF-16 unit takes at most in UTF-8. */
const WIDEST = 3;

export interface Channel {
  /**
   * Queues a frame; all those of one tick leave in one write. A body of bytes must not change afterwards. False, and nothing is
   * sent, when the body is longer than a frame may be. That the meta fits is the caller's business.
   */
  send(type: FrameType, sequence: number, meta: string, body?: string | Uint8Array): boolean;
  /** Calls back once the host has taken enough of what was sent: at once unless it is slow. */
  whenTaken(callback: () => void): void;
  /** Sends what is queued, closes and calls back. */
  end(callback: () => void): void;
  /** Hands what is queued to the kernel, as far as it takes it at once. */
  flush(): void;
  /** Whether waiting for the host keeps the process alive. */
  hold(alive: boolean): void;
}

export interface ChannelEvents {
  readonly receive: (frame: Frame) => void;
  /** What the host sent is no frame. */
  readonly refuse: (thrown: unknown) => void;
  readonly close: () => void;
}

export function openChannel(fd: number, events: ChannelEvents): Channel {
  const read = createFrameReader(events.receive);
  const socket = new Socket({
    fd,
    readable: true,
    writable: true,
    onread: {
      buffer: Buffer.allocUnsafeSlow(READ),
      callback: (size, buffer) => {
        try {
          read((buffer as Buffer).subarray(0, size));
        } catch (thrown) {
          events.refuse(thrown);
        }
        return true;
      },
    },
  });
  socket.on('end', events.close);
  socket.on('close', events.close);
  socket.on('error', events.close);
  socket.on('drain', release);

  let slab = Buffer.allocUnsafeSlow(SLAB);
  let used = 0;
  let scheduled = false;
  let waiting: (() => void)[] = [];

  function flush(): void {
    scheduled = false;
    if (used === 0) return;
    socket.write(slab.subarray(0, used));
    used = 0;
    if (socket.writableLength > 0) slab = Buffer.allocUnsafeSlow(SLAB); // the kernel did not take all: the old one is in use
  }

  function send(type: FrameType, sequence: number, meta: string, body: string | Uint8Array = ''): boolean {
    if (body.length > MAX_BODY) return false;
    const most = HEAD + WIDEST * meta.length + (typeof body === 'string' ? WIDEST : 1) * body.length;
    if (most > SLAB) return sendAlone(type, sequence, meta, body);
    if (most > SLAB - used) flush();
    const start = used;
    const metaLength = slab.write(meta, start + HEAD, 'utf8');
    const bodyStart = start + HEAD + metaLength;
    const bodyLength = put(body, bodyStart);
    writeHead(slab, start, { type, sequence, metaLength, bodyLength });
    used = bodyStart + bodyLength;
    if (!scheduled) {
      scheduled = true;
      process.nextTick(flush);
    }
    return true;
  }

  function put(body: string | Uint8Array, at: number): number {
    if (typeof body === 'string') return slab.write(body, at, 'utf8');
    slab.set(body, at);
    return body.length;
  }

  function sendAlone(type: FrameType, sequence: number, meta: string, body: string | Uint8Array): boolean {
    const bytes = typeof body === 'string' ? Buffer.from(body, 'utf8') : body;
    if (bytes.length > MAX_BODY) return false;
    const metaLength = Buffer.byteLength(meta);
    const head = Buffer.allocUnsafe(HEAD + metaLength);
    writeHead(head, 0, { type, sequence, metaLength, bodyLength: bytes.length });
    head.write(meta, HEAD, 'utf8');
    socket.cork();
    flush();
    socket.write(head);
    socket.write(bytes);
    socket.uncork();
    return true;
  }

  function release(): void {
    const callbacks = waiting;
    waiting = [];
    for (const callback of callbacks) callback();
  }

  return {
    send,
    flush,
    whenTaken: (callback) => {
      if (used > READ) flush();
      if (socket.writableNeedDrain) waiting.push(callback);
      else callback();
    },
    end: (callback) => {
      flush();
      socket.end(callback);
    },
    hold: (alive) => void (alive ? socket.ref() : socket.unref()),
  };
}
