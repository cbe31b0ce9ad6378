/** Workers for the tests of this folder, in the tiers that this machine has. */
import { readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { silentLogger } from '../../kernel/index.ts';
import { listProcesses } from '../boxes/processes.ts';
import { type IsolationTier, type Sandbox, type Worker, type WorkerRequest, createSandbox } from '../index.ts';

/** A program that says `ready`, repeats what it is told, and ends with its channel. */
export const ECHO = `
  import { Socket } from 'node:net';
  const channel = new Socket({ fd: 3 });
  channel.on('data', (data) => channel.write('echo ' + data));
  channel.on('end', () => process.exit(0));
  channel.write('ready');`;
export const CODE = '/var/task';
export const NODE_HOME = join(process.execPath, '..', '..');

export interface Tiers {
  readonly best: IsolationTier;
  /** All that can be tested here, the weakest first. */
  readonly tiers: readonly IsolationTier[];
  /** Those that put a box around a worker. */
  readonly boxed: readonly IsolationTier[];
}

/** `required` where a machine without isolation is a fault: in CI. */
export function findTiers(required: boolean): Tiers {
  const stateDir = join(tmpdir(), `funade-best-${process.pid}`);
  const best = createSandbox({ logger: silentLogger, stateDir }).isolation();
  if (best.tier === 'C' && required) throw new Error(`CI needs isolation: ${best.reason}`);
  const tiers = (['C', 'B', 'A'] as const).filter((tier) => tier >= best.tier);
  return { best: best.tier, tiers, boxed: tiers.filter((tier) => tier !== 'C') };
}

export type WorkerChanges = Partial<WorkerRequest> & { readonly sandbox?: Sandbox };

export interface WorkerRig {
  /** A directory of the test; `code` in it is what the worker sees as `CODE`. */
  readonly root: () => string;
  /** The sandbox of all workers of a tier that ask for no other one. */
  sandboxOf(tier: IsolationTier): Sandbox;
  /** A worker of Node.js with this module, unless `more` has another program. */
  startWorker(tier: IsolationTier, source: string, more?: WorkerChanges): Promise<Worker>;
  /** What a program prints, as JSON. */
  told(tier: IsolationTier, source: string, more?: WorkerChanges): Promise<unknown>;
}

/** Ends the workers after each test of the file that calls it, and the sandboxes after the last. */
export function useWorkers(): WorkerRig {
  let state: string;
  let root: string;
  let workers: Worker[];
  const shared = new Map<IsolationTier, Sandbox>();
  beforeAll(async () => {
    state = await mkdtemp(join(tmpdir(), 'funade-state-'));
  });
  beforeEach(async () => {
    root = await realpath(await mkdtemp(join(tmpdir(), 'funade-worker-')));
    await chmod(root, 0o755);
    await mkdir(join(root, 'code'));
    workers = [];
  });
  afterEach(async () => {
    for (const worker of workers) worker.kill();
    await Promise.all(workers.map((worker) => worker.exited));
    await rm(root, { recursive: true, force: true, maxRetries: 20 });
  });
  afterAll(async () => {
    await Promise.all([...shared.values()].map((sandbox) => sandbox.close()));
    await rm(state, { recursive: true, force: true });
  });

  function sandboxOf(tier: IsolationTier): Sandbox {
    const sandbox = shared.get(tier) ?? createSandbox({ logger: silentLogger, stateDir: join(state, tier), tier });
    shared.set(tier, sandbox);
    return sandbox;
  }

  async function startWorker(tier: IsolationTier, source: string, more: WorkerChanges = {}): Promise<Worker> {
    await writeFile(join(root, 'code', 'worker.mjs'), source);
    const { sandbox = sandboxOf(tier), ...request } = more;
    const worker = await sandbox.spawnWorker({
      argv: [process.execPath, `${CODE}/worker.mjs`],
      cwd: CODE,
      env: { GIVEN: 'yes' },
      mounts: [
        { path: CODE, source: join(root, 'code') },
        { path: NODE_HOME, source: NODE_HOME },
      ],
      memory: 256,
      ...request,
    });
    workers.push(worker);
    return worker;
  }

  async function told(tier: IsolationTier, source: string, more: WorkerChanges = {}): Promise<unknown> {
    const worker = await startWorker(tier, source, more);
    const [out, err] = await Promise.all([text(worker.stdout), text(worker.stderr), worker.exited]);
    if (out === '') throw new Error(`it said nothing: ${err}`);
    return JSON.parse(out) as unknown;
  }

  return { root: () => root, sandboxOf, startWorker, told };
}

/** The next that a worker says. */
export async function read(worker: Worker): Promise<string> {
  return new Promise((resolve) => worker.channel.once('data', (data) => resolve(String(data))));
}

/** Processes that have the word in their command line. */
export function processesNaming(word: string): readonly number[] {
  return listProcesses().filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(word);
    } catch {
      return false;
    }
  });
}
