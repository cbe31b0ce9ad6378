/** Python workers for tests: the interpreter of this machine, and functions in directories of their own. */
import { accessSync, constants } from 'node:fs';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { type WireWorker, startWorker } from './wire.ts';
import type { FaultMeta, InvokeMeta, LoadOrder } from '../../src/functions/index.ts';

const WORKER = join(import.meta.dirname, '../../src/functions/runtimes/python/worker.py');

/** The one of the system before those of the search path; null without any. */
export const PYTHON: string | null = findPython();

export const WORKER_ARGV: readonly string[] = [PYTHON ?? 'python3', '-I', '-S', '-B', '-X', 'utf8', WORKER];

function findPython(): string | null {
  const folders = ['/usr/bin', ...(process.env['PATH'] ?? '').split(delimiter)];
  return folders.map((folder) => join(folder, 'python3')).find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The source of a function that answers with its event. */
export const ECHO = 'def handler(event, context):\n    return event\n';

export interface PythonRig {
  /** A directory with these files. */
  write(files: Readonly<Record<string, string>>): Promise<string>;
  /** A worker that has loaded nothing; the program of it may be another one that runs it. */
  start(argv?: readonly string[]): WireWorker;
  /** A worker with the function of `index.py`; throws the fault of its LOAD. */
  serve(source: string, order?: Partial<LoadOrder>): Promise<WireWorker>;
  /** Ends all workers and removes what was written. */
  clear(): Promise<void>;
}

export function createPythonRig(): PythonRig {
  const workers: WireWorker[] = [];
  const folders: string[] = [];

  async function write(files: Readonly<Record<string, string>>): Promise<string> {
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'funade-python-')));
    folders.push(folder);
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), text);
    }
    return folder;
  }

  function start(argv: readonly string[] = WORKER_ARGV): WireWorker {
    const worker = startWorker(argv);
    workers.push(worker);
    return worker;
  }

  async function serve(source: string, order: Partial<LoadOrder> = {}): Promise<WireWorker> {
    const directory = await write({ 'index.py': source });
    const worker = start();
    const answer = await worker.load({ directory, ...order });
    if (answer.kind === 'error') throw new Error(`${answer.fault.errorType}: ${answer.fault.message}`);
    return worker;
  }

  async function clear(): Promise<void> {
    for (const worker of workers) worker.kill();
    await Promise.all(workers.splice(0).map((worker) => worker.exited));
    await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
  }

  return { write, start, serve, clear };
}

/** The fault of a call; throws when there is none. */
export async function faultOf(worker: WireWorker, body = '{}', meta: Partial<InvokeMeta> = {}): Promise<FaultMeta> {
  const reply = await worker.invoke(meta, body);
  if (reply.kind === 'error') return reply.fault;
  throw new Error(`no fault but ${reply.body.toString('utf8').slice(0, 200)}`);
}
