import { execFile } from 'node:child_process';
import { mkdir, readFile, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Logger, messageOf } from '../../kernel/index.ts';
import { type ProcessIdentity, findMarked, identify, isRunning, killMarked, send, untilGone } from './processes.ts';

const run = promisify(execFile);
const PATIENCE = 2000;
const NOTE = 'process.json';
/** `<id>.<pid>.<start ticks>` of a box: which server keeps it can be told from the name alone. */
const BOX_NAME = /^(?<id>box_\w+)\.(?<pid>\d+)\.(?<ticks>\d*)$/;

/** Directories of one process, removed with its note. */
export interface Scratch {
  readonly home: string;
  readonly temporary: string;
}

interface Note {
  readonly owner: string;
  readonly leader: ProcessIdentity;
}

/**
 * What runs, on disk: one directory a process, made before the start (then only the marker leads to the process), with a note
 * of the process after it, and with the scratch directories of that process.
 */
export interface Ledger {
  open(id: string): Promise<Scratch>;
  /** Never rejects: without the note the process is still found by its marker. */
  started(id: string, note: Note): Promise<void>;
  /** Removes the directory; never rejects. */
  close(id: string): Promise<void>;
  /** Ends processes whose server is dead; resolves with their number. */
  reap(): Promise<number>;
}

export function createLedger(stateDir: string, logger: Pick<Logger, 'warn'>): Ledger {
  const self = identify(process.pid);
  const suffix = `${self.pid}.${self.ticks ?? ''}`;
  let prepared: Promise<string> | undefined;

  /** The folder of all boxes, by its real path: bubblewrap mounts the scratch directories there. */
  function prepare(): Promise<string> {
    prepared ??= makeFolder(join(stateDir, 'boxes'));
    prepared.catch(() => {
      prepared = undefined; // the next command tries again
    });
    return prepared;
  }

  async function place(id: string): Promise<string> {
    return join(await prepare(), `${id}.${suffix}`);
  }

  async function open(id: string): Promise<Scratch> {
    const box = await place(id);
    const scratch = { home: join(box, 'home'), temporary: join(box, 'tmp') };
    await mkdir(box, { mode: 0o700 });
    await Promise.all([mkdir(scratch.home), mkdir(scratch.temporary)]);
    return scratch;
  }

  async function started(id: string, note: Note): Promise<void> {
    try {
      await writeFile(join(await place(id), NOTE), JSON.stringify(note), { mode: 0o600 });
    } catch (thrown) {
      logger.warn({ id, owner: note.owner, reason: messageOf(thrown) }, 'Process is only known by its marker');
    }
  }

  async function close(id: string): Promise<void> {
    try {
      await removeTree(await place(id));
    } catch (thrown) {
      logger.warn({ id, reason: messageOf(thrown) }, 'Scratch directory stays until the next start');
    }
  }

  async function reap(): Promise<number> {
    const folder = await prepare();
    let ended = 0;
    for (const name of await readdir(folder)) {
      const { id, pid, ticks } = BOX_NAME.exec(name)?.groups ?? {};
      if (id === undefined || isRunning({ pid: Number(pid), ticks: ticks ?? null })) continue;
      const note = await readNote(join(folder, name, NOTE));
      const count = await end(id, note?.leader);
      if (count > 0) logger.warn({ owner: note?.owner, processes: count }, 'Ended what a killed server left running');
      ended += count;
      await removeTree(join(folder, name));
    }
    return ended;
  }

  return { open, started, close, reap };
}

async function makeFolder(path: string): Promise<string> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  return realpath(path);
}

/** Undefined when the server died before the note was complete. */
async function readNote(path: string): Promise<Note | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Note;
  } catch (thrown) {
    if (thrown instanceof SyntaxError || (thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw thrown;
  }
}

async function end(id: string, leader: ProcessIdentity | undefined): Promise<number> {
  const known = leader !== undefined && isRunning(leader) ? leader : undefined;
  const ended = new Set(findMarked(id));
  if (known !== undefined) {
    ended.add(known.pid);
    send(-known.pid, 'SIGKILL');
  }
  for (const pid of await killMarked(id)) ended.add(pid);
  if (known !== undefined) await untilGone(known, PATIENCE);
  return ended.size;
}

/** Programs leave read-only directories behind (package caches), which their owner can't empty as they are. */
async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch {
    await run('chmod', ['-R', 'u+rwx', path]);
    await rm(path, { recursive: true, force: true });
  }
}
