import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, rmdir, stat, utimes } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import type { Clock } from '../../kernel/index.ts';
import { createDrafts } from '../../store/index.ts';

/** Milliseconds after its last use. */
const KEPT = 30 * 86_400_000;
const DRAFTS = 'drafts';
const PROGRAM = 'program';

/**
 * What was compiled: `{key}/{making}/program`, and what else belongs to it beside. The key names what it was made of. A path is
 * never used twice: boxes keep mounts by their path, so one that came back would be what was removed. Several servers may share
 * the directory.
 */
export interface BuildShelf {
  /** The program with this key, which counts as used now; null when there is none. */
  find(key: string): Promise<string | null>;
  /** A file for a program with this key that is to be made. */
  place(key: string): string;
  /** Removes the directory of a program that could not be made. */
  giveUp(file: string): Promise<void>;
  holds(file: string): boolean;
  /** Whether it is there. If so, it counts as used now. */
  use(file: string): Promise<boolean>;
  readonly drafts: ReturnType<typeof createDrafts>;
  /** Removes what nobody used for 30 days; whoever needs it again compiles it again. */
  prune(): Promise<void>;
}

export function createBuildShelf(directory: string, clock: Clock): BuildShelf {
  const drafts = createDrafts(join(directory, DRAFTS), 0o755);

  async function use(file: string): Promise<boolean> {
    const now = new Date(clock.now());
    return utimes(file, now, now).then(() => true, unlessMissing(false));
  }

  async function find(key: string): Promise<string | null> {
    for (const making of await readdir(join(directory, key)).catch(unlessMissing([]))) {
      const file = join(directory, key, making, PROGRAM);
      if (await use(file)) return file;
    }
    return null;
  }

  /** Moved away before it is removed: who looks for it finds all of it or nothing. */
  async function removeUnused(path: string, oldest: number): Promise<void> {
    if ((await usedAt(path)) > oldest) return;
    await drafts.use(async (draft) => {
      await rename(path, draft);
      if ((await usedAt(draft)) > oldest) await rename(draft, path); // somebody took it up meanwhile
      else await rm(draft, { recursive: true, force: true });
    });
  }

  async function pruneKey(key: string, oldest: number): Promise<void> {
    for (const making of await readdir(key)) await removeUnused(join(key, making), oldest);
    await rmdir(key).catch(() => {}); // not empty
  }

  return {
    find,
    place: (key) => join(directory, key, randomBytes(6).toString('hex'), PROGRAM),
    giveUp: async (file) => {
      await rm(dirname(file), { recursive: true, force: true });
      await rmdir(dirname(dirname(file))).catch(() => {}); // another server has made it
    },
    holds: (file) => file.startsWith(`${directory}${sep}`),
    use,
    drafts,
    prune: async () => {
      await mkdir(directory, { recursive: true });
      const oldest = clock.now() - KEPT;
      for (const key of await readdir(directory)) {
        if (key !== DRAFTS) await pruneKey(join(directory, key), oldest).catch(unlessMissing(undefined)); // another server was faster
      }
    },
  };
}

/** Of what has no program, when it was begun. */
async function usedAt(path: string): Promise<number> {
  const program = await stat(join(path, PROGRAM)).catch(() => null);
  return (program ?? (await stat(path))).mtimeMs;
}

function unlessMissing<T>(value: T): (thrown: unknown) => T {
  return (thrown) => {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw thrown;
    return value;
  };
}
