/** Part of a text: one JSON value. */
export interface JsonSlice {
  readonly start: number;
  readonly end: number;
}

/** Where the values of a text begin and end that holds JSON values one after another; nothing is checked but brackets. */
export function splitJson(text: string): readonly JsonSlice[] {
  const slices: JsonSlice[] = [];
  let at = skipSpace(text, 0);
  while (at < text.length) {
    const end = endOfValue(text, at);
    slices.push({ start: at, end });
    at = skipSpace(text, end);
  }
  return slices;
}

/** Offset of the value at a path of a JSON value that begins at `start`; of the nearest one around it when it is not there. */
export function offsetInJson(text: string, start: number, path: readonly (string | number)[]): number {
  let at = start;
  for (const part of path) {
    const next = typeof part === 'number' ? itemOf(text, at, part) : memberOf(text, at, part);
    if (next === null) return at;
    at = next;
  }
  return at;
}

function memberOf(text: string, start: number, key: string): number | null {
  if (text[start] !== '{') return null;
  let at = skipSpace(text, start + 1);
  while (text[at] === '"') {
    const keyEnd = endOfString(text, at);
    const value = skipSpace(text, skipSpace(text, keyEnd) + 1);
    if (text.slice(at, keyEnd) === JSON.stringify(key)) return value;
    const end = skipSpace(text, endOfValue(text, value));
    at = text[end] === ',' ? skipSpace(text, end + 1) : end;
  }
  return null;
}

function itemOf(text: string, start: number, index: number): number | null {
  if (text[start] !== '[') return null;
  let at = skipSpace(text, start + 1);
  for (let item = 0; at < text.length && text[at] !== ']'; item += 1) {
    if (item === index) return at;
    const end = skipSpace(text, endOfValue(text, at));
    at = text[end] === ',' ? skipSpace(text, end + 1) : end;
  }
  return null;
}

function endOfValue(text: string, start: number): number {
  if (text[start] === '"') return endOfString(text, start);
  if (text[start] !== '{' && text[start] !== '[') return endOfWord(text, start);
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    const char = text[at];
    if (char === '"') at = endOfString(text, at) - 1;
    else if (char === '{' || char === '[') depth += 1;
    else if (char === '}' || char === ']') depth -= 1;
    if (depth === 0) return at + 1;
  }
  return text.length;
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') return at + 1;
  }
  return text.length;
}

/** At least one character, so that a stray one does not hold the reader. */
function endOfWord(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && !/[\s,:{}[\]"]/u.test(text.charAt(at))) at += 1;
  return at;
}

function skipSpace(text: string, start: number): number {
  let at = start;
  while (at < text.length && /\s/u.test(text.charAt(at))) at += 1;
  return at;
}
