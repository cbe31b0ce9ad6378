import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LOCAL_TIMEOUT, createGit, failure, lines, readFileOfCommit } from '../../git/index.ts';
import { FunadeError, type Logger } from '../../kernel/index.ts';
import { type FetchOptions, createMirrors } from './mirrors.ts';
import { nearRefs } from './near-refs.ts';

const CHECKOUT_TIMEOUT = 300_000;
const FULL_SHA = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
const SHORT_SHA = /^[0-9a-f]{4,64}$/;

export interface ResolvedRef {
  /** Full commit id. */
  readonly sha: string;
  /** Name of the branch or tag without `refs/…/`, or the full commit id when a commit was named. */
  readonly ref: string;
}

export interface CommitFacts {
  readonly sha: string;
  /** First line of the message. */
  readonly message: string;
  readonly author: string;
  /** When it was committed, epoch milliseconds. */
  readonly at: number;
}

/** Repositories of applications, each as a bare mirror. An unknown commit or ref is `FUN_GIT_REF_MISSING` everywhere. */
export interface Source {
  /**
   * Brings branches and tags up to date; one round trip when nothing has changed, none when `sha` is there already. Fetches of
   * one application run one after the other. Throws `FUN_GIT_SOURCE_INVALID`, `FUN_GIT_UNREACHABLE` (retryable),
   * `FUN_STORAGE_FULL`, or the reason of an aborted signal.
   */
  fetchMirror(app: string, source: string, options?: FetchOptions): Promise<{ readonly changed: boolean }>;
  /**
   * Branches and tags of an address as they are now, by their full names, without a mirror. The commit of an annotated tag
   * follows under its name and `^{}`. Throws as `fetchMirror` does.
   */
  listRemote(source: string): Promise<readonly { readonly ref: string; readonly sha: string }[]>;
  /** Forgets the mirror; what is not there is no error. */
  removeMirror(app: string): Promise<void>;
  /** Of a branch, a tag (branches win), a full `refs/…` name, or a full or short commit id; of the default branch without one. */
  resolveRef(app: string, ref?: string): Promise<ResolvedRef>;
  defaultBranch(app: string): Promise<string>;
  readCommit(app: string, sha: string): Promise<CommitFacts>;
  /** Whether `ancestor` is `descendant` or in its history. One that the mirror lacks is in no history. */
  isAncestor(app: string, ancestor: string, descendant: string): Promise<boolean>;
  /**
   * Commits of `to` that `from` does not have, newest first, at most `max`. A `from` that the mirror lacks counts as null: the
   * history was rewritten, and everything up to `to` is new.
   */
  commitsBetween(
    app: string,
    from: string | null,
    to: string,
    max: number,
  ): Promise<readonly { readonly sha: string; readonly message: string }[]>;
  /** Text of a file at a commit (links inside the repository are followed); null when there is none. */
  readFile(app: string, sha: string, path: string): Promise<string | null>;
  /** Files of a commit in an empty or missing directory, without `.git`, without submodules. Half a checkout is removed. */
  checkout(app: string, sha: string, directory: string): Promise<void>;
}

export interface SourceOptions {
  /** Directory of the mirrors; made when it is missing. */
  readonly directory: string;
  readonly logger: Logger;
  readonly gitPath?: string;
  /** Variables for git and ssh: PATH, HOME, SSH_AUTH_SOCK, HTTPS_PROXY … Nothing is inherited. */
  readonly environment?: Readonly<Record<string, string>>;
}

export function createSource({ directory, logger, gitPath, environment }: SourceOptions): Source {
  const configFile = join(directory, 'gitconfig');
  const git = createGit({ program: gitPath ?? 'git', configFile, environment: environment ?? {} });
  const mirrors = createMirrors({ git, directory, configFile, logger });

  const inMirror = (app: string, args: readonly string[], more: { readonly input?: string } = {}) =>
    git({ args: [`--git-dir=${mirrors.pathOf(app)}`, ...args], timeout: LOCAL_TIMEOUT, ...more });

  async function missing(app: string, ref: string): Promise<never> {
    const listed = await inMirror(app, ['for-each-ref', '--format=%(refname:lstrip=2)', 'refs/heads', 'refs/tags']);
    const near = nearRefs(ref, lines(listed)).join(', ') || 'nothing';
    throw new FunadeError('FUN_GIT_REF_MISSING', { app, ref, near });
  }

  async function known(app: string, sha: string): Promise<string> {
    if (FULL_SHA.test(sha) && (await mirrors.has(app, sha))) return sha;
    return missing(app, sha);
  }

  /** The commit that a full ref name means; it is not read as an expression, so `main~3` is no branch. */
  async function commitOf(app: string, name: string): Promise<string | undefined> {
    const shown = await inMirror(app, ['show-ref', '--verify', '--hash', '--', name]);
    return shown.code === 0 ? peel(app, lines(shown)[0] ?? '') : undefined;
  }

  async function peel(app: string, object: string): Promise<string | undefined> {
    const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${object}^{commit}`];
    const result = await inMirror(app, args);
    return result.code === 0 ? lines(result)[0] : undefined;
  }

  async function resolveRef(app: string, wanted?: string): Promise<ResolvedRef> {
    const ref = wanted ?? (await defaultBranch(app));
    const short = ref.replace(/^refs\/(?:heads|tags)\//, '');
    for (const name of ref.startsWith('refs/') ? [ref] : [`refs/heads/${ref}`, `refs/tags/${ref}`]) {
      const sha = await commitOf(app, name);
      if (sha !== undefined) return { sha, ref: short };
    }
    const sha = SHORT_SHA.test(ref.toLowerCase()) ? await peel(app, ref.toLowerCase()) : undefined;
    return sha === undefined ? missing(app, ref) : { sha, ref: sha };
  }

  async function defaultBranch(app: string): Promise<string> {
    const result = await inMirror(app, ['symbolic-ref', '--quiet', 'HEAD']);
    const name = lines(result)[0] ?? '';
    return name.startsWith('refs/heads/') ? name.slice('refs/heads/'.length) : missing(app, '(the default branch)');
  }

  async function readLog(app: string, args: readonly string[]): Promise<readonly CommitFacts[]> {
    const format = '--format=%H%x00%s%x00%an%x00%ct';
    const result = await inMirror(app, ['log', '--no-show-signature', '--no-color', format, ...args, '--']);
    if (result.code !== 0) throw failure('read commits', app, result);
    return lines(result).map((line) => {
      const [sha = '', message = '', author = '', seconds = ''] = line.split('\0');
      return { sha, message, author, at: Number(seconds) * 1000 };
    });
  }

  async function readCommit(app: string, sha: string): Promise<CommitFacts> {
    const [commit] = await readLog(app, ['--max-count=1', await known(app, sha)]);
    return commit ?? missing(app, sha);
  }

  async function isAncestor(app: string, ancestor: string, descendant: string): Promise<boolean> {
    await known(app, descendant);
    if (!FULL_SHA.test(ancestor) || !(await mirrors.has(app, ancestor))) return false;
    const result = await inMirror(app, ['merge-base', '--is-ancestor', ancestor, descendant]);
    if (result.code > 1 || result.code < 0) throw failure('compare commits', app, result);
    return result.code === 0;
  }

  async function commitsBetween(app: string, from: string | null, to: string, max: number) {
    await known(app, to);
    const isKnown = from !== null && FULL_SHA.test(from) && (await mirrors.has(app, from));
    const range = isKnown ? [to, `^${from}`] : [to];
    const commits = await readLog(app, [`--max-count=${max}`, ...range]);
    return commits.map(({ sha, message }) => ({ sha, message }));
  }

  async function readFile(app: string, sha: string, path: string): Promise<string | null> {
    await known(app, sha);
    const content = await readFileOfCommit(git, { gitDir: mirrors.pathOf(app), of: app, sha, path });
    return content === null ? null : content.toString('utf8');
  }

  async function checkout(app: string, sha: string, target: string): Promise<void> {
    await known(app, sha);
    await mkdir(target, { recursive: true });
    if ((await readdir(target)).length > 0) throw new Error(`${target} is not empty`);
    const scratch = await mkdtemp(join(directory, 'index-'));
    try {
      const args = [`--git-dir=${mirrors.pathOf(app)}`, `--work-tree=${target}`, 'read-tree', '--reset', '-u', sha];
      const result = await git({ args, env: { GIT_INDEX_FILE: join(scratch, 'index') }, timeout: CHECKOUT_TIMEOUT });
      if (result.code === 0) return;
      await rm(target, { recursive: true, force: true });
      throw failure('check out', app, result);
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }

  return {
    fetchMirror: (app, address, options = {}) => mirrors.fetch(app, address, options),
    listRemote: mirrors.listRemote,
    removeMirror: (app) => mirrors.remove(app),
    resolveRef,
    defaultBranch,
    readCommit,
    isAncestor,
    commitsBetween,
    readFile,
    checkout,
  };
}
