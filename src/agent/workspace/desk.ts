import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Git, type GitCall, type GitResult, LOCAL_TIMEOUT, failure } from '../../git/index.ts';

/**
 * Where Funade's git works on one task: objects in the mirror, an index of the task's own, and the tree, whose `.git` it never looks at.
 * Configuration, hooks and the index are out of the agent's reach.
 */
export interface Desk {
  readonly git: Git;
  readonly gitDir: string;
  /** The task's folder: tree, home and what only Funade touches. */
  readonly folder: string;
  readonly tree: string;
  /** The repository's name, for errors. */
  readonly of: string;
}

/**
 * `work` belongs to the tree and has no submodules: git would look into their folders, and run a git there with the configuration that it
 * finds. `commit` is that of a commit, submodules included. `base` serves the attributes of the base.
 */
export type IndexName = 'work' | 'commit' | 'base';

export function indexFile({ folder }: Desk, name: IndexName): string {
  return join(folder, `index.${name}`);
}

type More = Pick<GitCall, 'input' | 'limit' | 'signal' | 'env'> & { readonly timeout?: number };

/** Git in the mirror alone: without a work tree no attributes of the agent count. */
export function inMirror({ git, gitDir }: Desk, args: readonly string[], more: More = {}): Promise<GitResult> {
  return git({ timeout: LOCAL_TIMEOUT, ...more, args: [`--git-dir=${gitDir}`, ...args] });
}

/** Git with one of the task's indexes and, for `work`, the tree. A lock of a git that was ended does not stop it: nobody else uses these. */
export async function withIndex(
  desk: Desk,
  name: IndexName,
  args: readonly string[],
  more: More = {},
): Promise<GitResult> {
  const file = indexFile(desk, name);
  await rm(`${file}.lock`, { force: true });
  const tree = name === 'work' ? [`--work-tree=${desk.tree}`] : [];
  const env = { ...more.env, GIT_INDEX_FILE: file };
  return inMirror(desk, [...tree, ...args], { ...more, env });
}

/** What is not as it must be is an error: `action` completes "failed to". */
export function sure(desk: Desk, action: string, result: GitResult): GitResult {
  if (result.code !== 0) throw failure(action, desk.of, result);
  return result;
}

export function firstLine(result: GitResult): string {
  return result.stdout.toString('utf8').split('\n')[0] ?? '';
}

/** The tree of a commit. */
export async function treeOf(desk: Desk, commit: string): Promise<string> {
  return firstLine(sure(desk, 'read a commit', await inMirror(desk, ['rev-parse', '--verify', `${commit}^{tree}`])));
}

/** Fields that end with a NUL. */
export function fieldsOf(output: Buffer): readonly Buffer[] {
  const fields: Buffer[] = [];
  let start = 0;
  for (let end = output.indexOf(0); end !== -1; end = output.indexOf(0, start)) {
    fields.push(output.subarray(start, end));
    start = end + 1;
  }
  return fields;
}
