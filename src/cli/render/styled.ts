import { widthOf } from './text.ts';

const ESCAPE = /(\u001B\[[0-9;]*m)/u;
const RESET = '\u001B[0m';
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** A line that may carry colours, cut to `width` columns with its colours ended. */
export function clipStyled(line: string, width: number): string {
  if (widthOf(line) <= width) return line;
  let kept = '';
  let used = 0;
  let styled = false;
  for (const part of line.split(ESCAPE)) {
    if (ESCAPE.test(part)) {
      kept += part;
      styled = true;
      continue;
    }
    for (const { segment } of graphemes.segment(part)) {
      const size = widthOf(segment);
      if (used + size > width) return styled ? kept + RESET : kept;
      kept += segment;
      used += size;
    }
  }
  return kept;
}
