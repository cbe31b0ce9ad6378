const REFUSED = /\\u(?:0000|d[89a-f])/;

/**
 * JSON that PostgreSQL takes: it refuses U+0000 and halves of a surrogate pair, and both come with text that others wrote.
 * They become U+FFFD.
 */
export function toJson(value: unknown): string {
  const json = JSON.stringify(value);
  if (!REFUSED.test(json)) return json;
  return JSON.stringify(value, (_key, each: unknown) => {
    if (typeof each === 'string') return storable(each);
    if (typeof each !== 'object' || each === null || Array.isArray(each)) return each;
    return Object.fromEntries(Object.entries(each).map(([key, member]) => [storable(key), member]));
  });
}

function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD');
}
