import { type Socket, connect } from 'node:net';

const HEAD_END = Buffer.from('\r\n\r\n');
const READ_AT_ONCE = 64 * 1024;
const NOTHING = Buffer.alloc(0);
/** Where the three digits stand in `HTTP/1.1 200 OK`. */
const STATUS = { from: 9, to: 12 } as const;

export interface ConnectionUser {
  answered(status: number): void;
  /** The connection is of no more use. */
  failed(reason: Error): void;
}

/**
 * One kept-alive HTTP connection that sends ready-made requests. It understands only what a load generator needs (answers
 * with a Content-Length), so that it takes as little as possible of the processor that it shares with what it measures.
 */
export interface Connection {
  /** Sends one request; the user hears of its answer. One at a time. */
  send(request: Buffer): void;
  close(): void;
}

export async function openConnection(port: number, user: ConnectionUser): Promise<Connection> {
  const read = createAnswerReader();
  let isOpen = true;
  const socket = await dial(port, (chunk) => {
    try {
      const status = read(chunk);
      if (status !== undefined) user.answered(status);
    } catch (thrown) {
      fail(thrown as Error);
    }
  });
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('the server closed the connection')));

  function fail(reason: Error): void {
    if (!isOpen) return;
    isOpen = false;
    socket.destroy();
    user.failed(reason);
  }

  return {
    send: (request) => void socket.write(request),
    close: () => {
      isOpen = false;
      socket.destroy();
    },
  };
}

/** A connection for one request after the other, whose sender waits for the answer. */
export interface Asker {
  /** Resolves with the status and the milliseconds that the answer took. */
  ask(request: Buffer): Promise<{ readonly status: number; readonly took: number }>;
  close(): void;
}

export async function openAsker(port: number): Promise<Asker> {
  let pending: PromiseWithResolvers<number> | undefined;
  const connection = await openConnection(port, {
    answered: (status) => pending?.resolve(status),
    failed: (reason) => pending?.reject(reason),
  });
  return {
    ask: async (request) => {
      pending = Promise.withResolvers<number>();
      const begun = performance.now();
      connection.send(request);
      const status = await pending.promise;
      return { status, took: performance.now() - begun };
    },
    close: () => connection.close(),
  };
}

interface Shape {
  readonly size: number;
  readonly status: string;
  /** The line with the length of the body, and where it stands. */
  readonly length: string;
  readonly lengthAt: number;
}

/**
 * Takes what arrives; returns the status once an answer is complete. Answers of one server look alike: one that has the size, the
 * status and the Content-Length of the one before, at the same place, is known without being searched.
 */
function createAnswerReader(): (chunk: Buffer) => number | undefined {
  let last: Shape | undefined;
  let rest: Buffer = NOTHING;

  function isLikeLast(chunk: Buffer): boolean {
    return (
      last !== undefined &&
      chunk.length === last.size &&
      chunk.toString('latin1', STATUS.from, STATUS.to) === last.status &&
      chunk.toString('latin1', last.lengthAt, last.lengthAt + last.length.length) === last.length
    );
  }

  return (chunk) => {
    if (rest.length === 0 && isLikeLast(chunk)) return Number(last?.status);
    const received = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const shape = shapeOf(received);
    if (shape === undefined || received.length < shape.size) {
      rest = Buffer.from(received); // the chunk is overwritten by the next one
      return undefined;
    }
    rest = NOTHING;
    last = shape;
    return Number(shape.status);
  };
}

/** Undefined as long as the head is not complete. */
function shapeOf(received: Buffer): Shape | undefined {
  const headEnd = received.indexOf(HEAD_END);
  if (headEnd === -1) return undefined;
  const head = received.toString('latin1', 0, headEnd + 2);
  const found = /\r\ncontent-length: (\d+)\r\n/i.exec(head);
  if (found === null) throw new Error(`an answer without Content-Length: ${head}`);
  const size = headEnd + HEAD_END.length + Number(found[1]);
  return { size, status: head.slice(STATUS.from, STATUS.to), length: found[0], lengthAt: found.index };
}

function dial(port: number, receive: (chunk: Buffer) => void): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const buffer = Buffer.allocUnsafe(READ_AT_ONCE);
    const callback = (size: number) => {
      receive(buffer.subarray(0, size));
      return true;
    };
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, onread: { buffer, callback } });
    socket.once('connect', () => resolve(socket));
    socket.once('error', reject);
  });
}
