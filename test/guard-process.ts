import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const START_WITHIN_MS = 60_000;

export interface GuardProcess {
  /** `https://localhost:port/validate` */
  readonly admission: string;
  /** `http://127.0.0.1:port` */
  readonly health: string;
  /** What was written to standard error so far. */
  readonly log: () => string;
  readonly process: ChildProcess;
  /** Asks it to end, as Kubernetes does; its exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

type Settings = Readonly<Record<string, string>>;

function launch(settings: Settings, directory: string): ChildProcess {
  const { PATH = '', HOME = '' } = process.env;
  const env = { PATH, HOME, GUARD_SERVER_HOST: '127.0.0.1', ...settings };
  return spawn(process.execPath, [MAIN, 'serve', '--role', 'guard', '--json'], { cwd: directory, env });
}

/** `funade serve --role guard` until it ends by itself. */
export async function runGuard(settings: Settings, directory: string): Promise<Ended> {
  const child = launch(settings, directory);
  const [stdout, stderr] = [gather(child.stdout), gather(child.stderr)];
  const code = await exitOf(child);
  return { code, stdout: stdout(), stderr: stderr() };
}

/** A guard in a process of its own, once it told where it listens. */
export async function startGuardProcess(settings: Settings, directory: string): Promise<GuardProcess> {
  const child = launch({ GUARD_SERVER_PORT: '0', GUARD_SERVER_HEALTH_PORT: '0', ...settings }, directory);
  const [stdout, stderr] = [gather(child.stdout), gather(child.stderr)];
  const exit = exitOf(child);
  const deadline = Date.now() + START_WITHIN_MS;
  for (;;) {
    const [line, rest] = stdout().split('\n', 2);
    if (rest !== undefined) {
      const { admissionAddress, healthAddress } = JSON.parse(line ?? '') as Record<string, string>;
      return {
        admission: `${(admissionAddress ?? '').replace('127.0.0.1', 'localhost')}/validate`,
        health: healthAddress ?? '',
        log: stderr,
        process: child,
        stop: (signal = 'SIGTERM') => {
          child.kill(signal);
          return exit;
        },
      };
    }
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`The guard did not start: ${stderr()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function gather(stream: ChildProcess['stdout']): () => string {
  let text = '';
  stream?.setEncoding('utf8').on('data', (part: string) => (text += part));
  return () => text;
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('close', resolve));
}
