/** Texts of one language, by key; nested tables are flattened with dots. */
export type Texts = ReadonlyMap<string, string>;

/** All strings of a table such as `{ a: 'x', b: { c: 'y' } }` → `a`, `b.c`. */
export function flatten(table: object, prefix = ''): Texts {
  const texts = new Map<string, string>();
  for (const [key, value] of Object.entries(table) as [string, unknown][]) {
    if (typeof value === 'string') texts.set(prefix + key, value);
    else if (typeof value === 'object' && value !== null) {
      for (const [inner, text] of flatten(value, `${prefix}${key}.`)) texts.set(inner, text);
    }
  }
  return texts;
}

/** Keys that one side lacks, placeholders that differ and texts that are empty. */
export function compareTexts(en: Texts, ja: Texts): readonly string[] {
  const faults: string[] = [];
  for (const [key, english] of en) {
    const japanese = ja.get(key);
    if (japanese === undefined) faults.push(`${key}: only in English`);
    else faults.push(...comparePair(key, english, japanese));
  }
  for (const key of ja.keys()) if (!en.has(key)) faults.push(`${key}: only in Japanese`);
  return faults;
}

function comparePair(key: string, english: string, japanese: string): readonly string[] {
  const faults: string[] = [];
  if ((english.trim() === '') !== (japanese.trim() === '')) faults.push(`${key}: empty in one language`);
  const [inEnglish, inJapanese] = [placeholders(english), placeholders(japanese)];
  for (const name of inEnglish) if (!inJapanese.has(name)) faults.push(`${key}: Japanese lacks {${name}}`);
  for (const name of inJapanese) if (!inEnglish.has(name)) faults.push(`${key}: English lacks {${name}}`);
  return faults;
}

function placeholders(text: string): ReadonlySet<string> {
  return new Set([...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? ''));
}
