import { lines } from '../../git/index.ts';
import { type Desk, firstLine, inMirror, sure, treeOf } from './desk.ts';
import { record } from './record.ts';

const COMPARE_TIMEOUT = 120_000;
const AUTHOR = { name: 'Funade', email: 'agent@funade.invalid' } as const;

export interface Tips {
  readonly base: string;
  readonly branch: string;
}

/** Whether the base has all that the branch brought, as it is: its change was merged. */
export async function isMerged(desk: Desk, { base, branch }: Tips): Promise<boolean> {
  const compared = await inMirror(desk, ['merge-base', '--is-ancestor', branch, base]);
  if (compared.code === 1) return false;
  sure(desk, 'compare commits', compared);
  return true;
}

/** Whether the base has it in other commits: squashed into one, or each of them rebased. */
export async function isCopied(desk: Desk, tips: Tips): Promise<boolean> {
  const { base, branch } = tips;
  const found = await inMirror(desk, ['merge-base', base, branch]);
  if (found.code === 1) return false; // they have nothing in common
  const fork = firstLine(sure(desk, 'compare commits', found));
  const tree = await treeOf(desk, branch);
  const squashed = await record(desk, { tree, parents: [fork], message: 'squashed', author: AUTHOR, date: '@0 +0000' });
  return (await isKnown(desk, base, squashed)) || isKnown(desk, base, branch);
}

/** Whether for each commit that the base lacks there is one in it that changes the same. */
async function isKnown(desk: Desk, base: string, commit: string): Promise<boolean> {
  const compared = await inMirror(desk, ['cherry', base, commit], { timeout: COMPARE_TIMEOUT });
  const told = lines(sure(desk, 'compare commits', compared));
  return told.length > 0 && told.every((line) => line.startsWith('- '));
}

/** A commit that goes on from both and has the files of the base; the same each time it is made. */
export async function joined(desk: Desk, { base, branch }: Tips): Promise<string> {
  const dated = await inMirror(desk, ['show', '-s', '--format=%ct', base]);
  return record(desk, {
    tree: await treeOf(desk, base),
    parents: [branch, base],
    message: 'Go on from the base, which has this work already',
    author: AUTHOR,
    date: `@${firstLine(sure(desk, 'read a commit', dated))} +0000`,
  });
}
