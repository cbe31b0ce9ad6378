import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../kernel/index.ts';
import type { Git } from './git.ts';
import { LOCAL_TIMEOUT, failure } from './result.ts';

/** A new bare repository, whole or not at all. `of`: what it is for, in errors. */
export async function makeBare(git: Git, path: string, of: string): Promise<void> {
  const partial = `${path}.${process.pid}.partial`;
  await rm(partial, { recursive: true, force: true });
  const args = ['init', '--quiet', '--bare', '--template=', '--initial-branch=main', partial];
  const result = await git({ args, timeout: LOCAL_TIMEOUT });
  if (result.code !== 0) throw failure('make a mirror', of, result);
  await rename(partial, path);
}

const LOCKS_OF_OBJECTS = ['objects/maintenance.lock'];

/** A git that was killed leaves its locks behind and no later one gets past them. Only where no other git writes its refs. */
export async function removeStaleLocks(path: string, logger: Logger): Promise<void> {
  for (const lock of await locksIn(path)) {
    await rm(join(path, lock), { force: true });
    logger.warn({ mirror: path, lock }, 'Removed a lock that a killed git left behind');
  }
}

/** The folders of objects are many, and git takes no lock in them but one. */
async function locksIn(path: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.name === 'objects') continue;
    const below = entry.isDirectory() ? await readdir(join(path, entry.name), { recursive: true }) : [];
    found.push(
      ...[entry.name, ...below.map((name) => join(entry.name, name))].filter((name) => name.endsWith('.lock')),
    );
  }
  for (const lock of LOCKS_OF_OBJECTS) {
    if ((await stat(join(path, lock)).catch(() => undefined)) !== undefined) found.push(lock);
  }
  return found;
}
