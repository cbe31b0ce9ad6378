import { describe, expect, test } from 'vitest';
import { NO_LOG, readOn, readableLog } from './task-log.ts';

/** Answers pieces by their position. */
function log(pieces: readonly string[], ended = false) {
  const asked: number[] = [];
  const read = (after: number) => {
    asked.push(after);
    const text = pieces[after] ?? '';
    return Promise.resolve({ text, next: text === '' ? after : after + 1, ended });
  };
  return { asked, read };
}

describe('a log that is read on', () => {
  test('joins all pieces, and asks only for what came since', async () => {
    const { read } = log(['a\n', 'b']);
    const first = await readOn(NO_LOG, read);
    expect(first).toEqual({ text: 'a\nb', next: 2, ended: false, isCut: false });
    const later = log(['a\n', 'b', 'c\n'], true);
    expect(await readOn(first, later.read)).toEqual({ text: 'a\nbc\n', next: 3, ended: true, isCut: false });
    expect(later.asked).toEqual([2, 3]);
  });

  test('keeps whole lines of its end when it is long', async () => {
    const line = `${'x'.repeat(99)}\n`;
    const { read } = log(Array.from({ length: 50 }, () => line.repeat(100)));
    const { text, isCut, next } = await readOn(NO_LOG, read);
    expect([isCut, next]).toEqual([true, 50]);
    expect(text.length).toBeGreaterThan(190_000);
    expect(text.length).toBeLessThanOrEqual(200_000);
    expect(new Set(text.trimEnd().split('\n'))).toEqual(new Set([line.trimEnd()]));
  });
});

test.each([
  ['\u001B[31mred\u001B[0m', 'red'],
  ['\u001B]0;title\u0007text', 'text'],
  ['10%\r20%\r\n\tdone\u0000', '10%\n20%\n\tdone'],
  ['<b>日本語</b>', '<b>日本語</b>'],
])('%j is shown as %j', (text, shown) => {
  expect(readableLog(text)).toBe(shown);
});
