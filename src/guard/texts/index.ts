import { type Language, type MessageValues, fill } from '../../kernel/index.ts';
import { en } from './en.ts';
import { ja } from './ja.ts';

export type TextKey = keyof typeof en;
export type Say = (key: TextKey, values?: MessageValues) => string;

/** Characters of one value in a text; names of Kubernetes have 253 at most. */
const LONGEST_VALUE = 256;
/** Values that are texts of this table already; what they quote was tamed when they were made. */
const TOLD = new Set(['text', 'faults', 'why']);

/**
 * Texts of the guard in a language. Values come from objects that somebody wrote: they are cut, and what could steer a
 * terminal is taken out.
 */
export function guardText(language: Language): Say {
  const table: Readonly<Record<TextKey, string>> = language === 'ja' ? ja : en;
  return (key, values = {}) => fill(table[key], tamed(values));
}

function tamed(values: MessageValues): MessageValues {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      typeof value === 'string' && !TOLD.has(name) ? tame(value) : value,
    ]),
  );
}

function tame(value: string): string {
  // First cut what is much too long: it may be megabytes, and is told many times.
  const shown = value
    .slice(0, 4 * LONGEST_VALUE)
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
  return shown.length > LONGEST_VALUE ? `${shown.slice(0, LONGEST_VALUE - 1).toWellFormed()}…` : shown;
}
