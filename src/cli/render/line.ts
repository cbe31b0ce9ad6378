import { styleText } from 'node:util';
import type { Screen } from './screen.ts';
import { truncate, widthOf } from './text.ts';

/** Why a piece of text is coloured; colour only repeats what an icon and a word already say. */
export type Tone = 'plain' | 'strong' | 'dim' | 'good' | 'bad' | 'warn' | 'active';

export interface Span {
  readonly text: string;
  readonly tone: Tone;
}

/** One line of a screen before it is coloured, so that it can be measured and cut. */
export type Line = readonly Span[];

type Format = Parameters<typeof styleText>[0];

const FORMATS: Readonly<Record<Tone, Format | null>> = {
  plain: null,
  strong: 'bold',
  dim: 'dim',
  good: 'green',
  bad: 'red',
  warn: 'yellow',
  active: 'cyan',
};

export function span(text: string, tone: Tone = 'plain'): Span {
  return { text, tone };
}

function widthOfLine(line: Line): number {
  return line.reduce((sum, part) => sum + widthOf(part.text), 0);
}

/** The line cut to `width` columns. */
function clip(line: Line, width: number, ascii: boolean): Line {
  if (widthOfLine(line) <= width) return line;
  const kept: Span[] = [];
  let room = width;
  for (const part of line) {
    const size = widthOf(part.text);
    if (size < room || (size === room && part === line.at(-1))) {
      kept.push(part);
      room -= size;
      continue;
    }
    // The ellipsis also stands for the parts that follow, so this part gives up a column even when it fits exactly.
    kept.push({ ...part, text: truncate(`${part.text}${' '.repeat(size === room ? 1 : 0)}`, room, ascii) });
    break;
  }
  return kept;
}

/** `left` at the left and `right` flush with the right edge; `left` is what gives way. */
export function spread(left: Line, right: Line, screen: Pick<Screen, 'width' | 'ascii'>): Line {
  const rightWidth = widthOfLine(right);
  if (rightWidth === 0) return clip(left, screen.width, screen.ascii);
  const shown = clip(left, Math.max(0, screen.width - rightWidth - 2), screen.ascii);
  const gap = Math.max(2, screen.width - widthOfLine(shown) - rightWidth);
  return [...shown, span(' '.repeat(gap)), ...right];
}

/** The line as the terminal gets it. */
export function print(line: Line, screen: Pick<Screen, 'color'>): string {
  if (!screen.color) {
    return line
      .map((part) => part.text)
      .join('')
      .trimEnd();
  }
  return line.map((part) => paint(part)).join('');
}

function paint(part: Span): string {
  const format = FORMATS[part.tone];
  if (format === null || part.text === '') return part.text;
  return styleText(format, part.text, { validateStream: false });
}
