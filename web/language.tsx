import { type ReactNode, createContext, use, useMemo, useState } from 'react';
import type { Language } from './format.ts';
import { type TextKey, en } from './locales/en.ts';
import { ja } from './locales/ja.ts';
import { type TextValues, fill } from './texts.ts';

const TABLES: Readonly<Record<Language, Readonly<Record<TextKey, string>>>> = { en, ja };

export interface Texts {
  readonly language: Language;
  readonly setLanguage: (language: Language) => void;
  readonly t: (key: TextKey, values?: TextValues) => string;
}

const LanguageContext = createContext<Texts | null>(null);

/** `boot.ts` has chosen the language before the first paint; the choice of the switch is kept in the browser. */
function languageOfPage(): Language {
  return document.documentElement.lang === 'ja' ? 'ja' : 'en';
}

function keepLanguage(language: Language): void {
  try {
    window.localStorage.setItem('funade-language', language);
  } catch {
    // Storage is refused in some private windows; the choice then lasts as long as the page.
  }
}

export function LanguageProvider({ children }: { readonly children: ReactNode }) {
  const [language, setLanguage] = useState(languageOfPage);
  const texts = useMemo<Texts>(
    () => ({
      language,
      setLanguage: (next) => {
        document.documentElement.lang = next;
        keepLanguage(next);
        setLanguage(next);
      },
      t: (key, values) => fill(TABLES[language][key], values),
    }),
    [language],
  );
  return <LanguageContext value={texts}>{children}</LanguageContext>;
}

export function useTexts(): Texts {
  const texts = use(LanguageContext);
  if (texts === null) throw new Error('useTexts needs a LanguageProvider above it');
  return texts;
}
