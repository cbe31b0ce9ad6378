/** A function that stands in no other item. Line and column from 1, in characters, as rustc counts. */
export interface TopFunction {
  readonly name: string;
  readonly line: number;
  readonly column: number;
}

/** Comments, all kinds of strings and characters, words, brackets, and anything else one by one. */
const TOKEN =
  /\/\/[^\n]*|\/\*|(?:br|cr|r)(?<hashes>#*)"|[bc]?"[^"\\]*(?:\\[^][^"\\]*)*"?|'(?:[^\\'\n]|\\(?:u\{[^}]*\}|x..|[^]))'|(?:r#)?[\p{XID_Start}_]\p{XID_Continue}*|\s+|[^]/uy;
const COMMENT_MARK = /\/\*|\*\//g;
const OPENING = new Set(['{', '(', '[']);
const CLOSING = new Set(['}', ')', ']']);

/** The functions at the top of a Rust source. Whatever stands in comments, strings or other items is none of them. */
export function findTopFunctions(source: string): readonly TopFunction[] {
  const functions: TopFunction[] = [];
  const placeOf = createPlaces(source);
  const token = new RegExp(TOKEN);
  let depth = 0;
  let isNamed = false;
  for (let found = token.exec(source); found !== null; found = token.exec(source)) {
    const text = found[0];
    const hashes = found.groups?.['hashes'];
    if (text === '/*') token.lastIndex = endOfComment(source, found.index);
    else if (hashes !== undefined) token.lastIndex = endOfRawString(source, token.lastIndex, hashes);
    else if (text.startsWith('//') || text.trim() === '') continue;
    else {
      if (OPENING.has(text)) depth += 1;
      else if (CLOSING.has(text)) depth = Math.max(0, depth - 1);
      else if (isNamed && depth === 0) functions.push({ name: text, ...placeOf(found.index) });
      isNamed = text === 'fn';
    }
  }
  return functions;
}

/** Block comments nest. */
function endOfComment(source: string, start: number): number {
  const mark = new RegExp(COMMENT_MARK);
  mark.lastIndex = start;
  let open = 0;
  for (let found = mark.exec(source); found !== null; found = mark.exec(source)) {
    open += found[0] === '/*' ? 1 : -1;
    if (open === 0) return mark.lastIndex;
  }
  return source.length;
}

function endOfRawString(source: string, start: number, hashes: string): number {
  const end = source.indexOf(`"${hashes}`, start);
  return end === -1 ? source.length : end + 1 + hashes.length;
}

/** For indices that grow, so that the text is read once however many there are. */
function createPlaces(source: string): (index: number) => { readonly line: number; readonly column: number } {
  let line = 1;
  let column = 1;
  let read = 0;
  return function placeOf(index) {
    for (const character of source.slice(read, index)) {
      column += 1;
      if (character === '\n') {
        line += 1;
        column = 1;
      }
    }
    read = index;
    return { line, column };
  };
}
