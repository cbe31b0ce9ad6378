import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createManualClock } from '../kernel/index.ts';
import { createLiveScreen } from './live-screen.ts';

/** A terminal that understands what a live screen writes: text, cursor up, erasing. */
function createEmulator(columns: number, rows: number) {
  const lines: string[] = [''];
  let row = 0;
  let column = 0;
  let frames = 0;
  return {
    isTTY: true,
    columns,
    rows,
    frames: () => frames,
    /** What a person sees, without the empty line that the cursor stands on. */
    visible: () => lines.join('\n').trimEnd().split('\n'),
    write: (text: string) => {
      const uncoloured = text.replaceAll(/\u001B\[[0-9;]*m/gu, '');
      for (const [, up, mode, erase, plain] of uncoloured.matchAll(
        /\u001B\[(\d+)A|\u001B\[\?(\d+[hl])|\u001B\[([KJ])|([^\u001B]+)/gu,
      )) {
        if (up !== undefined) row -= Number(up);
        if (row < 0) throw new Error('the cursor went above the screen');
        if (mode === '2026h') frames += 1;
        if (erase !== undefined) lines[row] = (lines[row] ?? '').slice(0, column);
        if (erase === 'J') lines.length = row + 1;
        for (const character of plain ?? '') {
          if (character === '\r') column = 0;
          else if (character === '\n') {
            row += 1;
            column = 0;
            lines[row] ??= '';
          } else {
            const line = lines[row] ?? '';
            lines[row] = line.slice(0, column) + character + line.slice(column + 1);
            column += 1;
          }
        }
      }
    },
  };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function create(columns = 40, rows = 24) {
  const stream = createEmulator(columns, rows);
  const clock = createManualClock();
  const screen = createLiveScreen({ stream, clock });
  const pass = (milliseconds: number): void => {
    clock.advance(milliseconds);
    vi.advanceTimersByTime(milliseconds);
  };
  return { stream, screen, pass };
}

test('a frame replaces the one before it', () => {
  const { stream, screen, pass } = create();
  screen.paint(['one', 'two']);
  pass(200);
  screen.paint(['three', 'four']);
  expect(stream.visible()).toEqual(['three', 'four']);
});

test('a shorter frame leaves nothing of the longer one', () => {
  const { stream, screen, pass } = create();
  screen.paint(['one', 'two', 'three']);
  pass(200);
  screen.paint(['four']);
  expect(stream.visible()).toEqual(['four']);
});

test('it repaints at most five times a second and always ends with the newest frame', () => {
  const { stream, screen, pass } = create();
  for (let count = 0; count < 100; count += 1) {
    screen.paint([`frame ${count}`]);
    pass(10);
  }
  pass(200);
  expect(stream.frames()).toBeLessThanOrEqual(7);
  expect(stream.visible()).toEqual(['frame 99']);
});

test('no line is wider than the terminal, full-width characters and colours included', () => {
  const { stream, screen } = create(20);
  screen.paint([`\u001B[31m${'船出'.repeat(20)}\u001B[39m`, 'x'.repeat(90)]);
  const [wide, long] = stream.visible();
  expect(wide).toBe('船出'.repeat(5));
  expect(long).toBe('x'.repeat(20));
});

test('a frame taller than the terminal keeps its head and its end', () => {
  const { stream, screen, pass } = create(40, 10);
  const lines = Array.from({ length: 50 }, (_, index) => `line ${index}`);
  screen.paint(lines);
  pass(200);
  screen.paint(lines);
  expect(stream.visible()).toEqual(['line 0', 'line 1', '…', ...lines.slice(-6)]);
});

test('closing leaves the whole last frame standing, however tall', () => {
  const { stream, screen } = create(40, 10);
  const lines = Array.from({ length: 50 }, (_, index) => `line ${index}`);
  screen.paint(lines);
  screen.close(lines);
  screen.paint(['too late']);
  expect(stream.visible()).toEqual(lines);
});

test('lines that stay are written above the live block', () => {
  const { stream, screen, pass } = create();
  screen.paint(['live']);
  pass(200);
  screen.log(['kept 1', 'kept 2']);
  pass(200);
  screen.paint(['live 2']);
  expect(stream.visible()).toEqual(['kept 1', 'kept 2', 'live 2']);
});

test('after the terminal became narrower the rows of the re-wrapped frame are all replaced', () => {
  const written: string[] = [];
  const stream = { columns: 60, rows: 24, write: (text: string) => written.push(text) };
  const clock = createManualClock();
  const screen = createLiveScreen({ stream, clock });
  screen.paint(['x'.repeat(60), 'y']);
  stream.columns = 25;
  clock.advance(1000);
  screen.paint(['z']);
  // 60 columns take three rows of 25, and the second line one.
  expect(written.at(-1)).toContain('\u001B[4A');
});
