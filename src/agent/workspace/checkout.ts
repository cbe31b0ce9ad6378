import { mkdir, rm } from 'node:fs/promises';
import { type Desk, firstLine, indexFile, sure, withIndex } from './desk.ts';
import { removeFolder } from './folders.ts';
import { forget } from './stage.ts';
import type { Gitlink } from './survey.ts';

const CHECKOUT_TIMEOUT = 300_000;

/** A new tree with exactly the files of a commit; submodules are empty folders. */
export async function checkOut(
  desk: Desk,
  commit: string,
  gitlinks: readonly Gitlink[],
  signal: AbortSignal,
): Promise<void> {
  await removeFolder(desk.tree);
  await mkdir(desk.tree, { recursive: true });
  await rm(indexFile(desk, 'work'), { force: true });
  const args = ['read-tree', '--reset', '-u', commit];
  sure(desk, 'check out', await withIndex(desk, 'work', args, { timeout: CHECKOUT_TIMEOUT, signal }));
  await forgetGitlinks(desk, 'work', gitlinks);
}

export interface Move {
  readonly commit: string;
  readonly gitlinks: readonly Gitlink[];
}

/** Brings tree and index from one commit to another. False, and nothing is moved, where a file in the way has changed since. */
export async function follow(desk: Desk, from: Move, to: Move): Promise<boolean> {
  await withIndex(desk, 'work', ['update-index', '-q', '--refresh'], { timeout: CHECKOUT_TIMEOUT }); // tells by its code what differs
  const trees = [await withoutGitlinks(desk, from), await withoutGitlinks(desk, to)];
  const moved = await withIndex(desk, 'work', ['read-tree', '-m', '-u', ...trees], { timeout: CHECKOUT_TIMEOUT });
  return moved.code === 0;
}

async function withoutGitlinks(desk: Desk, { commit, gitlinks }: Move): Promise<string> {
  if (gitlinks.length === 0) return `${commit}^{tree}`;
  sure(desk, 'read a tree', await withIndex(desk, 'commit', ['read-tree', commit]));
  await forgetGitlinks(desk, 'commit', gitlinks);
  return firstLine(sure(desk, 'write a tree', await withIndex(desk, 'commit', ['write-tree'])));
}

async function forgetGitlinks(desk: Desk, index: 'work' | 'commit', gitlinks: readonly Gitlink[]): Promise<void> {
  if (gitlinks.length === 0) return;
  await forget(
    desk,
    index,
    gitlinks.map(({ path }) => path),
  );
}
