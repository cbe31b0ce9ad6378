import type { Stats } from 'node:fs';
import { chmod, copyFile, lstat, readFile, readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { FunadeError } from '../../kernel/index.ts';
import { type Desk, fieldsOf, firstLine, indexFile, sure, withIndex } from './desk.ts';
import { below, isFolder, openUp } from './folders.ts';
import type { Gitlink } from './survey.ts';

const STAGE_TIMEOUT = 300_000;
/** Beyond these nobody meant it: a folder of packages that is not ignored, a file that grew without end. */
const MOST_FILES = 20_000;
const MOST_BYTES = 512 * 1024 * 1024;
const NO_OBJECT = '0'.repeat(40);
const NUL = Buffer.from([0]);

export interface Staged {
  /** Tree of what is there, with the submodules of the head as they were. */
  readonly tree: string;
  /** Repositories that the agent has made, and submodules that it has changed. Not in `tree`. */
  readonly foreign: readonly string[];
}

/** Brings the index to what the tree has, as `git add --all` would, and writes that as a tree of the mirror. */
export async function stage(desk: Desk, gitlinks: readonly Gitlink[]): Promise<Staged> {
  await openUp(desk.tree);
  const { adds, removals, nested } = await look(desk, await differing(desk, gitlinks));
  if (removals.length > 0) await forget(desk, 'work', removals);
  if (adds.length > 0) {
    const input = joined(adds);
    const args = ['update-index', '-z', '--add', '--remove', '--replace', '--stdin'];
    sure(desk, 'read the tree', await withIndex(desk, 'work', args, { input, timeout: STAGE_TIMEOUT }));
  }
  const changed = await changedSubmodules(desk, gitlinks);
  return { tree: await writeTree(desk, gitlinks), foreign: [...nested, ...changed] };
}

/** Takes paths out of an index; the tree is not looked at. */
export async function forget(desk: Desk, index: 'work' | 'commit', paths: readonly Buffer[]): Promise<void> {
  const input = joined(paths.map((path) => Buffer.concat([Buffer.from(`0 ${NO_OBJECT}\t`), path])));
  sure(
    desk,
    'change the index',
    await withIndex(desk, index, ['update-index', '-z', '--index-info'], { input, timeout: STAGE_TIMEOUT }),
  );
}

/** Paths that are new, changed or gone; submodules are looked at elsewhere. A nested repository is one path with a slash at its end. */
async function differing(desk: Desk, gitlinks: readonly Gitlink[]): Promise<readonly Buffer[]> {
  const args = ['ls-files', '-z', '--others', '--modified', '--deleted', '--exclude-standard'];
  const listed = await withIndex(desk, 'work', args, { timeout: STAGE_TIMEOUT });
  if (listed.truncated) throw tooLarge(desk, 'too many files are new');
  sure(desk, 'list what has changed', listed);
  const seen = new Map(fieldsOf(listed.stdout).map((path) => [path.toString('latin1'), path]));
  for (const { path } of gitlinks) {
    const own = path.toString('latin1');
    for (const name of seen.keys()) if (name === own || name.startsWith(`${own}/`)) seen.delete(name);
  }
  if (seen.size > MOST_FILES) throw tooLarge(desk, `${seen.size} files differ`);
  return [...seen.values()];
}

interface Found {
  readonly adds: readonly Buffer[];
  readonly removals: readonly Buffer[];
  readonly nested: readonly string[];
}

async function look(desk: Desk, paths: readonly Buffer[]): Promise<Found> {
  const root = Buffer.from(desk.tree);
  const isBeyondLink = linkFinder(root);
  const adds: Buffer[] = [];
  const removals: Buffer[] = [];
  const nested: string[] = [];
  let bytes = 0;
  for (const path of paths) {
    if (path.at(-1) === 0x2f) {
      nested.push(path.subarray(0, -1).toString('utf8'));
      continue;
    }
    const place = below(root, path);
    const stats = await lstat(place).catch(() => undefined);
    if (stats === undefined || !(stats.isFile() || stats.isSymbolicLink()) || (await isBeyondLink(path))) {
      removals.push(path); // gone, or a directory, FIFO or socket stands in its place, or a link in that of a folder of it
      continue;
    }
    bytes += stats.size;
    if (bytes > MOST_BYTES) throw tooLarge(desk, `what has changed is more than ${MOST_BYTES / 1024 / 1024} MB`);
    await makeReadable(place, stats);
    adds.push(path);
  }
  return { adds, removals, nested };
}

/** Whether a folder of the path is a link: what is behind it is not in the tree. */
function linkFinder(root: Buffer): (path: Buffer) => Promise<boolean> {
  const known = new Map<string, boolean>();
  async function isBeyondLink(path: Buffer): Promise<boolean> {
    const slash = path.lastIndexOf('/');
    if (slash === -1) return false;
    const folder = path.subarray(0, slash);
    const name = folder.toString('latin1');
    const answer = known.get(name) ?? ((await isLink(below(root, folder))) || (await isBeyondLink(folder)));
    known.set(name, answer);
    return answer;
  }
  return isBeyondLink;
}

async function isLink(place: Buffer): Promise<boolean> {
  return (await lstat(place).catch(() => undefined))?.isSymbolicLink() === true;
}

async function makeReadable(place: Buffer, stats: Stats): Promise<void> {
  if (!stats.isFile() || (stats.mode & 0o400) !== 0) return;
  await chmod(place, (stats.mode & 0o777) | 0o400).catch(() => {}); // git tells if it can't read it
}

function tooLarge(desk: Desk, detail: string): FunadeError {
  return new FunadeError('FUN_WORKSPACE', { project: desk.of, reason: 'diff_too_large', detail });
}

async function writeTree(desk: Desk, gitlinks: readonly Gitlink[]): Promise<string> {
  if (gitlinks.length === 0)
    return firstLine(sure(desk, 'write a tree', await withIndex(desk, 'work', ['write-tree'])));
  await copyFile(indexFile(desk, 'work'), indexFile(desk, 'commit'));
  const input = joined(gitlinks.map(({ path, sha }) => Buffer.concat([Buffer.from(`160000 ${sha}\t`), path])));
  const args = ['update-index', '--add', '--replace', '-z', '--index-info'];
  sure(desk, 'keep the submodules', await withIndex(desk, 'commit', args, { input }));
  return firstLine(sure(desk, 'write a tree', await withIndex(desk, 'commit', ['write-tree'])));
}

async function changedSubmodules(desk: Desk, gitlinks: readonly Gitlink[]): Promise<readonly string[]> {
  const changed: string[] = [];
  for (const { path, sha } of gitlinks) {
    const name = path.toString('utf8');
    if (!(await isAsItWas(desk, join(desk.tree, name), sha))) changed.push(name);
  }
  return changed;
}

/** A submodule is empty, as it was checked out, or the agent has fetched just the commit that belongs there. */
async function isAsItWas(desk: Desk, folder: string, sha: string): Promise<boolean> {
  if (!(await isFolder(folder))) return false;
  const names = await readdir(folder);
  if (names.length === 0) return true;
  return names.includes('.git') && (await headIn(desk, join(folder, '.git'))) === sha;
}

const SMALL = 4096;

/** Reads as data what a `.git` says is checked out; nothing outside the tree. Undefined where that is no commit id. */
async function headIn(desk: Desk, dotGit: string): Promise<string | undefined> {
  const target = (await isFolder(dotGit))
    ? dotGit
    : join(dotGit, '..', /^gitdir: (.+)/.exec(await smallFile(desk, dotGit))?.[1] ?? '');
  return /^[0-9a-f]{40,64}/.exec(await smallFile(desk, join(target, 'HEAD')))?.[0];
}

async function smallFile(desk: Desk, path: string): Promise<string> {
  const root = await realpath(desk.tree);
  const real = await realpath(path).catch(() => '');
  if (!real.startsWith(`${root}/`)) return '';
  const stats = await lstat(real);
  return stats.isFile() && stats.size <= SMALL ? readFile(real, 'utf8') : '';
}

function joined(fields: readonly Buffer[]): Buffer {
  return Buffer.concat(fields.flatMap((field) => [field, NUL]));
}
