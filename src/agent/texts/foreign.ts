/** Invisible, and enough to keep a forge from reading a name, a reference, a tag or a command. */
const BREAK = '\u200B';

/** Characters that change what a reader sees without being seen: direction marks, tags, zero width, controls. */
const INVISIBLE =
  /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u00AD\u061C\u115F\u1160\u17B4\u17B5\u180B-\u180F\u200B-\u200F\u202A-\u202E\u2060-\u206F\u3164\p{Variation_Selector}\uFEFF\uFFA0\uFFF9-\uFFFB\u{1D173}-\u{1D17A}\u{E0000}-\u{E0FFF}]/gu;

export function withoutInvisible(text: string): string {
  return text.replaceAll('\r\n', '\n').replaceAll(INVISIBLE, '');
}

const CLOSES =
  /\b(close[sd]?|closing|fix(?:e[sd]|ing)?|resolve[sd]?|resolving|implement(?:s|ed|ing)?)(?=:?\s+(?:[\w./-]*#\d|gh-\d|https?:\/\/))/gi;

/**
 * Text of a model for a comment or a change: nobody is called by it, nothing is linked or closed, no command of the forge is run, and no
 * markup leaves the place that it is put into.
 */
export function harmless(text: string): string {
  return (
    withoutInvisible(text)
      .replaceAll(CLOSES, (word) => word.slice(0, 1) + BREAK + word.slice(1))
      .replaceAll(/@(?=[\w-])/g, `@${BREAK}`)
      .replaceAll(/([#!&])(?=\d)/g, `$1${BREAK}`)
      .replaceAll(/\bGH-(?=\d)/gi, `GH${BREAK}-`)
      .replaceAll(/<(?=[a-z/!?])/gi, `<${BREAK}`)
      // Not across lines: a text of nothing but line ends would be looked through from each of them.
      .replaceAll(/^((?:[^\S\n]|>)*)\/(?=[a-z])/gim, `$1${BREAK}/`)
  );
}

/** One line of it, without any markup. */
export function plain(text: string, longest: number): string {
  const line = harmless(text).replaceAll(/\s+/g, ' ').trim();
  return cutShort(line, longest).replaceAll(/[\\`*_[\]~|]/g, String.raw`\$&`);
}

/** Ends what a text leaves open: a block of code would swallow all that follows. */
export function withClosedFences(text: string): string {
  let open: string | null = null;
  for (const line of text.split('\n')) {
    const fence = /^[ >]*(`{3,}|~{3,})(.*)$/.exec(line);
    const marks = fence?.[1];
    if (marks === undefined) continue;
    if (open === null) open = marks;
    else if (marks.startsWith(open) && fence?.[2]?.trim() === '') open = null;
  }
  return open === null ? text : `${text}\n${open}`;
}

/** As a quotation: whatever is in it, it ends where the quotation ends. */
export function quoted(text: string): string {
  return text
    .split('\n')
    .map((line) => `> ${line}`.trimEnd())
    .join('\n');
}

export function cutShort(text: string, longest: number): string {
  if (text.length <= longest) return text;
  return `${text.slice(0, longest - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
