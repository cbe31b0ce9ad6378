import type { MalformedEvent } from '../port.ts';
import { type Payload, asObject } from './fields.ts';

/**
 * JSON.parse takes ten seconds for 25 MiB of `[`, and five for as many empty lists side by side. Payloads of forges nest less
 * than twenty deep, and the largest hold some hundred thousand values.
 */
const DEEPEST = 200;
const MOST_VALUES = 1_000_000;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The JSON object that the bytes hold, or why they hold none. Never throws; what is too deep or too full counts as `not_json`. */
export function readJson(bytes: Uint8Array): Payload | MalformedEvent['reason'] {
  if (isExcessive(bytes)) return 'not_json';
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return 'not_utf8';
  }
  try {
    return asObject(JSON.parse(text)) ?? 'not_an_object';
  } catch {
    return 'not_json';
  }
}

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/** Looks at brackets and commas outside of texts only: whether it is JSON at all is for JSON.parse to say. */
function isExcessive(bytes: Uint8Array): boolean {
  let depth = 0;
  let values = 0;
  let inText = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) inText = !inText;
    else if (inText) {
      if (byte === BACKSLASH) at += 1;
    } else if (byte === COMMA) values += 1;
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      depth += 1;
      values += 1;
      if (depth > DEEPEST) return true;
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth -= 1;
  }
  return values > MOST_VALUES;
}
