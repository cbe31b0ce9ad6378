import { type Desk, fieldsOf, inMirror, sure } from './desk.ts';

const LARGEST_LISTING = 256 * 1024 * 1024;
const ATTRIBUTES_READ = 200;

export interface Gitlink {
  readonly path: Buffer;
  readonly sha: string;
}

/** What a commit has that a checkout of it treats in its own way. */
export interface Survey {
  readonly gitlinks: readonly Gitlink[];
  readonly usesLfs: boolean;
  readonly hasHooks: boolean;
}

/** Where tools keep hooks that a person would have run before a commit. */
const HOOKS = /^(?:\.husky\/|\.githooks\/|\.pre-commit-config\.yaml$|\.?lefthook\.ya?ml$)/;

export async function survey(desk: Desk, commit: string): Promise<Survey> {
  const listed = sure(
    desk,
    'list the files',
    await inMirror(desk, ['ls-tree', '-r', '-z', commit], { limit: LARGEST_LISTING }),
  );
  const gitlinks: Gitlink[] = [];
  const attributes: string[] = [];
  let hasHooks = false;
  for (const field of fieldsOf(listed.stdout)) {
    const tab = field.indexOf('\t');
    const [mode = '', , sha = ''] = field.subarray(0, tab).toString('latin1').split(' ');
    const path = field.subarray(tab + 1);
    const name = path.toString('utf8');
    if (mode === '160000') gitlinks.push({ path, sha });
    else if (/(?:^|\/)\.gitattributes$/.test(name)) attributes.push(sha);
    else if (HOOKS.test(name)) hasHooks = true;
  }
  return { gitlinks, usesLfs: await mentionsLfs(desk, attributes.slice(0, ATTRIBUTES_READ)), hasHooks };
}

async function mentionsLfs(desk: Desk, blobs: readonly string[]): Promise<boolean> {
  if (blobs.length === 0) return false;
  const read = await inMirror(desk, ['cat-file', '--batch'], { input: `${blobs.join('\n')}\n` });
  return /\bfilter=lfs\b/.test(sure(desk, 'read attributes', read).stdout.toString('utf8'));
}
