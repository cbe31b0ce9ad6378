import { describe, expect, test } from 'vitest';
import { LANGUAGES } from '../../kernel/index.ts';
import { en } from './en.ts';
import { type TextKey, guardText } from './index.ts';

const keys = Object.keys(en) as TextKey[];

describe.each(LANGUAGES)('texts in %s', (language) => {
  test('say something for every key', () => {
    for (const key of keys) expect(guardText(language)(key).trim(), key).not.toBe('');
  });

  test('tell how to mend every violation', () => {
    const violations = keys.filter(
      (key) => !key.startsWith('why') && !key.startsWith('fault') && en[key].includes('Fix: '),
    );
    expect(violations.length).toBeGreaterThan(15);
    for (const key of violations) expect(guardText(language)(key)).toMatch(/Fix: |対処: /);
  });
});

describe('values in a text', () => {
  const say = guardText('en');

  test('can not steer a terminal', () => {
    expect(say('bypassed', { reason: 'a\u001B[2Jb\nc\u202Ed' })).toBe('Rules of the guard were bypassed: a [2Jb c d');
  });

  test('are cut', () => {
    expect(say('bypassed', { reason: 'x'.repeat(5000) }).length).toBeLessThan(300);
  });

  test('are not filled in themselves', () => {
    expect(say('labelled', { policy: '{text}', text: 'told' })).toBe('{text}: told');
  });

  test('texts of this table are put in whole', () => {
    expect(say('existing', { text: 'y'.repeat(1000) })).toContain('y'.repeat(1000));
  });
});
