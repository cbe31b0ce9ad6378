/** Characters of a body that are put on the screen; a real one can have 25 million. */
const SHOWN = 100_000;
/** Longer ones are not indented: that would hold the page up. */
const INDENTED = 1_000_000;

export interface Payload {
  readonly text: string;
  /** Characters of the whole; more than `text` has when it was cut. */
  readonly total: number;
}

/** A body for reading: JSON indented, anything else as it is; cut where it gets too long. */
export function readable(body: string): Payload {
  const whole = body.length <= INDENTED && isJson(body) ? indentJson(body) : body;
  return { text: whole.slice(0, SHOWN), total: whole.length };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Indents JSON without reading its values: parsing and writing it again would change large ids and drop a key that is
 * there twice, and what was signed would no longer be what is shown.
 */
export function indentJson(json: string): string {
  const pieces: string[] = [];
  let depth = 0;
  for (const [token] of json.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^\s{}[\],:"]+/gs)) {
    const opened = /^[{[]$/.test(pieces.at(-1) ?? '');
    if (token === '}' || token === ']') {
      depth -= 1;
      if (!opened) pieces.push(lineAt(depth));
      pieces.push(token);
      continue;
    }
    if (opened) pieces.push(lineAt(depth));
    pieces.push(token === ':' ? ': ' : token);
    if (token === ',') pieces.push(lineAt(depth));
    if (token === '{' || token === '[') depth += 1;
  }
  return pieces.join('');
}

function lineAt(depth: number): string {
  return `\n${'  '.repeat(depth)}`;
}
