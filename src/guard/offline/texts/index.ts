import { type Language, type Translate, createTranslator } from '../../../kernel/index.ts';
import { en } from './en.ts';
import { ja } from './ja.ts';

type Texts = { readonly [K in keyof typeof en]: string };
export type OfflineTextKey = keyof Texts;

const translators: Readonly<Record<Language, Translate<Texts>>> = {
  en: createTranslator<Texts>('en', { en, ja }),
  ja: createTranslator<Texts>('ja', { en, ja }),
};

/** Texts of the tools that read manifests and records. */
export function offlineText(language: Language): Translate<Texts> {
  return translators[language];
}
