const KEY = '"managedFields":[';
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x5b;
const CLOSE = 0x5d;

/**
 * The text of a review with every list of `managedFields` emptied. They are up to half of a review, no rule reads them, and
 * parsing them takes longer than everything that is decided.
 *
 * The key can't be mistaken: a quote inside of a text is escaped, so that a backslash stands before it, and one that ends a text
 * is never followed by a letter. Text that is no JSON stays none, except for what stands in such a list.
 */
export function withoutManagedFields(body: Buffer): string {
  let at = nextKey(body, 0);
  if (at === -1) return body.toString('utf8');
  let kept = '';
  let from = 0;
  while (at !== -1) {
    const begin = at + KEY.length;
    const end = endOfList(body, begin);
    if (end === -1) break;
    kept += body.toString('utf8', from, begin);
    from = end;
    at = nextKey(body, end);
  }
  return kept + body.toString('utf8', from);
}

function nextKey(body: Buffer, from: number): number {
  let at = body.indexOf(KEY, from);
  while (at > 0 && body[at - 1] === BACKSLASH) at = body.indexOf(KEY, at + 1);
  return at;
}

/** Where the list that begins at `begin` has its closing bracket; -1: it has none. */
function endOfList(body: Buffer, begin: number): number {
  let level = 1;
  for (let at = begin; at < body.length; at += 1) {
    const byte = body[at];
    if (byte === QUOTE) {
      at = endOfText(body, at + 1);
      if (at === -1) return -1;
    } else if (byte === OPEN) level += 1;
    else if (byte === CLOSE) {
      level -= 1;
      if (level === 0) return at;
    }
  }
  return -1;
}

function endOfText(body: Buffer, begin: number): number {
  for (let at = begin; at < body.length; at += 1) {
    const byte = body[at];
    if (byte === BACKSLASH) at += 1;
    else if (byte === QUOTE) return at;
  }
  return -1;
}
