import { clean } from './text.ts';

const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^\s{}[\],:"]+/gu;
/** What may not reach a terminal: control characters and those that turn the direction of writing. */
const UNSAFE = /[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu;

/** JSON over several lines. Its numbers and texts stay as they were written: a double holds less than JSON does. */
export function prettyJson(text: string): string {
  if (!isJson(text)) return clean(text);
  let depth = 0;
  let pretty = '';
  let before = '';
  for (const token of text.match(TOKEN) ?? []) {
    const isClosing = token === '}' || token === ']';
    const isOpened = before === '{' || before === '[';
    if (isClosing) depth -= 1;
    if (before === ',' || (isOpened && !isClosing) || (isClosing && !isOpened)) pretty += `\n${'  '.repeat(depth)}`;
    pretty += token === ':' ? ': ' : token.replaceAll(UNSAFE, escaped);
    if (token === '{' || token === '[') depth += 1;
    before = token;
  }
  return pretty;
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
