import { crc32 } from 'node:zlib';

/** One message of a stream, with the names of its headers as they are on the wire (`:event-type`). */
export interface EventMessage {
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: Uint8Array;
}

/** How a streamed invocation ended; of a good one nothing need be told. */
export interface InvokeComplete {
  readonly errorCode?: string;
  readonly errorDetails?: string;
  /** Last 4 KB of the log in base64, when the caller asked for it. */
  readonly logResult?: string;
}

const PRELUDE = 12;
const CHECKSUM = 4;
const STRING = 7;
/** Longest message that readers take. */
const MAX_MESSAGE = 16 * 1024 * 1024;
const MAX_HEADERS = 128 * 1024;

const CHUNK_HEADERS = encodeHeaders({
  ':message-type': 'event',
  ':event-type': 'PayloadChunk',
  ':content-type': 'application/octet-stream',
});
const COMPLETE_HEADERS = encodeHeaders({
  ':message-type': 'event',
  ':event-type': 'InvokeComplete',
  ':content-type': 'application/json',
});

/** A piece of the function's answer, byte for byte. */
export function encodePayloadChunk(bytes: Uint8Array): Buffer {
  return frame(CHUNK_HEADERS, bytes);
}

/** The last message of every stream. */
export function encodeInvokeComplete({ errorCode, errorDetails, logResult }: InvokeComplete): Buffer {
  const members = { ErrorCode: errorCode, ErrorDetails: errorDetails, LogResult: logResult };
  return frame(COMPLETE_HEADERS, Buffer.from(JSON.stringify(members)));
}

/** Any message with text headers. Throws a RangeError when a part is longer than the format allows. */
export function encodeMessage({ headers, payload }: EventMessage): Buffer {
  return frame(encodeHeaders(headers), payload);
}

/**
 * `application/vnd.amazon.eventstream`: `u32be length | u32be headersLength | u32be crc32 of these eight | headers | payload |
 * u32be crc32 of all before`; `length` counts the whole message.
 * Source: "Event stream encoding" in the documentation of Amazon Transcribe.
 */
function frame(headers: Buffer, payload: Uint8Array): Buffer {
  const length = PRELUDE + headers.length + payload.length + CHECKSUM;
  if (length > MAX_MESSAGE) throw new RangeError(`message of ${length} bytes; ${MAX_MESSAGE} are allowed`);
  const message = Buffer.allocUnsafe(length);
  message.writeUInt32BE(length, 0);
  message.writeUInt32BE(headers.length, 4);
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8);
  headers.copy(message, PRELUDE);
  message.set(payload, PRELUDE + headers.length);
  message.writeUInt32BE(crc32(message.subarray(0, length - CHECKSUM)), length - CHECKSUM);
  return message;
}

/** `u8 length | name | u8 type | u16be length | value`, one after the other. */
function encodeHeaders(headers: Readonly<Record<string, string>>): Buffer {
  const parts = Object.entries(headers).map(([name, value]) => {
    const [nameLength, valueLength] = [Buffer.byteLength(name), Buffer.byteLength(value)];
    if (nameLength === 0 || nameLength > 255)
      throw new RangeError(`header name of ${nameLength} bytes; 1 to 255 are allowed`);
    if (valueLength > 32_767) throw new RangeError(`header value of ${valueLength} bytes; 32767 are allowed`);
    const part = Buffer.allocUnsafe(4 + nameLength + valueLength);
    part.writeUInt8(nameLength, 0);
    part.write(name, 1);
    part.writeUInt8(STRING, 1 + nameLength);
    part.writeUInt16BE(valueLength, 2 + nameLength);
    part.write(value, 4 + nameLength);
    return part;
  });
  const encoded = Buffer.concat(parts);
  if (encoded.length > MAX_HEADERS)
    throw new RangeError(`headers of ${encoded.length} bytes; ${MAX_HEADERS} are allowed`);
  return encoded;
}

/** Cuts a byte stream into messages. Throws a RangeError on anything that is not one, a wrong checksum included. */
export function createMessageReader(receive: (message: EventMessage) => void): (chunk: Uint8Array) => void {
  let held = Buffer.alloc(0);
  return function read(chunk: Uint8Array): void {
    held = Buffer.concat([held, chunk]);
    while (held.length >= PRELUDE) {
      const length = held.readUInt32BE(0);
      if (crc32(held.subarray(0, 8)) !== held.readUInt32BE(8)) throw new RangeError('prelude with a wrong checksum');
      if (length > MAX_MESSAGE || held.readUInt32BE(4) > length - PRELUDE - CHECKSUM) {
        throw new RangeError(`message of ${length} bytes`);
      }
      if (held.length < length) return;
      receive(decode(held.subarray(0, length)));
      held = held.subarray(length);
    }
  };
}

function decode(message: Buffer): EventMessage {
  const end = message.length - CHECKSUM;
  if (crc32(message.subarray(0, end)) !== message.readUInt32BE(end)) {
    throw new RangeError('message with a wrong checksum');
  }
  const payloadStart = PRELUDE + message.readUInt32BE(4);
  return {
    headers: decodeHeaders(message.subarray(PRELUDE, payloadStart)),
    payload: message.subarray(payloadStart, end),
  };
}

function decodeHeaders(bytes: Buffer): Readonly<Record<string, string>> {
  const headers: [string, string][] = [];
  let at = 0;
  while (at < bytes.length) {
    const typeAt = at + 1 + bytes.readUInt8(at);
    const type = bytes.readUInt8(typeAt);
    if (type !== STRING) throw new RangeError(`header of type ${type}; only text is understood`);
    const valueEnd = typeAt + 3 + bytes.readUInt16BE(typeAt + 1);
    if (valueEnd > bytes.length) throw new RangeError('header longer than the headers');
    headers.push([bytes.toString('utf8', at + 1, typeAt), bytes.toString('utf8', typeAt + 3, valueEnd)]);
    at = valueEnd;
  }
  return Object.fromEntries(headers);
}
