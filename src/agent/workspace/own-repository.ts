import { appendFile, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { inMirror, type Desk, sure } from './desk.ts';
import { removeFolder } from './folders.ts';

const COPY_TIMEOUT = 300_000;
/** Commits of history that the agent gets to see. */
const DEPTH = 20;
const IDENTITY = `[user]
\tname = Funade agent
\temail = agent@funade.invalid
[commit]
\tgpgSign = false
`;

export interface OwnRepository {
  readonly branch: string;
  readonly head: string;
  readonly base: { readonly branch: string; readonly sha: string };
}

/**
 * Gives the tree a `.git` that is the agent's alone: copies of the objects, no remote, an identity, the branch checked out. Made beside
 * the tree and moved in, so that no git of ours is at work where the agent could have put something.
 */
export async function giveOwnRepository(desk: Desk, wanted: OwnRepository, signal: AbortSignal): Promise<void> {
  const workshop = join(desk.folder, 'own');
  const gitDir = join(workshop, '.git');
  await removeFolder(workshop);
  await mkdir(workshop, { recursive: true });
  const init = ['init', '--quiet', '--template=', `--initial-branch=${wanted.branch}`, workshop];
  sure(desk, 'make the agent’s repository', await desk.git({ args: init, timeout: COPY_TIMEOUT, signal }));
  const own: Desk = { ...desk, gitDir };
  const flags = ['--quiet', '--no-tags', '--no-write-fetch-head', '--update-head-ok', `--depth=${DEPTH}`];
  const fetch = ['fetch', ...flags, '--', desk.gitDir, ...refspecs(wanted)];
  sure(desk, 'copy the history', await inMirror(own, fetch, { timeout: COPY_TIMEOUT, signal }));
  sure(desk, 'fill the agent’s index', await inMirror(own, ['read-tree', wanted.head], { signal }));
  await appendFile(join(gitDir, 'config'), IDENTITY);
  await removeFolder(join(desk.tree, '.git'), desk.folder); // whatever the agent has made of it: folder, file, link, FIFO
  await rename(gitDir, join(desk.tree, '.git'));
  await rm(workshop, { recursive: true, force: true });
}

/** The base is there to compare with, unless the two names can't stand side by side. */
function refspecs({ branch, head, base }: OwnRepository): readonly string[] {
  const isApart = !`${branch}/`.startsWith(`${base.branch}/`) && !`${base.branch}/`.startsWith(`${branch}/`);
  const refs = [`${head}:refs/heads/${branch}`];
  return isApart ? [...refs, `${base.sha}:refs/heads/${base.branch}`] : refs;
}
