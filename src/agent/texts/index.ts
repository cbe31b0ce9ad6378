import { type Language, type MessageValues, type Translate, createTranslator, fill } from '../../kernel/index.ts';
import { texts as english } from './progress.en.ts';
import { texts as japanese } from './progress.ja.ts';
import { reasons as englishReasons } from './reasons.en.ts';
import { reasons as japaneseReasons } from './reasons.ja.ts';

const REASONS: Readonly<Record<Language, Readonly<Record<string, string>>>> = {
  en: englishReasons,
  ja: japaneseReasons,
};
const UNKNOWN: Readonly<Record<Language, string>> = {
  en: 'The coding agent could not do it.',
  ja: 'コーディングエージェントには実行できませんでした。',
};

export type Say = Translate<typeof english>;

/** What Funade itself says on a forge. */
export function sayIn(language: Language): Say {
  return createTranslator(language, { en: english, ja: japanese });
}

/** Why, and what can be done; a reason that a runner made up has a text of its own for all of them. */
export function whyIn(language: Language, reason: string, values: MessageValues = {}): string {
  const text = Object.hasOwn(REASONS[language], reason) ? REASONS[language][reason] : undefined;
  return fill(text ?? UNKNOWN[language], values);
}
