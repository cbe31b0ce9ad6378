import { PassThrough, type Readable } from 'node:stream';
import { runCli } from '../../src/cli/index.ts';
import type { Terminal } from '../../src/cli/index.ts';
import { type Clock, systemClock } from '../../src/kernel/index.ts';

export interface CliOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly directory?: string;
  readonly tty?: boolean;
  readonly columns?: number;
  /** What the person types. */
  readonly input?: string;
  readonly clock?: Clock;
}

export interface CliProcess {
  /** Everything written so far. */
  stdout(): string;
  stderr(): string;
  interrupt(): void;
  readonly ended: Promise<CliOutcome>;
}

/** Starts a command line in this process with a terminal of its own. */
export function startCli(argv: readonly string[], options: CliOptions = {}): CliProcess {
  const tty = options.tty === true;
  const written = { stdout: '', stderr: '' };
  const listeners = new Set<() => void>();
  const stdin: Readable & { isTTY?: boolean } = new PassThrough().end(options.input ?? '');
  stdin.isTTY = tty;
  const stream = (name: 'stdout' | 'stderr') => ({
    isTTY: tty,
    columns: options.columns ?? 80,
    rows: 40,
    write: (text: string) => {
      written[name] += text;
    },
  });
  const terminal: Terminal = {
    stdout: stream('stdout'),
    stderr: stream('stderr'),
    stdin,
    environment: { NO_COLOR: '1', ...options.environment },
    directory: options.directory ?? '/nonexistent',
    clock: options.clock ?? systemClock,
    onInterrupt: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return {
    stdout: () => written.stdout,
    stderr: () => written.stderr,
    interrupt: () => {
      for (const listener of listeners) listener();
    },
    ended: runCli(argv, terminal).then((code) => ({ code, ...written })),
  };
}

/** The outcome of a whole command line. */
export function cli(argv: readonly string[], options: CliOptions = {}): Promise<CliOutcome> {
  return startCli(argv, options).ended;
}
