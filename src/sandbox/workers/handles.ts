import { Socket, type SocketConstructorOpts } from 'node:net';

/** The descriptor behind a socket, as Node's IPC channel passes it on. */
export interface Pipe {
  readStop(): void;
  close(): void;
}

/**
 * Takes the descriptor out of a socket of a child process before anything was read from it: Node reads ahead, and what it had
 * read would not travel with the descriptor. To be called in the same turn of the event loop as `spawn`.
 */
export function takePipe(socket: unknown): Pipe {
  const owner = socket as { _handle: Pipe | null };
  const pipe = owner._handle;
  if (pipe === null) throw new Error('the socket has no descriptor any more');
  pipe.readStop();
  owner._handle = null;
  return pipe;
}

/** A socket on a descriptor that came over an IPC channel. */
export function socketOf(pipe: Pipe): Socket {
  return new Socket({ handle: pipe, readable: true, writable: true } as unknown as SocketConstructorOpts);
}
