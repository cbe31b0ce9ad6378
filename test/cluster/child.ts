import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { sleep } from '../../src/kernel/index.ts';

/** A process that was started here, and is only ever stopped by its own id. */
export interface Child {
  readonly name: string;
  /** File of everything that it wrote. */
  readonly log: string;
  pid(): number;
  hasEnded(): boolean;
  output(): string;
  /** SIGTERM, and SIGKILL after `within` milliseconds; the exit code, `null` when it had to be killed. */
  stop(within: number): Promise<number | null>;
  /** SIGKILL. */
  kill(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
}

export interface ChildSettings {
  readonly name: string;
  readonly program: string;
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly log: string;
  readonly env?: Readonly<Record<string, string>>;
}

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export function startChild({ name, program, argv, cwd, log, env = {} }: ChildSettings): Child {
  const output = openSync(log, 'a');
  const child = spawn(program, argv, {
    cwd,
    env: { PATH: process.env['PATH'], HOME: cwd, LC_ALL: 'C.UTF-8', ...env },
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  running.add(child);
  child.once('exit', () => running.delete(child));
  let failure: Error | null = null;
  child.once('error', (cause) => {
    failure = cause;
    running.delete(child);
  });

  function hasEnded(): boolean {
    return failure !== null || child.exitCode !== null || child.signalCode !== null;
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (hasEnded()) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }

  async function stop(within: number): Promise<number | null> {
    const timer = setTimeout(() => child.kill('SIGKILL'), within);
    await end('SIGTERM');
    clearTimeout(timer);
    return child.exitCode;
  }

  return {
    name,
    log,
    hasEnded,
    stop,
    pid: () => {
      if (child.pid === undefined) throw new Error(`${name} did not start`, { cause: failure });
      return child.pid;
    },
    output: () => readFileSync(log, 'utf8'),
    kill: () => end('SIGKILL'),
    signal: (signal) => void child.kill(signal),
  };
}

/** Looks until something is there; `undefined`, `null` and `false` are not yet. What is thrown meanwhile is told at the end. */
export async function until<T>(
  what: string,
  look: () => Promise<T> | T,
  { within = 60_000, every = 50 }: { readonly within?: number; readonly every?: number } = {},
): Promise<Exclude<T, undefined | null | false>> {
  const deadline = performance.now() + within;
  for (;;) {
    let last: unknown = null;
    try {
      const seen = await look();
      if (seen !== undefined && seen !== null && seen !== false) {
        return seen as Exclude<T, undefined | null | false>;
      }
    } catch (cause) {
      last = cause;
    }
    if (performance.now() > deadline) throw new Error(`${what}: not within ${within} ms`, { cause: last });
    await sleep(every);
  }
}

/** Waits for a child to be ready; throws with the end of its log when it ends by itself or takes too long. */
export async function untilReady(child: Child, isReady: () => Promise<boolean>, within: number): Promise<void> {
  const deadline = performance.now() + within;
  while (!(await isReady().catch(() => false))) {
    if (child.hasEnded()) throw new Error(`${child.name} ended by itself:\n${endOf(child)}`);
    if (performance.now() > deadline) throw new Error(`${child.name} was not ready in ${within} ms:\n${endOf(child)}`);
    await sleep(100);
  }
}

function endOf(child: Child): string {
  return child.output().split('\n').slice(-20).join('\n');
}
