import { type Socket, connect } from 'node:net';

const HEAD_END = Buffer.from('\r\n\r\n');

/**
 * One kept-alive HTTP connection that sends ready-made requests. It understands only what a load generator needs (answers
 * with a Content-Length), so that it takes as little as possible of the processor that it shares with what it measures.
 */
export interface Connection {
  /** Sends one request and resolves with the status of its answer. One at a time. */
  ask(request: Buffer): Promise<number>;
  close(): void;
}

export async function openConnection(port: number): Promise<Connection> {
  const socket = await dial(port);
  let pending: { resolve(status: number): void; reject(reason: Error): void } | undefined;
  let received: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const headEnd = received.indexOf(HEAD_END);
    if (headEnd === -1) return;
    const head = received.toString('latin1', 0, headEnd);
    const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
    if (length === undefined) return fail(new Error(`an answer without Content-Length: ${head}`));
    if (received.length < headEnd + HEAD_END.length + Number(length)) return;
    received = Buffer.alloc(0);
    const asked = pending;
    pending = undefined;
    asked?.resolve(Number(head.slice(9, 12)));
  });
  socket.on('error', (reason: Error) => fail(reason));
  socket.on('close', () => fail(new Error('the server closed the connection')));

  function fail(reason: Error): void {
    pending?.reject(reason);
    pending = undefined;
    socket.destroy();
  }

  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        pending = { resolve, reject };
        socket.write(request);
      }),
    close: () => socket.destroy(),
  };
}

function dial(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    socket.once('connect', () => resolve(socket));
    socket.once('error', reject);
  });
}
