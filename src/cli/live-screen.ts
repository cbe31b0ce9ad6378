import type { Clock } from '../kernel/index.ts';
import { clipStyled } from './render/styled.ts';
import { widthOf } from './render/text.ts';
import type { OutputStream } from './terminal.ts';

/** A block of lines that repaints itself in place. */
export interface LiveScreen {
  /** Shows these lines instead of the ones before; the newest wins when called more often than the screen repaints. */
  paint(lines: readonly string[]): void;
  /** Writes lines that stay, above the live block. */
  log(lines: readonly string[]): void;
  /** Paints what is pending (or `lines`) in full length, leaves it standing and gives the cursor back. */
  close(lines?: readonly string[]): void;
  /** Columns that a line may take now. */
  width(): number;
}

export interface LiveScreenOptions {
  readonly stream: OutputStream;
  readonly clock: Clock;
  /** Repaints a second at most, 5 by default. */
  readonly rate?: number;
}

const HIDE_CURSOR = '\u001B[?25l';
const SHOW_CURSOR = '\u001B[?25h';
// Terminals that know synchronized output show each frame at once; the others ignore the marks.
const BEGIN_FRAME = '\u001B[?2026h';
const END_FRAME = '\u001B[?2026l';
const ERASE_LINE_END = '\u001B[K';
const ERASE_BELOW = '\u001B[J';

/**
 * Repaints by moving the cursor up and overwriting, never by clearing first, so nothing flickers. A frame that is taller
 * than the terminal keeps its head and its end: the cursor can't go up beyond the top.
 */
export function createLiveScreen({ stream, clock, rate = 5 }: LiveScreenOptions): LiveScreen {
  const interval = 1000 / rate;
  let shown: readonly string[] = [];
  let pending: readonly string[] | undefined;
  let timer: NodeJS.Timeout | undefined;
  let paintedAt = Number.NEGATIVE_INFINITY;
  let closed = false;

  const width = () => Math.max(20, stream.columns ?? 80);

  function frame(lines: readonly string[]): string {
    const columns = width();
    // The terminal has re-wrapped the old frame when it became narrower: count the rows that it takes now.
    const rows = shown.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / columns)), 0);
    const up = rows === 0 ? '' : `\u001B[${rows}A\r`;
    shown = lines.map((line) => clipStyled(line, columns));
    return `${up}${shown.map((line) => `${line}${ERASE_LINE_END}\n`).join('')}${ERASE_BELOW}`;
  }

  function write(lines: readonly string[]): void {
    pending = undefined;
    paintedAt = clock.now();
    const cursor = shown.length === 0 ? HIDE_CURSOR : '';
    stream.write(`${cursor}${BEGIN_FRAME}${frame(fitted(lines, stream.rows ?? 24))}${END_FRAME}`);
  }

  function flush(): void {
    timer = undefined;
    if (pending !== undefined && !closed) write(pending);
  }

  return {
    width,
    paint: (lines) => {
      if (closed) return;
      pending = lines;
      if (timer !== undefined) return;
      const wait = paintedAt + interval - clock.now();
      if (wait <= 0) flush();
      else timer = setTimeout(flush, wait);
    },
    log: (lines) => {
      const below = pending ?? shown;
      const above = frame([]);
      stream.write(`${BEGIN_FRAME}${above}${lines.map((line) => `${line}\n`).join('')}${END_FRAME}`);
      if (!closed && below.length > 0) write(below);
    },
    close: (lines) => {
      if (closed) return;
      closed = true;
      clearTimeout(timer);
      const last = lines ?? pending;
      if (last !== undefined) stream.write(`${BEGIN_FRAME}${frame(last)}${END_FRAME}`);
      stream.write(SHOW_CURSOR);
    },
  };
}

function fitted(lines: readonly string[], rows: number): readonly string[] {
  const room = Math.max(4, rows - 1);
  if (lines.length <= room) return lines;
  const head = 2;
  return [...lines.slice(0, head), '…', ...lines.slice(lines.length - (room - head - 1))];
}
