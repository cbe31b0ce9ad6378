import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Paths for what is not finished yet. Nothing stays there: neither after a failure nor, from the next start on, after a kill. */
export interface Drafts {
  /** Makes the directory and removes what killed processes left in it; once, unless it failed. `use` calls it. */
  prepare(): Promise<void>;
  /** Hands a free path to `work`; what is there when `work` ends is removed. What `work` moved elsewhere stays. */
  use<T>(work: (path: string) => Promise<T>): Promise<T>;
}

/** `directory` belongs to drafts alone; `mode` are its permission bits, whatever the umask is. */
export function createDrafts(directory: string, mode: number): Drafts {
  let prepared: Promise<void> | undefined;

  function prepare(): Promise<void> {
    prepared ??= makeDirectory();
    prepared.catch(() => {
      prepared = undefined; // the next call tries again
    });
    return prepared;
  }

  async function makeDirectory(): Promise<void> {
    await mkdir(directory, { recursive: true });
    await chmod(directory, mode);
    for (const name of await readdir(directory)) if (isAbandoned(name)) await removeTree(join(directory, name));
  }

  async function use<T>(work: (path: string) => Promise<T>): Promise<T> {
    await prepare();
    const path = join(directory, `${process.pid}-${randomBytes(6).toString('hex')}`);
    try {
      return await work(path);
    } finally {
      await removeTree(path);
    }
  }

  return { prepare, use };
}

/** A draft of a process that no longer runs. */
function isAbandoned(name: string): boolean {
  const pid = Number(name.split('-')[0]);
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** Its directories may be read-only: whoever is not root has to make them writable before they can be emptied. */
async function removeTree(path: string): Promise<void> {
  if (!(await isDirectory(path))) return;
  await chmod(path, 0o700);
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeTree(join(path, entry.name));
  }
  await rm(path, { recursive: true, force: true });
}

export async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
}
