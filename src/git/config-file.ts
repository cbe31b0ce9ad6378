import { randomUUID } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Takes the place of the user's and the system's configuration. `safe.directory`: which repositories are read is decided by
 * who may register applications, and no hook, filter or program of theirs is run. Commits that a force push took away stay for
 * 90 days, since a release or a paused task may still name them. `allowAnySHA1InWant` is for copies that are taken of a mirror.
 */
const CONFIG = `[core]
\thooksPath = /dev/null
\tfsmonitor = false
\tuntrackedCache = false
\texcludesFile = /dev/null
\tattributesFile = /dev/null
[safe]
\tdirectory = *
[protocol "ext"]
\tallow = never
[credential]
\thelper =
[fetch]
\trecurseSubmodules = false
[push]
\trecurseSubmodules = no
[submodule]
\trecurse = false
[diff]
\tignoreSubmodules = all
[uploadpack]
\tallowAnySHA1InWant = true
[gc]
\tautoDetach = false
\tpruneExpire = 90.days.ago
[http]
\tlowSpeedLimit = 1000
\tlowSpeedTime = 60
[advice]
\tdetachedHead = false
`;

/** At once and whole: other gits may be reading it. */
export function writeGitConfig(file: string): Promise<void> {
  return writeWhole(file, CONFIG);
}

/**
 * For pushes: the git that receives on this machine inherits the configuration, and the hooks of a remote are the remote's right. Of the
 * sender's side no hook is run in a mirror, which has none.
 */
export function writePushConfig(file: string): Promise<void> {
  return writeWhole(file, CONFIG.replace(/^\thooksPath.*\n/m, ''));
}

async function writeWhole(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const partial = `${file}.${randomUUID()}`;
  await writeFile(partial, text);
  await rename(partial, file);
}
