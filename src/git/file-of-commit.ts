import { posix } from 'node:path';
import type { Git } from './git.ts';
import { LOCAL_TIMEOUT, failure } from './result.ts';

export interface FilePlace {
  /** The repository itself, bare or a `.git`. */
  readonly gitDir: string;
  /** What the repository is called in errors. */
  readonly of: string;
  /** Of a commit or tree that is there. */
  readonly sha: string;
  readonly path: string;
}

const HEAD_LINE = 256;

/**
 * Content of a file at a commit; links inside the repository are followed, none that leads out of it. Null when there is no such
 * file, or it has more than `limit` bytes.
 */
export async function readFileOfCommit(
  git: Git,
  { gitDir, of, sha, path }: FilePlace,
  limit?: number,
): Promise<Buffer | null> {
  const inside = posix.normalize(path);
  if (inside.startsWith('/') || /^\.\.?(?:\/|$)/.test(inside) || inside.includes('\n')) return null;
  const args = [`--git-dir=${gitDir}`, 'cat-file', '--batch', '--follow-symlinks'];
  const enough = limit === undefined ? {} : { limit: limit + HEAD_LINE };
  const result = await git({ args, input: `${sha}:${inside}\n`, timeout: LOCAL_TIMEOUT, ...enough });
  if (result.code !== 0 && !result.truncated) throw failure(`read ${path}`, of, result);
  const headEnd = result.stdout.indexOf('\n');
  const head = /^[0-9a-f]+ blob (\d+)$/.exec(result.stdout.subarray(0, headEnd).toString('utf8'));
  if (head === null) return null;
  const size = Number(head[1]);
  if (limit !== undefined && size > limit) return null;
  if (result.truncated) throw failure(`read ${path}`, of, result);
  return result.stdout.subarray(headEnd + 1, headEnd + 1 + size);
}
