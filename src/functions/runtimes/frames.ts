/**
 * The wire between Funade and a worker process, on the inherited socketpair (fd 3). One frame is
 * `u32be length | u8 type | u32be sequence | u16be metaLength | meta (JSON) | body (bytes)`; `length` counts what follows it.
 * The body is never parsed by Funade. CHUNK and END are reserved for streamed answers.
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
  readonly body: Buffer;
}

export const MAX_META = 65_535;
/** Payloads end at 6 MB; a frame may be a little longer because of its meta. */
export const MAX_BODY = 6 * 1024 * 1024;
const FIXED = 7;
const MAX_LENGTH = FIXED + MAX_META + MAX_BODY;
const KNOWN: ReadonlySet<number> = new Set(Object.values(FRAME));
const NOTHING = Buffer.alloc(0);

/** Header and meta as one buffer; the body follows it on the wire. Throws a RangeError when a part is too long. */
export function encodeFrame(type: FrameType, sequence: number, meta: unknown, bodyLength: number): Buffer {
  const text = JSON.stringify(meta);
  const metaLength = Buffer.byteLength(text);
  if (metaLength > MAX_META) throw new RangeError(`meta of ${metaLength} bytes; ${MAX_META} are allowed`);
  if (bodyLength > MAX_BODY) throw new RangeError(`body of ${bodyLength} bytes; ${MAX_BODY} are allowed`);
  const head = Buffer.allocUnsafe(4 + FIXED + metaLength);
  head.writeUInt32BE(FIXED + metaLength + bodyLength, 0);
  head.writeUInt8(type, 4);
  head.writeUInt32BE(sequence, 5);
  head.writeUInt16BE(metaLength, 9);
  head.write(text, 11, 'utf8');
  return head;
}

/** Cuts a byte stream into frames. Throws on anything that is not one: the peer is then not to be trusted any more. */
export function createFrameReader(receive: (frame: Frame) => void): (chunk: Buffer) => void {
  let parts: Buffer[] = [];
  let held = 0;
  let wanted = 4;
  return function read(chunk: Buffer): void {
    parts.push(chunk);
    held += chunk.length;
    if (held < wanted) return;
    let data = parts.length === 1 ? chunk : Buffer.concat(parts, held);
    for (;;) {
      wanted = 4;
      if (data.length < 4) break;
      const length = data.readUInt32BE(0);
      if (length < FIXED || length > MAX_LENGTH) throw new RangeError(`frame of ${length} bytes`);
      wanted = 4 + length;
      if (data.length < wanted) break;
      receive(decode(data, wanted));
      data = data.subarray(wanted);
    }
    parts = data.length === 0 ? [] : [data];
    held = data.length;
  };
}

function decode(data: Buffer, end: number): Frame {
  const type = data.readUInt8(4);
  if (!KNOWN.has(type)) throw new RangeError(`frame of unknown type ${type}`);
  const bodyStart = 11 + data.readUInt16BE(9);
  if (bodyStart > end) throw new RangeError('meta longer than its frame');
  const meta: unknown = bodyStart === 11 ? null : JSON.parse(data.toString('utf8', 11, bodyStart));
  const body = bodyStart === end ? NOTHING : data.subarray(bodyStart, end);
  return { type: type as FrameType, sequence: data.readUInt32BE(5), meta, body };
}
