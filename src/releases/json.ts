/**
 * JSON that PostgreSQL takes as `jsonb`: it refuses U+0000 and halves of a surrogate pair, and both come with text that
 * others wrote (the body of an answer cut in the middle of an emoji). They become U+FFFD.
 */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => (typeof each === 'string' ? storable(each) : each));
}

export function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD');
}
