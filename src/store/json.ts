const REFUSED = /\\u(?:0000|d[89a-f])/;

/**
 * JSON that PostgreSQL takes: it refuses U+0000 and halves of a surrogate pair, and both come with text that others wrote.
 * They become U+FFFD.
 */
export function toJson(value: unknown): string {
  const json = JSON.stringify(value);
  if (!REFUSED.test(json)) return json;
  return JSON.stringify(value, (_key, each: unknown) =>
    typeof each === 'string' ? each.toWellFormed().replaceAll('\0', '\uFFFD') : each,
  );
}
