import { describe, expect, test } from 'vitest';
import { type ReasonAbout, deliveryReasonTexts, reasonText, reasonTexts } from './reasons.ts';

const everyCode = Object.entries(reasonTexts).flatMap(([about, sentences]) =>
  Object.keys(sentences).map((code) => [about as ReasonAbout, code] as const),
);

test.each(everyCode)('%s: %s is a full sentence in both languages', (about, code) => {
  expect(reasonText(about, code, 'en')).toMatch(/^[A-Z].* .*\.$/);
  expect(reasonText(about, code, 'ja')).toMatch(/[\u3040-\u30ff\u4e00-\u9fff].*。$/);
});

describe('the reason', () => {
  test('of a delivery and of a task differ where the same code means different things', () => {
    expect(reasonText('delivery', 'label_removed', 'en')).not.toBe(reasonText('task', 'label_removed', 'en'));
  });

  test('that nobody knows is shown as it is, whatever its name', () => {
    for (const code of ['of_tomorrow', 'toString', '__proto__', '']) expect(reasonText('task', code, 'ja')).toBe(code);
  });

  test('of a ping has a sentence for each warning', () => {
    const reason = 'missing_event,hook_inactive,new_one';
    expect(deliveryReasonTexts({ outcome: 'pong', reason }, 'en')).toEqual([
      'The hook does not send all events that Funade needs.',
      'The hook is switched off.',
      'new_one',
    ]);
    expect(deliveryReasonTexts({ outcome: 'pong', reason: null }, 'en')).toEqual([]);
  });
});
