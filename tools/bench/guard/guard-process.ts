import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sleep } from '../../../src/kernel/index.ts';

const READY_WITHIN = 120_000;
const STOP_WITHIN = 30_000;

export interface GuardProcess {
  readonly pid: number;
  readonly port: number;
  readonly healthAddress: string;
  /** Milliseconds from listening until the caches were complete. */
  readonly syncedIn: number;
  /** Megabytes, now. */
  residentMemory(): Promise<number>;
  stop(): Promise<void>;
}

/** Starts `funade serve --role guard` and waits until it is ready. Its log goes to a file. */
export async function startGuard(options: {
  readonly folder: string;
  /** Path of Funade's own. */
  readonly program: string;
  readonly kubeconfig: string;
  readonly certificates: string;
  /** Folder for a processor profile, written when the guard ends. */
  readonly profile: string | null;
}): Promise<GuardProcess> {
  const flags = options.profile === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.profile}`];
  const logFile = join(options.folder, 'guard.log');
  const log = await open(logFile, 'w');
  const child = spawn(process.execPath, [...flags, options.program, 'serve', '--role', 'guard', '--json'], {
    cwd: options.folder,
    env: {
      PATH: process.env['PATH'],
      HOME: options.folder,
      GUARD_PROFILE: 'production',
      GUARD_LOG_LEVEL: 'info',
      GUARD_SERVER_HOST: '127.0.0.1',
      GUARD_SERVER_PORT: '0',
      GUARD_SERVER_HEALTH_PORT: '0',
      GUARD_SERVER_CERTIFICATES: options.certificates,
      GUARD_CLUSTER_KUBECONFIG: options.kubeconfig,
      GUARD_SERVER_ENDPOINT_DELAY: '0s',
    },
    stdio: ['ignore', 'pipe', log.fd],
  });
  const ended = once(child, 'exit').then(async ([code]) => {
    throw new Error(`The guard ended with ${String(code)}: ${(await readFile(logFile, 'utf8')).slice(-2000)}`);
  });
  ended.catch(() => {}); // its end is wanted later
  const { admissionAddress, healthAddress } = await Promise.race([untilStarted(child), ended]);
  const begun = performance.now();
  await untilReady(healthAddress);
  const syncedIn = performance.now() - begun;
  const pid = child.pid ?? 0;
  return {
    pid,
    port: Number(new URL(admissionAddress).port),
    healthAddress,
    syncedIn,
    residentMemory: async () => {
      const status = await readFile(`/proc/${pid}/status`, 'utf8');
      return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) / 1024;
    },
    stop: async () => {
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN);
      await gone;
      clearTimeout(timer);
      await log.close();
    },
  };
}

interface Started {
  readonly admissionAddress: string;
  readonly healthAddress: string;
}

function untilStarted({ stdout }: ChildProcess): Promise<Started> {
  return new Promise((resolve) => {
    let said = '';
    stdout?.on('data', (piece: Buffer) => {
      said += piece.toString('utf8');
      try {
        resolve(JSON.parse(said) as Started);
      } catch {
        // not all of it has arrived
      }
    });
  });
}

async function untilReady(healthAddress: string): Promise<void> {
  const deadline = performance.now() + READY_WITHIN;
  for (;;) {
    const { status } = await fetch(`${healthAddress}/readyz`);
    if (status === 200) return;
    if (performance.now() > deadline) throw new Error(`The guard was not ready within ${READY_WITHIN} ms`);
    await sleep(10);
  }
}
