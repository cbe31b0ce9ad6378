import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/* Real bare repositories behind a fake forge. Git runs synchronously here: the repositories of tests are small. */

/** Content, or a link, a program, a submodule; null deletes it. */
export type FakeFile =
  | string
  | Uint8Array
  | { readonly link: string }
  | { readonly program: string }
  | { readonly submodule: string }
  | null;
export type FakeFiles = Readonly<Record<string, FakeFile>>;

export interface FakeCommit {
  readonly sha: string;
  readonly message: string;
  readonly author: string;
  readonly email: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

export interface NewCommit {
  readonly branch: string;
  /** Where a new branch begins; null: nowhere. */
  readonly from: string | null;
  readonly files: FakeFiles;
  readonly message: string;
  readonly author: string;
}

/** A bare repository, with what tests want to know of it. */
export interface FakeGit {
  /** Absolute path. */
  readonly directory: string;
  /** Branches and tags; `peeled` is the commit of an annotated tag. */
  refs(): ReadonlyMap<string, { readonly sha: string; readonly peeled: string }>;
  /** Of every ref that there is, also outside of branches and tags. */
  shaOf(ref: string): string | null;
  setRef(ref: string, sha: string | null): void;
  isAncestor(old: string, later: string): boolean;
  /** Text of a file at a ref or commit; null when there is none. */
  read(ref: string, path: string): string | null;
  /** Paths of all files at a ref or commit, sorted. */
  files(ref: string): readonly string[];
  /** Newest first; `exclude`: without what that one has as well. */
  log(ref: string, exclude?: string): readonly FakeCommit[];
  /** Puts a commit on a branch, new or not, and answers its id. */
  commit(commit: NewCommit): string;
  /** Merges one commit into a branch and answers the commit of it; throws where the two are in conflict. */
  merge(merge: {
    readonly base: string;
    readonly head: string;
    readonly message: string;
    readonly author: string;
    readonly squash: boolean;
  }): string;
}

/** Nothing of the machine's or the person's own configuration. */
export const GIT_ENVIRONMENT = {
  PATH: process.env['PATH'] ?? '',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
  LC_ALL: 'C',
} as const;

/**
 * `source`: another repository, whose branches and tags are taken over; a folder without one, or files, which become the first
 * commit of `branch`. Without any file there is no commit at all.
 */
export function createGit(directory: string, source: string | FakeFiles, branch: string): FakeGit {
  const git = gitIn(directory);
  if (typeof source === 'string' && isRepository(source)) {
    run(['clone', '--bare', '--quiet', source, directory], {});
    git(['remote', 'remove', 'origin']);
  } else {
    mkdirSync(directory, { recursive: true });
    git(['init', '--bare', '--quiet', `--initial-branch=${branch}`]);
  }
  // As the forges have it.
  git(['config', 'uploadpack.allowFilter', 'true']);
  git(['config', 'uploadpack.allowAnySHA1InWant', 'true']);
  git(['config', 'gc.auto', '0']);
  const made = fakeGit(directory);
  if (typeof source === 'string' && isRepository(source)) return made;
  const files = typeof source === 'string' ? filesBelow(source) : source;
  if (Object.keys(files).length > 0)
    made.commit({ branch, from: null, files, message: 'First commit', author: 'mona' });
  return made;
}

/** Branch that a repository has checked out. */
export function branchOf(directory: string): string | null {
  if (!isRepository(directory)) return null;
  return run(['symbolic-ref', '--short', 'HEAD'], { directory }).trim();
}

function isRepository(directory: string): boolean {
  return existsSync(join(directory, '.git')) || existsSync(join(directory, 'HEAD'));
}

function fakeGit(directory: string): FakeGit {
  const git = gitIn(directory);
  const answers = (args: readonly string[]) => {
    try {
      return git(args);
    } catch {
      return null;
    }
  };
  const shaOf = (ref: string) => answers(['rev-parse', '--verify', '--quiet', '--end-of-options', ref])?.trim() ?? null;

  return {
    directory,
    refs: () => {
      const format = '--format=%(refname) %(objectname) %(*objectname)';
      const lines = git(['for-each-ref', format, 'refs/heads', 'refs/tags']).split('\n');
      return new Map(
        lines
          .filter((line) => line !== '')
          .map((line) => {
            const [ref = '', sha = '', peeled = ''] = line.split(' ');
            return [ref, { sha, peeled: peeled === '' ? sha : peeled }] as const;
          }),
      );
    },
    shaOf,
    setRef: (ref, sha) => void git(sha === null ? ['update-ref', '-d', ref] : ['update-ref', ref, sha]),
    isAncestor: (old, later) => answers(['merge-base', '--is-ancestor', old, later]) !== null,
    read: (ref, path) => answers(['cat-file', 'blob', `${ref}:${path}`]),
    files: (ref) =>
      git(['ls-tree', '-r', '-z', '--name-only', ref])
        .split('\0')
        .filter((path) => path !== ''),
    log: (ref, exclude) => {
      const range = exclude === undefined ? [ref] : [ref, `^${exclude}`];
      const text = git(['log', '-z', '--format=%H%x01%an%x01%ae%x01%at%x01%B', ...range, '--']);
      return text
        .split('\0')
        .filter((entry) => entry !== '')
        .map((entry) => {
          const [sha = '', author = '', email = '', seconds = '0', message = ''] = entry.split('\u0001');
          return { sha, author, email, at: Number(seconds) * 1000, message: message.trimEnd() };
        });
    },
    commit: (commit) => {
      const ref = `refs/heads/${commit.branch}`;
      git(['fast-import', '--quiet'], importOf(commit, shaOf(ref) ?? commit.from));
      return shaOf(ref) ?? '';
    },
    merge: ({ base, head, message, author, squash }) => {
      const ref = `refs/heads/${base}`;
      const onto = shaOf(ref) ?? '';
      const tree = git(['merge-tree', '--write-tree', onto, head]).trim();
      const parents = squash ? ['-p', onto] : ['-p', onto, '-p', head];
      const sha = run(['commit-tree', tree, ...parents, '-m', message], { directory, author }).trim();
      git(['update-ref', ref, sha, onto]);
      return sha;
    },
  };
}

function gitIn(directory: string) {
  return (args: readonly string[], input?: Uint8Array) =>
    run(args, { directory, ...(input === undefined ? {} : { input }) });
}

function run(
  args: readonly string[],
  options: { readonly directory?: string; readonly input?: Uint8Array; readonly author?: string },
): string {
  const { directory, input, author = 'mona' } = options;
  const email = `${author}@example.com`;
  return execFileSync('git', args, {
    ...(directory === undefined ? {} : { cwd: directory }),
    ...(input === undefined ? {} : { input }),
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      ...GIT_ENVIRONMENT,
      GIT_AUTHOR_NAME: author,
      GIT_AUTHOR_EMAIL: email,
      GIT_COMMITTER_NAME: author,
      GIT_COMMITTER_EMAIL: email,
    },
  });
}

/** The stream of `git fast-import`: one commit, without a working tree. */
function importOf({ branch, files, message, author }: NewCommit, parent: string | null): Uint8Array {
  const seconds = Math.floor(Date.now() / 1000);
  const parts: (string | Uint8Array)[] = [
    `commit refs/heads/${branch}\n`,
    `committer ${author} <${author}@example.com> ${seconds} +0000\n`,
    ...data(message),
    ...(parent === null ? [] : [`from ${parent}\n`]),
  ];
  for (const [path, file] of Object.entries(files)) parts.push(...change(quoted(path), file));
  return Buffer.concat(parts.map((part) => Buffer.from(part as string)));
}

function change(path: string, file: FakeFile): readonly (string | Uint8Array)[] {
  if (file === null) return [`D ${path}\n`];
  if (typeof file === 'string' || file instanceof Uint8Array) return [`M 100644 inline ${path}\n`, ...data(file)];
  if ('link' in file) return [`M 120000 inline ${path}\n`, ...data(file.link)];
  if ('program' in file) return [`M 100755 inline ${path}\n`, ...data(file.program)];
  return [`M 160000 ${file.submodule} ${path}\n`];
}

function data(content: string | Uint8Array): readonly (string | Uint8Array)[] {
  return [`data ${Buffer.byteLength(content)}\n`, content, '\n'];
}

function quoted(path: string): string {
  return `"${path
    .replaceAll('\\', '\\\\')
    .replaceAll('"', String.raw`\"`)
    .replaceAll('\n', String.raw`\n`)}"`;
}

function filesBelow(folder: string): FakeFiles {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return Object.fromEntries(
    paths
      .filter((path) => !lstatSync(join(folder, path)).isDirectory())
      .map((path) => [path.replaceAll('\\', '/'), fileAt(join(folder, path))]),
  );
}

function fileAt(path: string): FakeFile {
  const state = lstatSync(path);
  if (state.isSymbolicLink()) return { link: readlinkSync(path) };
  return (state.mode & 0o100) === 0 ? readFileSync(path) : { program: readFileSync(path, 'utf8') };
}
