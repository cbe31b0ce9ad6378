import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { chmod, lstat, readdir, rename, rm, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const SLASH = Buffer.from('/');
const DOT_GIT = '.git';
/** git opens these wherever they are; opening a FIFO waits until somebody writes to it. */
const READ_BY_GIT = new Set(['.gitignore', '.gitattributes', '.gitmodules']);

/** Names are bytes: an agent may make files whose names are no UTF-8. */
export function below(directory: Uint8Array, name: Uint8Array): Buffer {
  return Buffer.concat([directory, SLASH, name]);
}

/**
 * Lets us into every directory of a tree again, whatever their rights, and takes away special files that git would wait for.
 * Follows no link, and leaves every `.git` alone unless told otherwise.
 */
export async function openUp(tree: string, { all = false }: { readonly all?: boolean } = {}): Promise<void> {
  const pending: Buffer[] = [Buffer.from(tree)];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const entry of await entriesOf(next)) {
      const name = entry.name.toString('latin1');
      if (name === DOT_GIT && !all) continue;
      if (entry.isDirectory()) pending.push(below(next, entry.name));
      else if (READ_BY_GIT.has(name) && !entry.isFile() && !entry.isSymbolicLink())
        await unlink(below(next, entry.name));
    }
  }
}

async function entriesOf(directory: Buffer): Promise<readonly Dirent<Buffer>[]> {
  try {
    const { mode } = await lstat(directory);
    if ((mode & 0o700) !== 0o700) await chmod(directory, (mode & 0o777) | 0o700);
    return await readdir(directory, { withFileTypes: true, encoding: 'buffer' });
  } catch (thrown) {
    if (isPassable(thrown)) return [];
    throw thrown;
  }
}

/** Gone meanwhile, deeper than a path can be, or somebody else's: git can't read it either, and says so by leaving it out. */
function isPassable(thrown: unknown): boolean {
  const { code } = thrown as NodeJS.ErrnoException;
  return ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'EACCES', 'EPERM'].includes(code ?? '');
}

/**
 * Removes what an agent left: read-only directories, paths that are too long for one call. It is out of the way at once, also for
 * whoever looks while it is being removed: in `aside`, a folder on the same disk. What is not there is no error.
 */
export async function removeFolder(path: string, aside: string = dirname(path)): Promise<void> {
  const doomed = join(aside, `${REMOVING}${basename(path)}.${randomUUID().slice(0, 8)}`);
  try {
    await moveAside(path, doomed);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw thrown;
  }
  await removeDoomed(doomed);
}

async function moveAside(path: string, doomed: string): Promise<void> {
  try {
    await rename(path, doomed);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EACCES') throw thrown;
    await openUp(path, { all: true }); // a directory that can't be written can't get another parent
    await rename(path, doomed);
  }
}

/** Begins the names of folders that are being removed. */
export const REMOVING = '.removing-';

export async function removeDoomed(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch {
    await openUp(path, { all: true });
    await run('rm', ['-rf', '--', path]);
  }
}

export async function isFolder(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isDirectory() === true;
}
