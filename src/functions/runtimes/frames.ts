/**
 * The wire between Funade and a worker process, on the inherited socketpair (fd 3). One frame is
 * `u32be length | u8 type | u32be sequence | u16be metaLength | meta (JSON) | body (bytes)`; `length` counts what follows it.
 * The body is never parsed by Funade. What the types mean is in the README beside this file.
 */
export const FRAME = {
  READY: 1,
  LOAD: 2,
  INVOKE: 3,
  RESULT: 4,
  ERROR: 5,
  CHUNK: 6,
  END: 7,
  LOG: 8,
  INIT_ERROR: 9,
  PING: 10,
  PONG: 11,
  DRAIN: 12,
} as const;
export type FrameType = (typeof FRAME)[keyof typeof FRAME];

export interface Frame {
  readonly type: FrameType;
  readonly sequence: number;
  /** Parsed JSON of the sender; the receiver checks its shape. */
  readonly meta: unknown;
  /** May be a view into the bytes that were read: whoever reuses those copies what it keeps. */
  readonly body: Buffer;
}

export const MAX_META = 65_535;
/** Payloads end at 6 MB; a frame may be a little longer because of its meta. */
export const MAX_BODY = 6 * 1024 * 1024;
export const MAX_CHUNK = 1024 * 1024;
/** Bytes before the meta. */
export const HEAD = 11;
const LENGTH = 4;
const FIXED = HEAD - LENGTH;
const MAX_LENGTH = FIXED + MAX_META + MAX_BODY;
const HIGHEST_TYPE: number = FRAME.DRAIN;
const NOTHING = Buffer.alloc(0);

/** Header and meta as one buffer; the body follows it on the wire. Throws a RangeError when a part is too long. */
export function encodeFrame(type: FrameType, sequence: number, meta: unknown, bodyLength: number): Buffer {
  const text = meta === null || meta === undefined ? '' : JSON.stringify(meta);
  const metaLength = Buffer.byteLength(text);
  if (metaLength > MAX_META) throw new RangeError(`meta of ${metaLength} bytes; ${MAX_META} are allowed`);
  const most = type === FRAME.CHUNK ? MAX_CHUNK : MAX_BODY;
  if (bodyLength > most) throw new RangeError(`body of ${bodyLength} bytes; ${most} are allowed`);
  const head = Buffer.allocUnsafe(HEAD + metaLength);
  writeHead(head, 0, { type, sequence, metaLength, bodyLength });
  head.write(text, HEAD, 'utf8');
  return head;
}

export interface HeadOfFrame {
  readonly type: FrameType;
  readonly sequence: number;
  readonly metaLength: number;
  readonly bodyLength: number;
}

/** The bytes before the meta, for those who write the parts of a frame into a buffer themselves. */
export function writeHead(target: Buffer, at: number, head: HeadOfFrame): void {
  target.writeUInt32BE(FIXED + head.metaLength + head.bodyLength, at);
  target[at + 4] = head.type;
  target.writeUInt32BE(head.sequence, at + 5);
  target.writeUInt16BE(head.metaLength, at + 9);
}

/**
 * Cuts a byte stream into frames. Throws on anything that is not one: the peer is then not to be trusted any more. What is
 * incomplete at the end of a chunk is copied, so that the chunk may be reused after the call.
 */
export function createFrameReader(receive: (frame: Frame) => void): (chunk: Buffer) => void {
  const start = Buffer.alloc(LENGTH);
  /** The frame that began in an earlier chunk: `start` while even its length is incomplete. */
  let partial = start;
  let held = 0;

  /** Adds to the partial frame, and returns how much of the chunk that took. */
  function fill(chunk: Buffer, at: number): number {
    const taken = Math.min(partial.length - held, chunk.length - at);
    chunk.copy(partial, held, at, at + taken);
    held += taken;
    return taken;
  }

  function keep(chunk: Buffer, at: number): void {
    held = 0;
    partial = chunk.length - at < LENGTH ? start : Buffer.allocUnsafe(LENGTH + lengthAt(chunk, at));
    fill(chunk, at);
  }

  /** Completes the frame that earlier chunks began; returns where the next one starts. */
  function complete(chunk: Buffer): number {
    let at = 0;
    if (partial === start) {
      at = fill(chunk, 0);
      if (held < LENGTH) return at;
      partial = Buffer.allocUnsafe(LENGTH + lengthAt(start, 0));
      start.copy(partial);
    }
    at += fill(chunk, at);
    if (held < partial.length) return at;
    const whole = partial;
    partial = start;
    held = 0;
    receive(decode(whole, 0, whole.length));
    return at;
  }

  return function read(chunk: Buffer): void {
    let at = held > 0 ? complete(chunk) : 0;
    while (chunk.length - at >= LENGTH) {
      const end = at + LENGTH + lengthAt(chunk, at);
      if (end > chunk.length) break;
      receive(decode(chunk, at, end));
      at = end;
    }
    if (at < chunk.length) keep(chunk, at);
  };
}

function lengthAt(data: Buffer, at: number): number {
  const length = data.readUInt32BE(at);
  if (length < FIXED || length > MAX_LENGTH) throw new RangeError(`frame of ${length} bytes`);
  return length;
}

function decode(data: Buffer, at: number, end: number): Frame {
  const type = data.readUInt8(at + 4);
  if (type === 0 || type > HIGHEST_TYPE) throw new RangeError(`frame of unknown type ${type}`);
  const metaStart = at + HEAD;
  const bodyStart = metaStart + data.readUInt16BE(at + 9);
  if (bodyStart > end) throw new RangeError('meta longer than its frame');
  const most = type === FRAME.CHUNK ? MAX_CHUNK : MAX_BODY;
  if (end - bodyStart > most) throw new RangeError(`body of ${end - bodyStart} bytes; ${most} are allowed`);
  const meta: unknown = bodyStart === metaStart ? null : JSON.parse(data.toString('utf8', metaStart, bodyStart));
  const body = bodyStart === end ? NOTHING : data.subarray(bodyStart, end);
  return { type: type as FrameType, sequence: data.readUInt32BE(at + 5), meta, body };
}
