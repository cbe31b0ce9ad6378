import { lstat, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Contents in base64 by path. */
export type SmallTree = Readonly<Record<string, string>>;

export interface SmallTrees {
  /** Null when the tree has more than `limit` bytes, holds links, or is not there. */
  read(digest: string, limit: number): Promise<SmallTree | null>;
}

interface Known {
  /** See `list`; of a tree that was too large only what was counted until then. */
  readonly bytes: number;
  readonly tree: SmallTree | null;
  /** Bytes of memory, about. */
  readonly weight: number;
}

const OVERHEAD = 256;

/** Reads trees that never change, and keeps those used last in memory: `capacity` bytes of them. */
export function createSmallTrees(locate: (digest: string) => Promise<string | null>, capacity: number): SmallTrees {
  const known = new Map<string, Known>(); // in the order of their last use
  let held = 0;

  async function read(digest: string, limit: number): Promise<SmallTree | null> {
    const hit = known.get(digest);
    if (hit !== undefined && (hit.tree !== null || limit < hit.bytes)) {
      keep(digest, hit);
      return limit < hit.bytes ? null : hit.tree;
    }
    const directory = await locate(digest);
    const found = directory === null ? null : await load(directory, limit);
    if (found === null) return null;
    keep(digest, found);
    return found.tree;
  }

  function keep(digest: string, found: Known): void {
    forget(digest);
    if (found.weight > capacity) return;
    known.set(digest, found);
    held += found.weight;
    for (const oldest of known.keys()) {
      if (held <= capacity) return;
      forget(oldest);
    }
  }

  function forget(digest: string): void {
    held -= known.get(digest)?.weight ?? 0;
    known.delete(digest);
  }

  return { read };
}

/** Null when the tree was removed meanwhile. */
async function load(directory: string, limit: number): Promise<Known | null> {
  try {
    const { paths, bytes } = await list(directory, limit);
    if (bytes > limit) return { bytes, tree: null, weight: OVERHEAD };
    const contents: [string, string][] = [];
    for (const path of paths) contents.push([path, await readFile(join(directory, path), 'base64')]);
    const weight = contents.reduce((sum, [path, text]) => sum + OVERHEAD + path.length * 2 + text.length, OVERHEAD);
    return { bytes, tree: Object.freeze(Object.fromEntries(contents)), weight };
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw thrown;
  }
}

/**
 * Files in order, and how large the tree is: the bytes of contents or of names, whichever is more. Ends as soon as that is too
 * much. What is neither file nor directory can't be told this way: such a tree counts as endless.
 */
async function list(
  root: string,
  limit: number,
): Promise<{ readonly paths: readonly string[]; readonly bytes: number }> {
  const paths: string[] = [];
  const directories = [''];
  let [contents, names] = [0, 0];
  for (let directory = directories.pop(); directory !== undefined; directory = directories.pop()) {
    for (const entry of await readdir(join(root, directory), { withFileTypes: true })) {
      const path = directory === '' ? entry.name : `${directory}/${entry.name}`;
      if (!entry.isDirectory() && !entry.isFile()) return { paths, bytes: Number.POSITIVE_INFINITY };
      names += Buffer.byteLength(path);
      if (entry.isDirectory()) directories.push(path);
      else {
        paths.push(path);
        contents += (await lstat(join(root, path))).size;
      }
      if (Math.max(contents, names) > limit) return { paths, bytes: Math.max(contents, names) };
    }
  }
  return { paths: paths.sort(), bytes: Math.max(contents, names) };
}
