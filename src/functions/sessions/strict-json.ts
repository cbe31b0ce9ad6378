/** Offsets count UTF-16 units from 0. */
export type JsonVerdict =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: JsonFault; readonly offset: number };

/** `bad_string`: a control character that is not escaped, or an escape that does not exist. */
export type JsonFault = 'ends_too_early' | 'unexpected_character' | 'bad_string';

/** What is JSON, but not the same value or no value at all for other parsers. */
export interface Unrepresentable {
  readonly reason: 'number_out_of_range' | 'nested_too_deeply';
  readonly offset: number;
}

/** Levels of arrays and objects that every runtime reads. */
export const MAX_NESTING = 1000;
/** No shorter literal without exponent is out of a double's range. */
const LONG_NUMBER = 309;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

const NONE = -1;
/** What may come; from NEXT on the end of the array or object may as well. */
const VALUE = 0;
const NAME = 1;
const NEXT = 2;
const VALUE_OR_END = 3;
const NAME_OR_END = 4;
type Expected = typeof VALUE | typeof NAME | typeof NEXT | typeof VALUE_OR_END | typeof NAME_OR_END;

/**
 * Whether a text is JSON, exactly as `JSON.parse` has it (RFC 8259), and where it stops being so. Builds nothing and never
 * recurses: a hostile text costs its length, whatever it holds.
 */
export function checkJson(text: string): JsonVerdict {
  // Bytes, the enclosing closers: megabytes of brackets in an array of numbers take half a second.
  let closers = new Int8Array(64);
  let depth = 0;
  let closer = NONE;
  let expected: Expected = VALUE;
  let at = skipSpace(text, 0);
  for (; at < text.length; at = skipSpace(text, at)) {
    const code = text.charCodeAt(at);
    if (code === closer && expected >= NEXT) {
      depth -= 1;
      closer = closers[depth] ?? NONE;
      expected = NEXT;
      at += 1;
    } else if (expected === NEXT) {
      if (code !== COMMA || closer === NONE) return faultAt(text, at);
      expected = closer === CLOSE_OBJECT ? NAME : VALUE;
      at += 1;
    } else if (expected === NAME || expected === NAME_OR_END) {
      const end = code === QUOTE ? stringEnd(text, at) : ~at;
      if (end < 0) return faultAt(text, ~end, code === QUOTE);
      at = skipSpace(text, end);
      if (text.charCodeAt(at) !== COLON) return faultAt(text, at);
      expected = VALUE;
      at += 1;
    } else if (code === OPEN_OBJECT || code === OPEN_ARRAY) {
      if (depth === closers.length) closers = grown(closers);
      closers[depth] = closer;
      depth += 1;
      closer = code === OPEN_OBJECT ? CLOSE_OBJECT : CLOSE_ARRAY;
      expected = code === OPEN_OBJECT ? NAME_OR_END : VALUE_OR_END;
      at += 1;
    } else {
      const end = scalarEnd(text, at, code);
      if (end < 0) return faultAt(text, ~end, code === QUOTE);
      expected = NEXT;
      at = end;
    }
  }
  return expected === NEXT && closer === NONE ? { ok: true } : faultAt(text, at);
}

function grown(bytes: Int8Array<ArrayBuffer>): Int8Array<ArrayBuffer> {
  const larger = new Int8Array(bytes.length * 2);
  larger.set(bytes);
  return larger;
}

/**
 * The text of the named members of an object as it stands there, so that it can be handed on byte for byte. `text` is JSON
 * (see `checkJson`); what is no object has no members. Of a name that is there twice the last one counts, as in `JSON.parse`.
 */
export function sliceMembers(text: string, names: readonly string[]): Map<string, string> {
  const members = new Map<string, string>();
  let at = skipSpace(text, 0);
  if (text.charCodeAt(at) !== OPEN_OBJECT) return members;
  at = skipSpace(text, at + 1);
  while (text.charCodeAt(at) === QUOTE) {
    const nameEnd = stringEnd(text, at);
    if (nameEnd < 0) break;
    const name = nameOf(text.slice(at, nameEnd));
    const start = skipSpace(text, skipSpace(text, nameEnd) + 1);
    const end = valueEnd(text, start);
    if (names.includes(name)) members.set(name, text.slice(start, end));
    at = skipSpace(text, skipSpace(text, end) + 1);
  }
  return members;
}

function nameOf(literal: string): string {
  return literal.includes('\\') ? String(JSON.parse(literal)) : literal.slice(1, -1);
}

/**
 * The first number beyond a double (`1e400` becomes Infinity, which no JSON can say), or the bracket that opens level 1,001.
 * Null of a JSON text that other programs read as the same value. `text` is JSON, see `checkJson`.
 */
export function findUnrepresentable(text: string): Unrepresentable | null {
  if (!isSuspect(text)) return null;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const end = stringEnd(text, at);
      if (end < 0) return null;
      at = end - 1;
    } else if (code === OPEN_ARRAY || code === OPEN_OBJECT) {
      depth += 1;
      if (depth > MAX_NESTING) return { reason: 'nested_too_deeply', offset: at };
    } else if (code === CLOSE_ARRAY || code === CLOSE_OBJECT) {
      depth -= 1;
    } else if (isDigit(code) || code === MINUS) {
      const end = numberEnd(text, at);
      if (end < 0) return null;
      if (isOutOfRange(text, at, end)) return { reason: 'number_out_of_range', offset: at };
      at = end - 1;
    }
  }
  return null;
}

const LARGE_EXPONENT = /\d[eE]\+?\d{3}/;
const STRIDE = 100;

/**
 * Whether a closer look is needed, in a tenth of its time. A short text can't nest deeply. A number out of range has an exponent
 * of three digits, or two hundred digits in a row, two of which stand at neighbouring multiples of the stride.
 */
function isSuspect(text: string): boolean {
  if (text.length > 2 * MAX_NESTING || LARGE_EXPONENT.test(text)) return true;
  for (let at = STRIDE; at < text.length; at += STRIDE) {
    if (isDigit(text.charCodeAt(at)) && isDigit(text.charCodeAt(at - STRIDE))) return true;
  }
  return false;
}

function isOutOfRange(text: string, start: number, end: number): boolean {
  // without exponent only a long literal can be; with one it has at least `1e` and three digits or is long itself
  if (end - start < 5) return false;
  const literal = text.slice(start, end);
  if (literal.length < LONG_NUMBER && !/[eE]/.test(literal)) return false;
  return !Number.isFinite(Number(literal));
}

function faultAt(text: string, offset: number, inString = false): JsonVerdict {
  if (offset >= text.length) return { ok: false, reason: 'ends_too_early', offset: text.length };
  return { ok: false, reason: inString ? 'bad_string' : 'unexpected_character', offset };
}

function skipSpace(text: string, from: number): number {
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return at;
    at += 1;
  }
}

/** Offset behind the value that begins at `from` in a text that is JSON. */
function valueEnd(text: string, from: number): number {
  let depth = 0;
  let at = from;
  do {
    const code = text.charCodeAt(at);
    if (code === OPEN_ARRAY || code === OPEN_OBJECT) depth += 1;
    else if (code === CLOSE_ARRAY || code === CLOSE_OBJECT) depth -= 1;
    if (code === QUOTE) at = Math.abs(stringEnd(text, at));
    else if (depth === 0 && at === from) return Math.abs(scalarEnd(text, at, code));
    else at += 1;
  } while (depth > 0 && at < text.length);
  return at;
}

// The offset behind what begins at `at`; or, where that is not JSON, the complement (~) of the offset of the fault.

function scalarEnd(text: string, at: number, code: number): number {
  switch (code) {
    case QUOTE:
      return stringEnd(text, at);
    case 0x74:
      return wordEnd(text, at, 'true');
    case 0x66:
      return wordEnd(text, at, 'false');
    case 0x6e:
      return wordEnd(text, at, 'null');
    default:
      return numberEnd(text, at);
  }
}

function wordEnd(text: string, at: number, word: string): number {
  if (text.startsWith(word, at)) return at + word.length;
  let same = 0;
  while (text.charCodeAt(at + same) === word.charCodeAt(same)) same += 1;
  return ~(at + same);
}

function stringEnd(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at + 1;
    if (code < 0x20) return ~at;
    if (code !== BACKSLASH) continue;
    const escapeEnd = escapeEndOf(text, at);
    if (escapeEnd < 0) return escapeEnd;
    at = escapeEnd - 1;
  }
  return ~text.length;
}

function escapeEndOf(text: string, at: number): number {
  if (at + 1 >= text.length) return ~text.length;
  const letter = text.charAt(at + 1);
  if (letter !== 'u') return '"\\/bfnrt'.includes(letter) ? at + 2 : ~at;
  for (let digit = at + 2; digit < at + 6; digit += 1) {
    if (digit >= text.length) return ~text.length;
    if (!isHexadecimal(text.charCodeAt(digit))) return ~at;
  }
  return at + 6;
}

function numberEnd(text: string, from: number): number {
  let at = text.charCodeAt(from) === MINUS ? from + 1 : from;
  const integerEnd = text.charCodeAt(at) === ZERO ? at + 1 : digitsEnd(text, at);
  if (integerEnd < 0) return integerEnd;
  at = integerEnd;
  if (text.charCodeAt(at) === POINT) {
    at = digitsEnd(text, at + 1);
    if (at < 0) return at;
  }
  // | 0x20 makes a capital E small
  if ((text.charCodeAt(at) | 0x20) !== 0x65) return at;
  const sign = text.charAt(at + 1);
  return digitsEnd(text, sign === '+' || sign === '-' ? at + 2 : at + 1);
}

/** At least one digit. */
function digitsEnd(text: string, from: number): number {
  let at = from;
  while (isDigit(text.charCodeAt(at))) at += 1;
  return at === from ? ~from : at;
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

function isHexadecimal(code: number): boolean {
  return isDigit(code) || ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x66);
}
