import type { InvokeMeta, ResultMeta } from '../runtimes/messages.ts';

type WithoutRemaining<T> = T extends unknown ? Omit<T, 'remaining'> : never;

/** One call of a function. */
export interface Call {
  readonly meta: WithoutRemaining<InvokeMeta>;
  readonly body: Buffer;
  /** Calls with the same key go to the same instance for as long as it is up. */
  readonly affinity?: string;
  /** Takes a streamed answer as it comes; without it the pieces are put together, up to the limit of a response. */
  readonly sink?: StreamSink;
  /** Gets the lines that the function writes while it works on the call, when it works on nothing else; secrets are masked. */
  readonly heard?: (line: string) => void;
}

/** Where a streamed answer goes. */
export interface StreamSink {
  start(meta: ResultMeta): void;
  /**
   * False: the reader is behind. A worker that works on nothing else is then not read until `whenReady` calls back; else more is
   * written, up to `MOST_BEHIND` bytes.
   */
  write(chunk: Buffer): boolean;
  /** Calls back once, when the reader takes more or has left. Not called again before that. */
  whenReady(resume: () => void): void;
}

/** Who waits for the call's end. */
export interface Caller {
  readonly gone: boolean;
}
