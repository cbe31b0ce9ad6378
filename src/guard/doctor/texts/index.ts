import { type Language, type Translate, createTranslator } from '../../../kernel/index.ts';
import { en } from './en.ts';
import { ja } from './ja.ts';

type Texts = { readonly [K in keyof typeof en]: string };
export type DoctorTextKey = keyof Texts;
export type DoctorText = Translate<Texts>;

const translators: Readonly<Record<Language, DoctorText>> = {
  en: createTranslator<Texts>('en', { en, ja }),
  ja: createTranslator<Texts>('ja', { en, ja }),
};

/** Texts of `funade guard doctor`. */
export function doctorText(language: Language): DoctorText {
  return translators[language];
}
