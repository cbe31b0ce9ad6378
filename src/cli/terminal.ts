import type { Readable } from 'node:stream';
import { type Clock, systemClock } from '../kernel/index.ts';

export interface OutputStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
}

/** The world as a command sees it; tests hand in their own. */
export interface Terminal {
  /** Results. */
  readonly stdout: OutputStream;
  /** Everything else: progress, prompts, errors. */
  readonly stderr: OutputStream;
  readonly stdin: Readable & { readonly isTTY?: boolean | undefined };
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly directory: string;
  readonly clock: Clock;
  /** Calls `listener` on Ctrl-C or a polite request to end; the answer stops listening. */
  onInterrupt(listener: () => void): () => void;
}

export function processTerminal(environment: Readonly<Record<string, string | undefined>>): Terminal {
  for (const stream of [process.stdout, process.stderr]) {
    // The reader of a pipe may leave early (`funade logs | head`): nobody is left to tell.
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0);
      throw error;
    });
  }
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    stdin: process.stdin,
    environment,
    directory: process.cwd(),
    clock: systemClock,
    onInterrupt: (listener) => {
      process.on('SIGINT', listener);
      process.on('SIGTERM', listener);
      return () => {
        process.off('SIGINT', listener);
        process.off('SIGTERM', listener);
      };
    },
  };
}
