import { textOf, type TextKey } from '../locales/index.ts';
import { type Line, type Span, type Tone, print, span } from './line.ts';
import type { Screen } from './screen.ts';
import { clean, padEnd, padStart, truncate, widthOf } from './text.ts';

export interface Column {
  readonly title: TextKey;
  readonly align?: 'left' | 'right';
  /** Least width this column may be cut to when the screen is narrow; a column without it is never cut. */
  readonly least?: number;
}

export interface Cell {
  readonly text: string;
  readonly tone?: Tone;
}

/** A row, and whole lines that explain it below. */
export interface Row {
  readonly cells: readonly (Cell | string)[];
  readonly below?: readonly Line[];
}

const GAP = 2;

/** Columns as wide as their content; when the screen is too narrow, the widest column that may shrink does. */
export function renderTable(columns: readonly Column[], rows: readonly Row[], screen: Screen): string[] {
  const cells = rows.map((row) => row.cells.map(cellOf));
  if (screen.plain === true) return cells.map((row) => row.map((cell) => cell.text).join('\t'));
  const text = textOf(screen.language);
  const titles = columns.map((column) => text(column.title));
  const widths = fitted(columns, [titles, ...cells.map((row) => row.map((cell) => cell.text))], screen.width);
  const layout = (row: readonly Span[]): Line =>
    row.flatMap((cell, index) => {
      const shown = truncate(cell.text, widths[index] ?? 0, screen.ascii);
      const padded =
        columns[index]?.align === 'right' ? padStart(shown, widths[index] ?? 0) : padEnd(shown, widths[index] ?? 0);
      return [span(index === 0 ? '' : ' '.repeat(GAP)), span(padded, cell.tone)];
    });
  const lines = [
    layout(titles.map((title) => span(title, 'dim'))),
    ...rows.flatMap((row, index) => [layout(cells[index] ?? []), ...(row.below ?? [])]),
  ];
  return lines.map((line) => print(line, screen));
}

function cellOf(cell: Cell | string): Span {
  return typeof cell === 'string' ? span(clean(cell)) : span(clean(cell.text), cell.tone);
}

function fitted(columns: readonly Column[], rows: readonly (readonly string[])[], width: number): readonly number[] {
  const widths = columns.map((_, index) => Math.max(...rows.map((row) => widthOf(row[index] ?? ''))));
  const total = () => widths.reduce((sum, size) => sum + size, GAP * (widths.length - 1));
  while (total() > width) {
    let widest = -1;
    for (const [index, column] of columns.entries()) {
      const size = widths[index] ?? 0;
      if (column.least === undefined || size <= column.least) continue;
      if (widest === -1 || size > (widths[widest] ?? 0)) widest = index;
    }
    if (widest === -1) break;
    widths[widest] = (widths[widest] ?? 1) - 1;
  }
  return widths;
}
