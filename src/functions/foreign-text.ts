/**
 * Text that others wrote, such that PostgreSQL and every screen can hold it: cut to `most` characters, and U+FFFD in place of
 * U+0000 and halves of a surrogate pair.
 */
export function readText(text: string, most: number): string {
  return text.slice(0, most).toWellFormed().replaceAll('\0', '\uFFFD');
}

/** Characters that say why something failed: a fault with its trace. */
export const MAX_REASON = 12_000;
