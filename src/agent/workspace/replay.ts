import { lines } from '../../git/index.ts';
import { type Desk, fieldsOf, inMirror, sure, treeOf } from './desk.ts';
import { type Author, record } from './record.ts';

const MERGE_TIMEOUT = 120_000;
const SHOWN = 10;

export type Replayed =
  | { readonly kind: 'applied'; readonly head: string }
  /** Files in which both changed the same. */
  | { readonly kind: 'conflict'; readonly paths: readonly string[] };

/** Applies the commits from `start` (without) to `head`, all of ours, on top of `onto`; those that are there already fall away. No tree is touched. */
export async function replay(desk: Desk, start: string, head: string, onto: string): Promise<Replayed> {
  const listed = await inMirror(desk, ['rev-list', '--reverse', '--first-parent', head, `^${start}`]);
  let top = onto;
  for (const commit of lines(sure(desk, 'list commits', listed))) {
    const merged = await apply(desk, commit, top);
    if (merged.kind === 'conflict') return merged;
    if (merged.tree === (await treeOf(desk, top))) continue;
    top = await record(desk, { ...(await read(desk, commit)), tree: merged.tree, parents: [top] });
  }
  return { kind: 'applied', head: top };
}

type Merged = { readonly kind: 'merged'; readonly tree: string } | Extract<Replayed, { kind: 'conflict' }>;

/**
 * `git merge-tree` of git 2.39 can't be told a merge base: it finds the one that two commits made for it share.
 */
async function apply(desk: Desk, commit: string, onto: string): Promise<Merged> {
  const common = await stepOf(desk, `${commit}^`, []);
  const theirs = await stepOf(desk, onto, [common]);
  const ours = await stepOf(desk, commit, [common]);
  const args = ['merge-tree', '--write-tree', '--no-messages', '--name-only', '-z', theirs, ours];
  const result = await inMirror(desk, args, { timeout: MERGE_TIMEOUT });
  if (result.code !== 0 && result.code !== 1) sure(desk, 'rebase', result);
  const [tree, ...paths] = fieldsOf(result.stdout).map((field) => field.toString('utf8'));
  if (result.code === 0) return { kind: 'merged', tree: tree ?? '' };
  return { kind: 'conflict', paths: paths.filter(Boolean).slice(0, SHOWN) };
}

async function stepOf(desk: Desk, commit: string, parents: readonly string[]): Promise<string> {
  const author = { name: 'Funade', email: 'rebase@funade.invalid' };
  return record(desk, { tree: await treeOf(desk, commit), parents, message: 'rebase', author, date: '@0 +0000' });
}

async function read(
  desk: Desk,
  commit: string,
): Promise<{ readonly author: Author; readonly date: string; readonly message: string }> {
  const text = sure(desk, 'read a commit', await inMirror(desk, ['cat-file', 'commit', commit])).stdout.toString(
    'utf8',
  );
  const [, name = '', email = '', date = ''] = /^author (.*?) ?<(.*)> (\d+ [+-]\d+)$/m.exec(text) ?? [];
  return { author: { name, email }, date: `@${date}`, message: text.slice(text.indexOf('\n\n') + 2) };
}
