import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { chmod, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { FunadeError, messageOf } from '../kernel/index.ts';

/** Everything that Funade keeps on disk, and the proof that this process alone uses it. */
export interface DataDir {
  readonly path: string;
  /** Made with the directory, and never again: tells it from those of other processes, also where host names and paths are the same. */
  readonly instanceId: string;
  /** A folder below the data directory, made with mode 0700 when it is missing. */
  folder(...names: readonly string[]): Promise<string>;
  release(): Promise<void>;
}

interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly since: string;
  /** Start time of the process in clock ticks, where the system tells it: a reused pid is not the holder. */
  readonly ticks: string | null;
}

/** Makes the data directory, checks that it can be written and takes its lock; a second server is refused. */
export async function openDataDir(path: string): Promise<DataDir> {
  const root = resolve(path);
  const lock = join(root, 'server.lock');
  try {
    await makeDirectory(root);
    await chmod(root, 0o711);
    await writeFile(join(root, '.writable'), '');
    await rm(join(root, '.writable'));
  } catch (thrown) {
    throw new FunadeError(
      'FUN_DATA_DIR_NOT_WRITABLE',
      { dir: root, reason: messageOf(thrown), user: userInfo().username },
      { cause: thrown },
    );
  }
  await takeLock(lock, root);
  const instanceId = await instanceIdOf(root).catch(async (thrown: unknown) => {
    await rm(lock, { force: true });
    throw thrown;
  });
  return {
    path: root,
    instanceId,
    folder: async (...names) => {
      const folder = join(root, ...names);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      return folder;
    },
    release: () => rm(lock, { force: true }),
  };
}

/** The caller has the lock. The file appears whole: a start that dies leaves none, or one that counts. */
async function instanceIdOf(root: string): Promise<string> {
  const file = join(root, 'instance-id');
  const known = await readFile(file, 'utf8').catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code !== 'ENOENT') throw thrown;
    return '';
  });
  if (known.trim() !== '') return known.trim();
  const made = randomUUID();
  await writeFile(`${file}.new`, `${made}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
  return made;
}

/** Node's own recursive mkdir never returns where a parent exists and refuses children with ENOENT, as /proc does. */
async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || dirname(path) === path) throw thrown;
    await makeDirectory(dirname(path));
    await mkdir(path);
  }
}

async function takeLock(lock: string, root: string): Promise<void> {
  const self: Holder = {
    pid: process.pid,
    host: hostname(),
    since: new Date().toISOString(),
    ticks: startTicks(process.pid),
  };
  for (let attempt = 0; attempt < 5; attempt += 1) {
    try {
      const file = await open(lock, 'wx', 0o644);
      await file.writeFile(JSON.stringify(self));
      await file.close();
      return;
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
    }
    const holder = await readHolder(lock);
    if (holder !== undefined && isAlive(holder)) {
      throw new FunadeError('FUN_DATA_DIR_LOCKED', {
        dir: root,
        pid: holder.pid,
        host: holder.host,
        since: holder.since,
      });
    }
    await rm(lock, { force: true });
  }
  throw new FunadeError('FUN_DATA_DIR_LOCKED', { dir: root, pid: 0, host: 'unknown', since: 'just now' });
}

async function readHolder(lock: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(lock, 'utf8')) as Holder;
  } catch {
    return undefined; // half-written by a process that died, or just released
  }
}

function isAlive(holder: Holder): boolean {
  if (holder.pid === process.pid && holder.ticks === startTicks(process.pid)) return true;
  try {
    process.kill(holder.pid, 0);
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
  return holder.ticks === null || holder.ticks === startTicks(holder.pid);
}

function startTicks(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null; // no /proc on this system
  }
}
