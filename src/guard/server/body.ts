import type { IncomingMessage } from 'node:http';

export type BodyEnd =
  | { readonly kind: 'whole'; readonly body: Buffer }
  | { readonly kind: 'too_large' }
  /** The connection ended before the body did. */
  | { readonly kind: 'gone' };

/** The Content-Length of a request; `null` when it has none, as a chunked one. */
export function declaredLength(request: IncomingMessage): number | null {
  const text = request.headers['content-length'];
  return text === undefined ? null : Number(text);
}

/**
 * Reads a body of at most `limit` bytes and calls `done` once. What goes beyond is not kept: at the first byte too many all of
 * it is let go. Never holds more than twice the limit, however small the pieces are in which it arrives.
 */
export function readBody(request: IncomingMessage, limit: number, done: (end: BodyEnd) => void): void {
  let first: Buffer | null = null;
  /** Holds everything once there is a second piece. */
  let whole: Buffer | null = null;
  let size = 0;
  let isDone = false;

  function finish(end: BodyEnd): void {
    if (isDone) return;
    isDone = true;
    first = null;
    whole = null;
    done(end);
  }

  request.on('data', (piece: Buffer) => {
    if (isDone) return;
    if (size + piece.length > limit) return finish({ kind: 'too_large' });
    if (first === null) {
      first = piece;
      size = piece.length;
      return;
    }
    whole ??= grown(first, size, Math.max(declaredLength(request) ?? 0, size + piece.length));
    if (size + piece.length > whole.length) whole = grown(whole, size, Math.min(limit, 2 * (size + piece.length)));
    piece.copy(whole, size);
    size += piece.length;
  });
  request.on('end', () => {
    if (isDone) return;
    finish({ kind: 'whole', body: whole === null ? (first ?? Buffer.alloc(0)) : whole.subarray(0, size) });
  });
  // An abort comes as `error` when somebody listens, and as `close` in any case.
  request.on('error', () => finish({ kind: 'gone' }));
  request.on('close', () => finish({ kind: 'gone' }));
}

function grown(from: Buffer, size: number, capacity: number): Buffer {
  const to = Buffer.allocUnsafe(capacity);
  from.copy(to, 0, 0, size);
  return to;
}
