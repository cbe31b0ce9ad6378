import { execFile } from 'node:child_process';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const OTHERS_MAY_ENTER = 0o001;
const PLACES = ['/run', '/var/run', '/tmp'];

/** Makes paths reachable for users who may not enter the directories that lead there, such as `/root`. */
export interface Stage {
  /** The path itself when everyone can go there, else the same file or directory at a place that everyone can reach. */
  reach(path: string): Promise<string>;
}

/**
 * In the private mount namespace of this process: mounts made here are seen by its boxes and by nobody else, and are gone with it.
 */
export function createStage(id: string): Stage {
  const staged = new Map<string, Promise<string>>();
  let root: Promise<string> | undefined;
  let count = 0;

  async function put(path: string): Promise<string> {
    if (await canReach(path)) return path;
    const at = join(await (root ??= prepare(id)), String((count += 1)));
    if ((await stat(path)).isDirectory()) await mkdir(at);
    else await writeFile(at, '');
    await run('mount', ['--bind', path, at]);
    return at;
  }

  return {
    reach: (path) => {
      const known = staged.get(path);
      if (known !== undefined) return known;
      const placed = put(path);
      placed.catch(() => staged.delete(path)); // the next box tries again
      staged.set(path, placed);
      return placed;
    },
  };
}

async function prepare(id: string): Promise<string> {
  for (const place of PLACES) {
    if (!(await canReach(place))) continue;
    const root = join(place, `funade-${id}`);
    await mkdir(root, { recursive: true, mode: 0o755 });
    await run('mount', ['-t', 'tmpfs', '-o', 'mode=0755,size=1m,nosuid,nodev', 'funade', root]);
    return root;
  }
  throw new Error(`no directory that everyone can enter: tried ${PLACES.join(', ')}`);
}

async function canReach(path: string): Promise<boolean> {
  for (let current = dirname(path); ; current = dirname(current)) {
    const { mode } = await stat(current);
    if ((mode & OTHERS_MAY_ENTER) === 0) return false;
    if (current === dirname(current)) return true;
  }
}
