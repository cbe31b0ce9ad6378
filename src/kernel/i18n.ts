export const LANGUAGES = ['en', 'ja'] as const;
export type Language = (typeof LANGUAGES)[number];

export type Messages = Readonly<Record<string, string>>;
export type MessageValues = Readonly<Record<string, string | number | boolean | undefined>>;

/** Fills `{name}` placeholders; a value that was not given stays visible as `{name}`. */
export function fill(template: string, values: MessageValues = {}): string {
  return template.replaceAll(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    return value === undefined ? whole : String(value);
  });
}

/** `ja_JP.UTF-8`, `ja` → `ja`; anything else → `en`. */
export function languageOf(locale: string | undefined): Language {
  return locale?.toLowerCase().startsWith('ja') === true ? 'ja' : 'en';
}

export type Translate<M extends Messages> = (key: keyof M & string, values?: MessageValues) => string;

/** A translator over two complete tables with the same keys (the compiler holds them equal). */
export function createTranslator<M extends Messages>(
  language: Language,
  tables: { readonly en: M; readonly ja: { readonly [K in keyof M]: string } },
): Translate<M> {
  const table = tables[language];
  return (key, values) => fill(table[key] ?? key, values);
}
