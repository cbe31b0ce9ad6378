import { type Language, type Translate, createTranslator } from '../../kernel/index.ts';
import { en } from './en.ts';
import { ja } from './ja.ts';

type Texts = { readonly [K in keyof typeof en]: string };
export type TextKey = keyof Texts;
export type Text = Translate<Texts>;

const translators: Readonly<Record<Language, Text>> = {
  en: createTranslator<Texts>('en', { en, ja }),
  ja: createTranslator<Texts>('ja', { en, ja }),
};

/** The texts of the CLI in one language. */
export function textOf(language: Language): Text {
  return translators[language];
}
