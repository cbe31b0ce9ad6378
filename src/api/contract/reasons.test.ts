import { describe, expect, test } from 'vitest';
import { type ReasonAbout, deliveryReasonTexts, reasonText, reasonTexts } from './reasons.ts';

const everyCode = Object.entries(reasonTexts).flatMap(([about, sentences]) =>
  Object.keys(sentences).map((code) => [about as ReasonAbout, code] as const),
);

const TAKE_A_VALUE = ['last_status', 'alert_status', 'disabled_until', 'secret_unreadable'];

test.each(everyCode)('%s: %s is a full sentence in both languages', (about, code) => {
  const isWithValue = TAKE_A_VALUE.includes(code);
  const told = isWithValue ? `${code}=500` : code;
  expect(reasonText(about, told, 'en').includes('500')).toBe(isWithValue);
  expect(reasonText(about, told, 'en')).toMatch(/^[A-Z].* .*\.$/);
  expect(reasonText(about, told, 'ja').includes('500')).toBe(isWithValue);
  expect(reasonText(about, told, 'ja')).toMatch(/[\u3040-\u30ff\u4e00-\u9fff].*。$/);
});

describe('the reason', () => {
  test('of a delivery and of a task differ where the same code means different things', () => {
    expect(reasonText('delivery', 'label_removed', 'en')).not.toBe(reasonText('task', 'label_removed', 'en'));
  });

  test('that nobody knows is shown as it is, whatever its name', () => {
    for (const code of ['of_tomorrow', 'toString', '__proto__', '']) expect(reasonText('task', code, 'ja')).toBe(code);
  });

  test('that comes with a value has it in its sentence', () => {
    expect(reasonText('hook', 'last_status=$&', 'en')).toBe('The last answer that the forge got for the hook was $&.');
    expect(reasonText('hook', 'disabled_until=2026-05-01T00:00:00.000Z', 'ja')).toContain('2026-05-01T00:00:00.000Z');
    for (const code of ['last_status', 'hook_inactive=1', 'of_tomorrow=1', '=1'])
      expect(reasonText('hook', code, 'en')).toBe(code);
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
