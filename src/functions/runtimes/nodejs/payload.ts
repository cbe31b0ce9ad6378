import { isUtf8 } from 'node:buffer';
import { fault } from './faults.ts';

/** Levels of nesting that every runtime takes. */
const DEPTH = 1000;
/** Every number that no double can hold has an exponent of three digits or 200 digits in a row, and few others have. */
const MAY_OVERFLOW = /\d[eE]\+?\d{3}|(?<!\d)\d{200}/;

/** The event of a payload call. Throws a fault with the reason `invalid_event`. */
export function parseEvent(body: Buffer): unknown {
  if (body.length === 0) return {};
  if (!isUtf8(body)) throw invalid('is not UTF-8');
  if (body.length > 2 * DEPTH && isTooDeep(body)) throw invalid(`is nested deeper than ${DEPTH} levels`);
  const text = body.toString('utf8');
  let event: unknown;
  try {
    event = JSON.parse(text);
  } catch (thrown) {
    throw invalid(`is not JSON: ${(thrown as Error).message}`);
  }
  if (MAY_OVERFLOW.test(text) && hasInfinity(event)) throw invalid('has a number that no double can hold');
  return event;
}

/** The result as JSON; what has no JSON is `null`. Throws a fault with the reason `unserialisable`. */
export function stringifyResult(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'null';
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message.split('\n', 1)[0] : String(thrown);
    throw fault('Runtime.MarshalError', `the result can't be written as JSON: ${why}`, 'unserialisable');
  }
}

function invalid(what: string): Error {
  return fault('Runtime.InvalidEvent', `the event ${what}`, 'invalid_event');
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

function isTooDeep(json: Buffer): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at];
    if (inString) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) {
      inString = true;
    } else if (byte === 0x5b || byte === 0x7b) {
      depth += 1;
      if (depth > DEPTH) return true;
    } else if (byte === 0x5d || byte === 0x7d) {
      depth -= 1;
    }
  }
  return false;
}

function hasInfinity(value: unknown): boolean {
  if (typeof value === 'number') return !Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return false;
  return (Array.isArray(value) ? value : Object.values(value)).some(hasInfinity);
}
