import { stripVTControlCharacters } from 'node:util';
import stringWidth from 'string-width';

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
// A line must not begin with these (Japanese line-breaking rule, the common part of it).
const STICKS_TO_PREVIOUS = /^[、。,.!?)」』】〕…ー:;)\]}.,:;!?]/u;

/** Columns that a text takes on a terminal; escape sequences take none. */
export function widthOf(text: string): number {
  return stringWidth(text);
}

/**
 * One printable line of a text that came from outside. Escape sequences and control characters are removed: a commit
 * message must not be able to move the cursor or rename the window.
 */
export function clean(text: string): string {
  return stripVTControlCharacters(text)
    .replaceAll(/[\t\r\n]+/gu, ' ')
    .replaceAll(/[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu, '');
}

/** The text cut to `width` columns, with an ellipsis where something is missing. */
export function truncate(text: string, width: number, ascii = false): string {
  if (widthOf(text) <= width) return text;
  const ellipsis = ascii ? '...' : '…';
  const room = width - widthOf(ellipsis);
  if (room <= 0) return ellipsis.slice(0, Math.max(0, width));
  let kept = '';
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    const size = widthOf(segment);
    if (used + size > room) break;
    kept += segment;
    used += size;
  }
  return kept + ellipsis;
}

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - widthOf(text))) + text;
}

/** The text in lines of at most `width` columns, broken at spaces and between full-width characters. */
export function wrap(text: string, width: number): readonly string[] {
  const limit = Math.max(1, width);
  const lines: string[] = [];
  let line = '';
  for (const piece of piecesOf(text)) {
    if (widthOf(line + piece.trimEnd()) <= limit) {
      line += piece;
      continue;
    }
    if (line.trim() !== '') lines.push(line.trimEnd());
    line = '';
    for (const part of chopped(piece.trimStart(), limit)) {
      if (line !== '') lines.push(line);
      line = part;
    }
  }
  if (line.trim() !== '' || lines.length === 0) lines.push(line.trimEnd());
  return lines;
}

/** Smallest parts that a line may be broken between; a space belongs to the part before it. */
function piecesOf(text: string): readonly string[] {
  const pieces: string[] = [];
  let open = false;
  for (const { segment } of graphemes.segment(text)) {
    const wide = widthOf(segment) > 1;
    const sticks = STICKS_TO_PREVIOUS.test(segment) || segment === ' ';
    const last = pieces.length - 1;
    if (last >= 0 && (sticks || (open && !wide))) pieces[last] += segment;
    else pieces.push(segment);
    open = !wide && segment !== ' ';
  }
  return pieces;
}

/** A part that is wider than a whole line, cut into full lines. */
function chopped(piece: string, width: number): readonly string[] {
  const parts: string[] = [];
  let part = '';
  for (const { segment } of graphemes.segment(piece)) {
    if (part !== '' && widthOf(part + segment.trimEnd()) > width) {
      parts.push(part);
      part = '';
    }
    part += segment;
  }
  return [...parts, part];
}
