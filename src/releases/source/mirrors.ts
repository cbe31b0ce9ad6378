import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Address,
  type Git,
  type GitResult,
  LOCAL_TIMEOUT,
  createLines,
  failure,
  isDiskFull,
  lines,
  makeBare,
  readAddress,
  reasonOf,
  redactUrls,
  removeStaleLocks,
  writeGitConfig,
} from '../../git/index.ts';
import { FunadeError, type Logger } from '../../kernel/index.ts';

const REMOTE_TIMEOUT = 60_000;
const FETCH_TIMEOUT = 600_000;
const APP_NAME = /^[a-z0-9][a-z0-9._-]*$/i;
const BRANCH = /^ref: refs\/heads\/(.+)\tHEAD$/;

export interface FetchOptions {
  /** A full commit id: when the mirror has it, nothing is fetched. */
  readonly sha?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Mirrors {
  /** Throws `FUN_GIT_SOURCE_INVALID`, `FUN_GIT_UNREACHABLE`, `FUN_STORAGE_FULL`. */
  fetch(app: string, source: string, options: FetchOptions): Promise<{ readonly changed: boolean }>;
  /** Branches and tags of an address, without a mirror; of annotated tags also their commits (`v1^{}`). `FUN_GIT_SOURCE_INVALID`, `FUN_GIT_UNREACHABLE`. */
  listRemote(source: string): Promise<readonly { readonly ref: string; readonly sha: string }[]>;
  remove(app: string): Promise<void>;
  pathOf(app: string): string;
  has(app: string, object: string): Promise<boolean>;
}

interface RemoteRefs {
  readonly refs: ReadonlyMap<string, string>;
  /** Commits of annotated tags, by the name of the tag and `^{}`. */
  readonly peeled: ReadonlyMap<string, string>;
  /** Branch that HEAD names; undefined when HEAD is detached or the repository is empty. */
  readonly head: string | undefined;
}

export interface MirrorsOptions {
  readonly git: Git;
  readonly directory: string;
  readonly configFile: string;
  readonly logger: Logger;
}

export function createMirrors({ git, directory, configFile, logger }: MirrorsOptions): Mirrors {
  /** By application: git locks refs, and a second fetch would mostly find nothing left to do. */
  const inLine = createLines();
  const opened = new Set<string>();

  function pathOf(app: string): string {
    if (!APP_NAME.test(app))
      throw new FunadeError('FUN_GIT_SOURCE_INVALID', { source: app, reason: 'that is no name of an application' });
    return join(directory, `${app}.git`);
  }

  async function has(app: string, object: string): Promise<boolean> {
    const args = [`--git-dir=${pathOf(app)}`, 'cat-file', '-e', `${object}^{commit}`];
    return (await git({ args, timeout: LOCAL_TIMEOUT })).code === 0;
  }

  async function open(app: string): Promise<string> {
    const path = pathOf(app);
    if (opened.has(app)) return path;
    await writeGitConfig(configFile);
    if (await exists(path)) await removeStaleLocks(path, logger);
    else await makeBare(git, path, app);
    opened.add(app);
    return path;
  }

  async function fetch(
    app: string,
    source: string,
    { sha, signal }: FetchOptions,
  ): Promise<{ readonly changed: boolean }> {
    const address = readAddress(source);
    const path = await open(app);
    if (sha !== undefined && (await has(app, sha))) return { changed: false };
    const remote = await readRemote(git, address, signal);
    const changed = !isSame(await readLocal(git, path), remote.refs);
    if (changed) await transfer({ app, path, address, signal });
    await followHead(app, path, remote.head);
    return { changed };
  }

  async function transfer(task: {
    app: string;
    path: string;
    address: Address;
    signal: AbortSignal | undefined;
  }): Promise<void> {
    const { app, path, address, signal } = task;
    const flags = ['--quiet', '--prune', '--force', '--no-tags', '--no-write-fetch-head', '--no-recurse-submodules'];
    const refs = ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*'];
    const args = [`--git-dir=${path}`, 'fetch', ...flags, '--', address.url, ...refs];
    const result = await git({ args, env: address.env, timeout: FETCH_TIMEOUT, signal });
    if (result.code === 0) return;
    if (isDiskFull(result)) throw new FunadeError('FUN_STORAGE_FULL');
    if (/\.lock': File exists|cannot lock ref/.test(result.stderr)) throw failure('update the mirror', app, result);
    throw unreachable(address, result);
  }

  /** Keeps the mirror's HEAD on the branch that the repository calls its default; a repository without one has none here. */
  async function followHead(app: string, path: string, branch: string | undefined): Promise<void> {
    const target = branch === undefined ? 'refs/funade/no-default-branch' : `refs/heads/${branch}`;
    const args = [`--git-dir=${path}`, 'symbolic-ref', 'HEAD', target];
    const result = await git({ args, timeout: LOCAL_TIMEOUT });
    if (result.code !== 0) throw failure('set the default branch', app, result);
  }

  return {
    pathOf,
    has,
    listRemote: async (source) => {
      const address = readAddress(source);
      await writeGitConfig(configFile);
      const { refs, peeled } = await readRemote(git, address, undefined);
      return [...refs, ...peeled].map(([ref, sha]) => ({ ref, sha }));
    },
    fetch: (app, source, options) => inLine(app, () => fetch(app, source, options)),
    remove: (app) =>
      inLine(app, async () => {
        opened.delete(app);
        await rm(pathOf(app), { recursive: true, force: true });
      }),
  };
}

async function readRemote(git: Git, address: Address, signal: AbortSignal | undefined): Promise<RemoteRefs> {
  const args = ['ls-remote', '--quiet', '--symref', '--', address.url, 'HEAD', 'refs/heads/*', 'refs/tags/*'];
  const result = await git({
    args,
    env: { ...address.env, GIT_LITERAL_PATHSPECS: '0' },
    timeout: REMOTE_TIMEOUT,
    signal,
  });
  if (result.code !== 0) throw unreachable(address, result);
  const refs = new Map<string, string>();
  const peeled = new Map<string, string>();
  let head: string | undefined;
  for (const line of lines(result)) {
    const branch = BRANCH.exec(line)?.[1];
    if (branch !== undefined) head = branch;
    const [sha = '', name = ''] = line.split('\t');
    if (/^refs\/(?:heads|tags)\//.test(name)) (name.endsWith('^{}') ? peeled : refs).set(name, sha);
  }
  return { refs, peeled, head };
}

async function readLocal(git: Git, path: string): Promise<ReadonlyMap<string, string>> {
  const args = [`--git-dir=${path}`, 'for-each-ref', '--format=%(refname)%09%(objectname)', 'refs/heads', 'refs/tags'];
  const pairs = lines(await git({ args, timeout: LOCAL_TIMEOUT })).map((line) => line.split('\t'));
  return new Map(pairs.map(([name = '', sha = '']) => [name, sha]));
}

function isSame(left: ReadonlyMap<string, string>, right: ReadonlyMap<string, string>): boolean {
  return left.size === right.size && [...left].every(([name, sha]) => right.get(name) === sha);
}

function unreachable(address: Address, result: GitResult): FunadeError {
  return new FunadeError('FUN_GIT_UNREACHABLE', { source: redactUrls(address.url), reason: reasonOf(result) });
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
