import { expect, test } from 'vitest';
import { expectedTexts, faultTexts, wordTexts } from './fault-texts.ts';
import { japaneseExpectedTexts, japaneseFaultTexts, japaneseWordTexts } from './fault-texts.ja.ts';

function placeholders(text: string): readonly string[] {
  return [...new Set(Array.from(text.matchAll(/\{(\w+)\}/g), ([, name = '']) => name))].toSorted();
}

test.each(Object.keys(faultTexts) as readonly (keyof typeof faultTexts)[])(
  'fault %s uses the same values in both languages',
  (key) => {
    const english = faultTexts[key];
    const japanese = japaneseFaultTexts[key];
    expect(placeholders(japanese.message)).toEqual(placeholders(english.message));
    expect(placeholders(japanese.fix)).toEqual(placeholders(english.fix));
  },
);

test('both languages have the same texts', () => {
  expect(Object.keys(japaneseFaultTexts)).toEqual(Object.keys(faultTexts));
  expect(Object.keys(japaneseExpectedTexts)).toEqual(Object.keys(expectedTexts));
  for (const [key, text] of Object.entries(japaneseWordTexts)) {
    expect(placeholders(text)).toEqual(placeholders(wordTexts[key as keyof typeof wordTexts]));
  }
});
