import { lstat, readdir, readlink } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import { FunadeError } from '../../kernel/index.ts';

export const MAX_FILES = 20_000;
export const MAX_BYTES = 250 * 1024 * 1024;
/** Repository data is no part of what is deployed. */
const EXCLUDED = new Set(['.git']);

/** What a tree holds, by paths relative to its root with `/` between names. */
export type Entry =
  | { readonly kind: 'file'; readonly path: string; readonly bytes: number; readonly executable: boolean }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  /** Only directories that hold nothing; the others follow from their files. */
  | { readonly kind: 'empty-directory'; readonly path: string };

export interface TreeLimits {
  /** Files, links and empty directories. */
  readonly files: number;
  /** Of all files together. */
  readonly bytes: number;
}

/** Which symbolic links a tree may have: those that stay in it, or none. */
export type Links = 'inside' | 'refused';

/**
 * Lists a tree in an order that does not depend on the system's language. Throws `FUN_ARTIFACT_REFUSED` for what can't be part
 * of an artifact and `FUN_ARTIFACT_TOO_LARGE` as soon as a limit is passed.
 */
export async function listTree(root: string, limits: TreeLimits, links: Links): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  let bytes = 0;

  async function visit(directory: string): Promise<void> {
    const names = (await readdir(join(root, directory))).filter((name) => !EXCLUDED.has(name));
    if (names.length === 0 && directory !== '') add({ kind: 'empty-directory', path: directory });
    for (const name of names) {
      const path = directory === '' ? name : `${directory}/${name}`;
      if (name.includes('\u{FFFD}')) throw refused(path, 'its name is not valid UTF-8');
      const facts = await lstat(join(root, path));
      if (facts.isDirectory()) await visit(path);
      else if (facts.isFile()) add({ kind: 'file', path, bytes: facts.size, executable: (facts.mode & 0o100) !== 0 });
      else if (facts.isSymbolicLink()) add({ kind: 'link', path, target: await targetOf(path) });
      else throw refused(path, 'it is neither a file, a directory nor a symbolic link');
    }
  }

  async function targetOf(path: string): Promise<string> {
    if (links === 'refused') throw refused(path, 'it is a link, and nothing here may be one');
    return readInnerLink(root, path);
  }

  function add(entry: Entry): void {
    entries.push(entry);
    if (entry.kind === 'file') bytes += entry.bytes;
    if (entries.length > limits.files) throw tooLarge(`${limits.files} files`);
    if (bytes > limits.bytes) throw tooLarge(`${Math.round(limits.bytes / 1024 / 1024)} MB`);
  }

  await visit('');
  return entries.sort((left, right) => (left.path < right.path ? -1 : 1));
}

/**
 * The target of a link that stays in the tree wherever the tree is put. `..` is allowed at the beginning only: behind a name
 * that is itself a link it would count from elsewhere, and the path could leave although it looks as if it did not.
 */
async function readInnerLink(root: string, path: string): Promise<string> {
  const target = await readlink(join(root, path));
  if (isAbsolute(target)) throw refused(path, `it is a link to the absolute path ${target}`);
  const names = target.split('/').filter((name) => name !== '' && name !== '.');
  const down = names.slice(names.findIndex((name) => name !== '..'));
  if (down.includes('..') && names.some((name) => name !== '..')) {
    throw refused(path, `its target ${target} goes up again after going down`);
  }
  const reached = normalize(join(dirname(path), target));
  if (reached === '..' || reached.startsWith('../'))
    throw refused(path, `it is a link to ${target}, outside the directory`);
  return target;
}

export function refused(path: string, reason: string): FunadeError {
  return new FunadeError('FUN_ARTIFACT_REFUSED', { path, reason });
}

export function tooLarge(limit: string): FunadeError {
  return new FunadeError('FUN_ARTIFACT_TOO_LARGE', { limit });
}
