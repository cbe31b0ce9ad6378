const MASK = '***';
const SHORTEST_LINE = 8;

/** Masks secrets in a text that comes in pieces. */
export interface Redactor {
  /** What can be shown now; the beginning of a possible secret is kept back. */
  push(text: string): string;
  /** What was kept back and turned out to be no secret. */
  end(): string;
}

/** The forms in which a value shows up in output: itself, URL-encoded, and the lines of one that has several. */
export function spellings(secrets: readonly string[]): readonly string[] {
  const forms = new Set<string>();
  for (const secret of secrets) {
    const whole = secret.trim();
    if (whole === '') continue;
    forms.add(whole);
    forms.add(encodeURIComponent(whole.toWellFormed()));
    for (const line of whole.split(/\r?\n/)) if (line.trim().length >= SHORTEST_LINE) forms.add(line.trim());
  }
  return [...forms];
}

/** Masks secrets in texts that come whole, such as lines; `createRedactor` is for those that come in pieces. */
export function createMask(secrets: readonly string[]): (text: string) => string {
  const words = spellings(secrets);
  return function mask(text) {
    let shown = '';
    let position = 0;
    for (const [start, end] of coveredSpans(text, words, 0)) {
      shown += text.slice(position, start) + MASK;
      position = end;
    }
    return position === 0 ? text : shown + text.slice(position);
  };
}

export function createRedactor(secrets: readonly string[]): Redactor {
  const words = spellings(secrets);
  if (words.length === 0) return { push: (text) => text, end: () => '' };
  let pending = '';
  let lead = 0; // leading characters of `pending` that belong to a mask which was already shown

  function push(text: string): string {
    const all = pending + text;
    const hold = startOfUnfinished(all, words);
    const shown = mask(all, hold);
    pending = all.slice(hold);
    return shown;
  }

  function mask(all: string, until: number): string {
    let shown = '';
    let position = 0;
    let covered = 0;
    for (const [start, end] of coveredSpans(all, words, lead)) {
      const goesOn = start === 0 && lead > 0;
      if (start >= until && !goesOn) break;
      shown += all.slice(position, start);
      if (!goesOn) shown += MASK;
      position = Math.min(end, until);
      covered = end;
    }
    lead = Math.max(0, covered - until);
    return shown + all.slice(position, until);
  }

  function finish(): string {
    const shown = mask(pending, pending.length);
    pending = '';
    lead = 0;
    return shown;
  }

  return { push, end: finish };
}

/** The first position from which the rest of the text could still grow into a secret. */
function startOfUnfinished(text: string, words: readonly string[]): number {
  let first = text.length;
  for (const word of words) {
    const from = Math.max(0, text.length - word.length + 1);
    for (let start = from; start < first; start += 1) {
      if (word.startsWith(text.slice(start))) first = start;
    }
  }
  return first;
}

/** Spans [start, end) of all secrets, overlapping ones joined, in order; the first `lead` characters count as one. */
function coveredSpans(text: string, words: readonly string[], lead: number): readonly (readonly [number, number])[] {
  const found: [number, number][] = lead > 0 ? [[0, lead]] : [];
  for (const word of words) {
    for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + 1)) found.push([at, at + word.length]);
  }
  found.sort((left, right) => left[0] - right[0]);
  const joined: [number, number][] = [];
  for (const [start, end] of found) {
    const last = joined.at(-1);
    if (last !== undefined && start < last[1]) last[1] = Math.max(last[1], end);
    else joined.push([start, end]);
  }
  return joined;
}
