import type { MalformedEvent, WebhookRequest } from '../port.ts';
import type { Payload } from '../payloads/fields.ts';
import { readJson } from '../payloads/json.ts';

/** The JSON object of a delivery, or why there is none. GitHub can wrap it in a form; the signature then covers the form's text. */
export function readPayload(request: WebhookRequest): Payload | MalformedEvent['reason'] {
  if (!isForm(request)) return readJson(request.body);
  const field = readField(request.body);
  return field === undefined ? 'not_json' : readJson(field);
}

function isForm(request: WebhookRequest): boolean {
  return request.headers['content-type']?.toLowerCase().startsWith('application/x-www-form-urlencoded') === true;
}

const NAME = Buffer.from('payload=');
const [AND, PLUS, PERCENT, SPACE] = [0x26, 0x2b, 0x25, 0x20];

/** The field `payload`, decoded. Only this one and by bytes: URLSearchParams needs seconds and a gigabyte for a hostile form. */
function readField(body: Uint8Array): Uint8Array | undefined {
  const form = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const isFirst = form.subarray(0, NAME.length).equals(NAME);
  const name = isFirst ? 0 : form.indexOf('&payload=') + 1;
  if (name === 0 && !isFirst) return undefined;
  const start = name + NAME.length;
  const end = form.indexOf(AND, start);
  return decode(form.subarray(start, end === -1 ? form.length : end));
}

function decode(encoded: Uint8Array): Uint8Array {
  const decoded = new Uint8Array(encoded.length);
  let length = 0;
  for (let at = 0; at < encoded.length; at += 1) {
    const byte = encoded[at] ?? 0;
    const escaped = byte === PERCENT ? hexAt(encoded, at + 1) : -1;
    if (escaped !== -1) at += 2;
    const plain = byte === PLUS ? SPACE : byte;
    decoded[length] = escaped === -1 ? plain : escaped;
    length += 1;
  }
  return decoded.subarray(0, length);
}

/** The byte that two hex digits stand for; -1 where there are none, and the percent sign stands for itself. */
function hexAt(bytes: Uint8Array, at: number): number {
  const [high, low] = [digit(bytes[at]), digit(bytes[at + 1])];
  return high === -1 || low === -1 ? -1 : high * 16 + low;
}

function digit(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
