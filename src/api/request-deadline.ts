import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

const LOOK_EVERY_MS = 1000;
const TIMED_OUT = 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';

interface Head {
  /** Milliseconds of the process's clock at which the request began to arrive; null: none does, as far as is known. */
  since: number | null;
  /** What the connection had read when its last request was answered. */
  read: number;
}

/**
 * Ends requests that arrive too slowly, counted from their first byte: Node tells of a request only when its head is there.
 * The first one of a connection counts from its opening. When a later one begins is seen by looking once a second.
 */
export interface RequestDeadline {
  opened(socket: Socket): void;
  /** For every request once it was answered. */
  answered(socket: Socket): void;
  /** Head and body have to be there within so many milliseconds; else the connection is closed, after a 408. */
  limit(request: IncomingMessage, response: ServerResponse, withinMs: number): void;
  stop(): void;
}

export function createRequestDeadline(): RequestDeadline {
  const heads = new Map<Socket, Head>();
  const looking = setInterval(look, LOOK_EVERY_MS).unref();

  function look(): void {
    const before = performance.now() - LOOK_EVERY_MS;
    for (const [socket, head] of heads) if (head.since === null && socket.bytesRead > head.read) head.since = before;
  }

  return {
    opened: (socket) => {
      heads.set(socket, { since: performance.now(), read: 0 });
      socket.once('close', () => heads.delete(socket));
    },
    answered: (socket) => {
      const head = heads.get(socket);
      if (head === undefined) return;
      head.since = null;
      head.read = socket.bytesRead;
    },
    limit: (request, response, withinMs) => {
      if (request.complete) return;
      const now = performance.now();
      const leftMs = withinMs - (now - (heads.get(request.socket)?.since ?? now));
      const timer = setTimeout(() => cut(request, response), leftMs);
      request.once('close', () => clearTimeout(timer));
    },
    stop: () => clearInterval(looking),
  };
}

function cut(request: IncomingMessage, response: ServerResponse): void {
  if (request.complete || response.headersSent) return;
  request.socket.write(TIMED_OUT);
  request.socket.destroy();
}
