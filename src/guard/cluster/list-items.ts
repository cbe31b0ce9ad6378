const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY] = [0x7b, 0x7d, 0x5b, 0x5d];
const ITEMS = /"items"\s*:\s*\[$/;
/** Of what stands around the items: kind, version, metadata. */
const ENVELOPE_LIMIT = 1024 * 1024;

export interface ListItems {
  push(piece: Buffer): void;
  /** What stands around the items, with an empty list in their place; `null`: it is cut off, or too large to be one. */
  end(): string | null;
}

export interface ListItemsOptions {
  /** Text of one item. */
  readonly item: (text: string) => void;
  /** An item of more than `limit` bytes was left out. */
  readonly tooLarge: () => void;
  readonly limit: number;
}

/**
 * Takes a list apart while it arrives, so that no more than one item of it is held at a time: a page of it would be several
 * megabytes as bytes, again as text, and again as objects. Looks only at what nests; whether it is JSON is seen by who parses it.
 */
export function createListItems({ item, tooLarge, limit }: ListItemsOptions): ListItems {
  const envelope = createCollector(ENVELOPE_LIMIT);
  const current = createCollector(limit);
  let depth = 0;
  let isInString = false;
  /** The last byte before this piece was a backslash that escapes. */
  let isEscaped = false;
  /** Depth of the list of items while it is open; 0: it is not. */
  let itemsAt = 0;

  /** Index after the closing quote, or the length when it is not in this piece. */
  function skipString(piece: Buffer, from: number): number {
    let start = from;
    if (isEscaped) {
      start += 1;
      isEscaped = false;
    }
    for (let quote = piece.indexOf(QUOTE, start); quote !== -1; quote = piece.indexOf(QUOTE, quote + 1)) {
      if (backslashesBefore(piece, quote, start) % 2 === 0) {
        isInString = false;
        return quote + 1;
      }
    }
    isEscaped = start <= piece.length && backslashesBefore(piece, piece.length, start) % 2 === 1;
    return piece.length;
  }

  function push(piece: Buffer): void {
    /** Where that begins which is not yet with its collector. */
    let kept = 0;
    let at = 0;
    while (at < piece.length) {
      if (isInString) {
        at = skipString(piece, at);
        continue;
      }
      const byte = piece[at];
      at += 1;
      if (byte === QUOTE) isInString = true;
      else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        depth += 1;
        if (byte === OPEN_ARRAY && depth === 2 && itemsAt === 0) {
          envelope.add(piece.subarray(kept, at));
          kept = at;
          if (ITEMS.test(envelope.tail(64))) itemsAt = depth;
        } else if (itemsAt > 0 && depth === itemsAt + 1) kept = at - 1;
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        depth -= 1;
        if (itemsAt > 0 && depth === itemsAt) {
          current.add(piece.subarray(kept, at));
          kept = at;
          finish();
        } else if (itemsAt > 0 && depth < itemsAt) {
          itemsAt = 0;
          kept = at - 1;
        }
      }
    }
    const rest = piece.subarray(kept);
    if (itemsAt === 0) envelope.add(rest);
    else if (depth > itemsAt) current.add(rest);
  }

  function finish(): void {
    const text = current.take();
    if (text === null) tooLarge();
    else item(text);
  }

  return { push, end: () => (depth === 0 && !isInString ? envelope.take() : null) };
}

function backslashesBefore(piece: Buffer, end: number, start: number): number {
  let count = 0;
  while (end - count - 1 >= start && piece[end - count - 1] === BACKSLASH) count += 1;
  return count;
}

interface Collector {
  add(piece: Buffer): void;
  /** The last bytes. */
  tail(bytes: number): string;
  /** Everything since the last time; `null`: it was more than the limit. */
  take(): string | null;
}

function createCollector(limit: number): Collector {
  let pieces: Buffer[] = [];
  let size = 0;
  return {
    add: (piece) => {
      size += piece.length;
      if (size > limit) pieces = [];
      else if (piece.length > 0) pieces.push(piece);
    },
    tail: (bytes) => {
      const last: Buffer[] = [];
      for (let index = pieces.length - 1, length = 0; index >= 0 && length < bytes; index -= 1) {
        const piece = pieces[index] ?? Buffer.alloc(0);
        last.unshift(piece);
        length += piece.length;
      }
      return Buffer.concat(last).subarray(-bytes).toString('latin1');
    },
    take: () => {
      const text = size > limit ? null : Buffer.concat(pieces).toString();
      pieces = [];
      size = 0;
      return text;
    },
  };
}
