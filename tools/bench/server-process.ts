import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const START_WITHIN = 120_000;
const STOP_WITHIN = 30_000;

export interface ServerProcess {
  /** `http://127.0.0.1:40123` */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly dataDir: string;
  /** Milliseconds from the start of the process until it said that it is ready. */
  readonly startedIn: number;
  ownerToken(): Promise<string>;
  stop(): Promise<void>;
}

/** Starts `node src/main.ts serve` on any free port and waits until it is ready. */
export async function startServer(options: {
  readonly dataDir: string;
  readonly secret: string;
  readonly role?: string;
  /** As in a fresh clone: nothing that was compiled before is used. */
  readonly fresh?: boolean;
  /** Further settings, as variables. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Folder for a processor profile, written when the server ends. */
  readonly profile?: string | null;
}): Promise<ServerProcess> {
  const begun = performance.now();
  const { profile = null } = options;
  const flags = profile === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
  const child = spawn(process.execPath, [...flags, MAIN, 'serve', '--json'], {
    cwd: options.dataDir,
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      FUNADE_LOG_LEVEL: 'error',
      FUNADE_PORT: '0',
      FUNADE_ROLE: options.role ?? 'all',
      FUNADE_DATA_DIR: join(options.dataDir, 'data'),
      GITHUB_WEBHOOK_SECRET: options.secret,
      ...options.settings,
      ...(options.fresh === true ? { NODE_DISABLE_COMPILE_CACHE: '1' } : {}),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ready = await untilReady(child);
  const startedIn = performance.now() - begun;
  return {
    url: ready.address,
    port: Number(new URL(ready.address).port),
    pid: child.pid ?? 0,
    dataDir: ready.dataDir,
    startedIn,
    ownerToken: async () => (await readFile(ready.ownerTokenFile, 'utf8')).trim(),
    stop: () => stop(child),
  };
}

interface Ready {
  readonly address: string;
  readonly dataDir: string;
  readonly ownerTokenFile: string;
}

function untilReady(child: ChildProcess): Promise<Ready> {
  return new Promise((resolve, reject) => {
    let output = '';
    let complaints = '';
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`The server was not ready within ${START_WITHIN} ms: ${complaints}`));
    }, START_WITHIN);
    child.stderr?.on('data', (chunk: Buffer) => {
      complaints = (complaints + chunk.toString('utf8')).slice(-4000);
    });
    child.stdout?.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString('utf8')).slice(-4000);
      const ready = readReady(output);
      if (ready === undefined) return;
      clearTimeout(timer);
      resolve(ready);
    });
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      reject(new Error(`The server ended with ${code ?? signal} before it was ready: ${complaints}${output}`));
    });
  });
}

function readReady(output: string): Ready | undefined {
  try {
    const said = JSON.parse(output) as Partial<Ready>;
    return said.address === undefined ? undefined : (said as Ready);
  } catch {
    return undefined; // not all of it has arrived
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN);
  await gone;
  clearTimeout(timer);
}
