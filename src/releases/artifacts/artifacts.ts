import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { FunadeError } from '../../kernel/index.ts';
import { isStorageFull } from '../../store/index.ts';
import { copyingReader, digestOf, hashingReader } from './digest.ts';
import { type Entry, MAX_BYTES, MAX_FILES, type TreeLimits, listTree, refused } from './tree.ts';

const DIGEST = /^sha256:([0-9a-f]{64})$/;
const FACTS = 'artifact.json';

export interface SealedArtifact {
  /** `sha256:` and 64 hexadecimal digits. */
  readonly digest: string;
  /** Where its files are; read-only, never changes. */
  readonly directory: string;
  readonly files: number;
  readonly bytes: number;
}

/** Build results by their content: the same files are stored once and have the same digest everywhere. */
export interface Artifacts {
  /**
   * Copies a directory into the store, without `.git`. Throws `FUN_ARTIFACT_REFUSED` (missing or empty directory, links that
   * leave it, devices), `FUN_ARTIFACT_TOO_LARGE`, `FUN_STORAGE_FULL`; then nothing is left behind.
   */
  seal(sourceDir: string): Promise<SealedArtifact>;
  /** Its directory, or null when it is not there. */
  locate(digest: string): Promise<string | null>;
  /** Whether it is there and its content still has that digest. Reads every file. */
  verify(digest: string): Promise<boolean>;
  /** What is not there is no error. */
  remove(digest: string): Promise<void>;
  usage(): Promise<{ readonly artifacts: number; readonly files: number; readonly bytes: number }>;
}

type Facts = Pick<SealedArtifact, 'files' | 'bytes'>;

export interface ArtifactsOptions {
  /** Directory of its own; made when it is missing, and passable for other users, who may read the artifacts in it. */
  readonly directory: string;
  readonly limits?: TreeLimits;
}

export function createArtifacts({ directory, limits }: ArtifactsOptions): Artifacts {
  const allowed = limits ?? { files: MAX_FILES, bytes: MAX_BYTES };
  const store = resolve(directory);
  const shelf = join(store, 'sha256');
  const partial = join(store, 'partial');
  let prepared: Promise<void> | undefined;

  function prepare(): Promise<void> {
    prepared ??= makeStore();
    prepared.catch(() => {
      prepared = undefined; // the next call tries again
    });
    return prepared;
  }

  async function makeStore(): Promise<void> {
    for (const path of [store, shelf, partial]) {
      await mkdir(path, { recursive: true });
      await chmod(path, 0o711);
    }
    for (const name of await readdir(partial)) if (isAbandoned(name)) await removeTree(join(partial, name));
  }

  function newPartial(): string {
    return join(partial, `${process.pid}-${randomBytes(6).toString('hex')}`);
  }

  function placeOf(digest: string): string | undefined {
    const hex = DIGEST.exec(digest)?.[1];
    return hex === undefined ? undefined : join(shelf, hex);
  }

  async function seal(sourceDir: string): Promise<SealedArtifact> {
    const root = resolve(sourceDir);
    if (!(await isDirectory(root))) throw refused(root, 'it is not a directory');
    const entries = await listTree(root, allowed);
    if (entries.length === 0) throw refused(root, 'it is empty');
    const draft = newPartial();
    try {
      await prepare();
      return await keep(root, entries, draft);
    } catch (thrown) {
      if (isStorageFull(thrown)) throw new FunadeError('FUN_STORAGE_FULL', {}, { cause: thrown });
      throw thrown;
    } finally {
      await removeTree(draft);
    }
  }

  async function keep(root: string, entries: readonly Entry[], draft: string): Promise<SealedArtifact> {
    const facts = factsOf(entries);
    const tree = join(draft, 'tree');
    const directories = await makeSkeleton(tree, entries);
    const digest = await digestOf(entries, copyingReader(root, tree));
    const place = placeOf(digest) ?? draft;
    if (await isDirectory(place)) return { digest, directory: join(place, 'tree'), ...facts };
    await writeFile(join(draft, FACTS), JSON.stringify(facts));
    for (const path of directories.toReversed()) await chmod(path, 0o555);
    await chmod(draft, 0o755);
    await moveInto(draft, place);
    return { digest, directory: join(place, 'tree'), ...facts };
  }

  async function locate(digest: string): Promise<string | null> {
    const place = placeOf(digest);
    return place !== undefined && (await isDirectory(place)) ? join(place, 'tree') : null;
  }

  async function verify(digest: string): Promise<boolean> {
    const tree = await locate(digest);
    if (tree === null) return false;
    const everything = { files: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY };
    try {
      return (await digestOf(await listTree(tree, everything), hashingReader(tree))) === digest;
    } catch (thrown) {
      if (thrown instanceof FunadeError || isMissing(thrown)) return false; // changed by hand into what no artifact can be
      throw thrown;
    }
  }

  async function remove(digest: string): Promise<void> {
    const place = placeOf(digest);
    if (place === undefined) return;
    await prepare();
    const doomed = newPartial();
    try {
      await rename(place, doomed);
    } catch (thrown) {
      if (isMissing(thrown)) return;
      throw thrown;
    }
    await removeTree(doomed);
  }

  async function usage() {
    await prepare();
    const sum = { artifacts: 0, files: 0, bytes: 0 };
    for (const name of await readdir(shelf)) {
      const facts = JSON.parse(await readFile(join(shelf, name, FACTS), 'utf8')) as Facts;
      sum.artifacts += 1;
      sum.files += facts.files;
      sum.bytes += facts.bytes;
    }
    return sum;
  }

  return { seal, locate, verify, remove, usage };
}

function factsOf(entries: readonly Entry[]): Facts {
  const files = entries.filter((entry) => entry.kind === 'file');
  return { files: files.length, bytes: files.reduce((sum, entry) => sum + entry.bytes, 0) };
}

/** Makes every directory and link of a tree; answers the directories, parents first. */
async function makeSkeleton(tree: string, entries: readonly Entry[]): Promise<readonly string[]> {
  const directories = new Set<string>(['.']);
  for (const entry of entries) {
    const parts = (entry.kind === 'empty-directory' ? entry.path : dirname(entry.path)).split('/');
    for (let count = 1; count <= parts.length; count += 1) directories.add(parts.slice(0, count).join('/'));
  }
  const paths = [...directories].map((path) => join(tree, path));
  for (const path of paths) await mkdir(path, { recursive: true });
  for (const entry of entries) if (entry.kind === 'link') await symlink(entry.target, join(tree, entry.path));
  return paths;
}

/** Two seals of the same content may race: the first one stays, and both are right. */
async function moveInto(draft: string, place: string): Promise<void> {
  try {
    await rename(draft, place);
  } catch (thrown) {
    if (!(await isDirectory(place))) throw thrown;
  }
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
}

function isMissing(thrown: unknown): boolean {
  return (thrown as NodeJS.ErrnoException).code === 'ENOENT';
}

/** A draft of a process that no longer runs. */
function isAbandoned(name: string): boolean {
  const pid = Number(name.split('-')[0]);
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** Its directories are read-only: whoever is not root has to make them writable before they can be emptied. */
async function removeTree(path: string): Promise<void> {
  if (!(await isDirectory(path))) return;
  await chmod(path, 0o700);
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeTree(join(path, entry.name));
  }
  await rm(path, { recursive: true, force: true });
}
