import { ApiTrouble } from './trouble.ts';

const NEWLINE = 0x0a;

/**
 * Lines of a stream of JSON lines. Keeps at most one unfinished line, of at most `limit` bytes; a longer one is `too_large`.
 * A last line without its end is not given: it was cut off.
 */
export function createLineReader(limit: number, asked: string): (piece: Buffer) => Iterable<string> {
  let parts: Buffer[] = [];
  let size = 0;

  function take(part: Buffer): void {
    size += part.length;
    if (size > limit) throw new ApiTrouble('too_large', `${asked}: a line of more than ${limit} bytes`);
    if (part.length > 0) parts.push(part);
  }

  function finish(): string {
    const line = parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
    parts = [];
    size = 0;
    return line.toString();
  }

  return function* read(piece) {
    let from = 0;
    for (let end = piece.indexOf(NEWLINE); end !== -1; end = piece.indexOf(NEWLINE, from)) {
      take(piece.subarray(from, end));
      from = end + 1;
      if (size > 0) yield finish();
    }
    take(piece.subarray(from));
  };
}
