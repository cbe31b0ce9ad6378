import { chmod, lstat, mkdir, readFile, readdir, rename, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { FunadeError } from '../../kernel/index.ts';
import { isStorageFull } from '../pg-errors.ts';
import { copyingReader, digestOf, hashingReader } from './digest.ts';
import { createDrafts, isDirectory } from './drafts.ts';
import { type Entry, type Links, MAX_BYTES, MAX_FILES, type TreeLimits, listTree, refused } from './tree.ts';

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
   * leave it or, by option, any link, devices), `FUN_ARTIFACT_TOO_LARGE`, `FUN_STORAGE_FULL`; then nothing is left behind.
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
  /** What `seal` takes at most: 20 000 files, links and empty directories, and 250 MB, when left out. */
  readonly limits?: TreeLimits;
  /** Links that stay inside are kept, when left out. Digests do not depend on it: stores of both kinds may share a directory. */
  readonly links?: Links;
}

export function createArtifacts({ directory, limits, links = 'inside' }: ArtifactsOptions): Artifacts {
  const allowed = limits ?? { files: MAX_FILES, bytes: MAX_BYTES };
  const store = resolve(directory);
  const shelf = join(store, 'sha256');
  const drafts = createDrafts(join(store, 'partial'), 0o711);

  async function prepare(): Promise<void> {
    for (const path of [store, shelf]) {
      await mkdir(path, { recursive: true });
      await chmod(path, 0o711);
    }
    await drafts.prepare();
  }

  function placeOf(digest: string): string | undefined {
    const hex = DIGEST.exec(digest)?.[1];
    return hex === undefined ? undefined : join(shelf, hex);
  }

  async function seal(sourceDir: string): Promise<SealedArtifact> {
    const root = resolve(sourceDir);
    if (!(await isDirectory(root))) throw refused(root, 'it is not a directory');
    const entries = await listTree(root, allowed, links);
    if (entries.length === 0) throw refused(root, 'it is empty');
    await checkLongest(entries);
    try {
      await prepare();
      return await drafts.use((draft) => keep(root, entries, draft));
    } catch (thrown) {
      if (isStorageFull(thrown)) throw new FunadeError('FUN_STORAGE_FULL', {}, { cause: thrown });
      throw thrown;
    }
  }

  /** A longer path could be written under the short name of a draft, and not be read where it is in the end. */
  async function checkLongest(entries: readonly Entry[]): Promise<void> {
    const lengths = entries.map((entry) => Buffer.byteLength(entry.path));
    const longest = entries[lengths.indexOf(lengths.reduce((most, length) => Math.max(most, length), 0))];
    if (longest === undefined) return;
    try {
      await lstat(join(shelf, '0'.repeat(64), 'tree', longest.path));
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'ENAMETOOLONG') return; // it is not there: that is the good case
      throw refused(longest.path, 'its path is too long for this server');
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
      return (await digestOf(await listTree(tree, everything, 'inside'), hashingReader(tree))) === digest;
    } catch (thrown) {
      if (thrown instanceof FunadeError || isMissing(thrown)) return false; // changed by hand into what no artifact can be
      throw thrown;
    }
  }

  async function remove(digest: string): Promise<void> {
    const place = placeOf(digest);
    if (place === undefined) return;
    await prepare();
    await drafts.use(async (doomed) => {
      try {
        await rename(place, doomed);
      } catch (thrown) {
        if (!isMissing(thrown)) throw thrown;
      }
    });
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

function isMissing(thrown: unknown): boolean {
  return (thrown as NodeJS.ErrnoException).code === 'ENOENT';
}
