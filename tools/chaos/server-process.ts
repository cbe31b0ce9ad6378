import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Seen, descendantsOf } from './processes.ts';
import { sleep } from '../../src/kernel/index.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const LOOK_EVERY = 25;

export interface ServerSettings {
  /** Names its log and its folder. */
  readonly name: string;
  readonly folder: string;
  readonly port: number;
  readonly environment: Readonly<Record<string, string>>;
}

/** A real server in a process of its own, always on the same port and data directory. */
export interface ServerProcess {
  readonly url: string;
  readonly log: string;
  pid(): number | null;
  start(): void;
  /** Resolves when `/readyz` is green; throws when the process ends or that takes longer than `within` milliseconds. */
  ready(within: number): Promise<void>;
  /** SIGKILL at once; answers what it had started and was still running. */
  kill(): Promise<readonly Seen[]>;
  /** SIGTERM; resolves with the exit code, or null when it had to be killed after `within` milliseconds. */
  stop(within: number): Promise<number | null>;
}

export function createServerProcess({ name, folder, port, environment }: ServerSettings): ServerProcess {
  const url = `http://127.0.0.1:${port}`;
  const dataDir = join(folder, name);
  const log = join(folder, `${name}.log`);
  let child: ChildProcess | null = null;

  function start(): void {
    mkdirSync(dataDir, { recursive: true });
    const output = openSync(log, 'a');
    child = spawn(process.execPath, [MAIN, 'serve'], {
      cwd: dataDir,
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        FUNADE_LOG_LEVEL: 'info',
        ...environment,
        FUNADE_DATA_DIR: dataDir,
        FUNADE_PORT: String(port),
      },
      detached: true, // Ctrl-C is for the tool alone, which stops what it started
      stdio: ['ignore', output, output],
    });
    closeSync(output);
  }

  async function ready(within: number): Promise<void> {
    const deadline = performance.now() + within;
    while (!(await isReady(url))) {
      if (hasEnded(child)) throw new Error(`${name} ended by itself while it started:\n${tailOf(log)}`);
      if (performance.now() > deadline) throw new Error(`${name} was not ready within ${within} ms:\n${tailOf(log)}`);
      await sleep(LOOK_EVERY);
    }
  }

  async function kill(): Promise<readonly Seen[]> {
    const victim = child;
    if (victim?.pid === undefined || hasEnded(victim)) throw new Error(`${name} ended by itself:\n${tailOf(log)}`);
    victim.kill('SIGSTOP'); // so that nothing is started between this look and its end
    const left = descendantsOf(victim.pid);
    const gone = once(victim, 'exit');
    victim.kill('SIGKILL');
    await gone;
    return left;
  }

  async function stop(within: number): Promise<number | null> {
    const stopping = child;
    if (stopping === null || hasEnded(stopping)) return stopping?.exitCode ?? null;
    const gone = once(stopping, 'exit');
    stopping.kill('SIGTERM');
    const timer = setTimeout(() => stopping.kill('SIGKILL'), within);
    await gone;
    clearTimeout(timer);
    return stopping.exitCode;
  }

  return { url, log, start, ready, kill, stop, pid: () => (hasEnded(child) ? null : (child?.pid ?? null)) };
}

function tailOf(log: string): string {
  return readFileSync(log, 'utf8').split('\n').slice(-15).join('\n');
}

function hasEnded(child: ChildProcess | null): boolean {
  return child === null || child.exitCode !== null || child.signalCode !== null;
}

async function isReady(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(5000) });
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    return false; // not listening yet
  }
}

/**
 * A port that is free now and stays free while its server is down: systems take ports for connections, and for servers that
 * leave the choice to them, from 32768 on.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_240, 32_768);
    const server = createServer();
    server.listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}
