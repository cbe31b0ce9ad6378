import fc from 'fast-check';
import { expect, test } from 'vitest';
import { clipStyled } from './styled.ts';
import { clean, padEnd, truncate, widthOf, wrap } from './text.ts';

const texts = fc.string({
  unit: fc.constantFrom('a', 'b', ' ', '船', 'を', '、', '。', '「', '」', 'é', '👩‍💻', '🇯🇵', '\u0301'),
  maxLength: 60,
});

test('a wrapped text loses nothing but spaces and never exceeds the width', () => {
  fc.assert(
    fc.property(texts, fc.integer({ min: 6, max: 40 }), (text, width) => {
      const lines = wrap(text, width);
      expect(Math.max(...lines.map((line) => widthOf(line)))).toBeLessThanOrEqual(width);
      expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
    }),
  );
});

test('a truncated text fits and says that something is missing', () => {
  fc.assert(
    fc.property(texts, fc.integer({ min: 1, max: 40 }), (text, width) => {
      const cut = truncate(text, width);
      expect(widthOf(cut)).toBeLessThanOrEqual(width);
      expect(cut === text || cut.endsWith('…')).toBe(true);
      expect(widthOf(padEnd(cut, width))).toBe(width);
      expect(widthOf(clipStyled(`\u001B[1m${text}\u001B[22m`, width))).toBeLessThanOrEqual(width);
    }),
  );
});

test('no line begins with a closing mark that Japanese keeps with the word before it', () => {
  expect(wrap('環境の設定を確認してください。', 28)).toEqual(['環境の設定を確認してくださ', 'い。']);
});

test.each([
  ['a cursor movement', 'before\u001B[2Aafter', 'beforeafter'],
  ['a new window title', 'a\u001B]0;owned\u0007b', 'ab'],
  ['a bell and a backspace', 'a\u0007b\bc', 'abc'],
  ['lines', 'first\r\n\tsecond', 'first second'],
  ['a reversed reading direction', 'a\u202Eb', 'ab'],
])('%s in a text from outside is taken out', (_, text, expected) => {
  expect(clean(text)).toBe(expected);
});
