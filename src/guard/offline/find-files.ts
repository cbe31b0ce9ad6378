import { readFile, readdir, realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { messageOf } from '../../kernel/index.ts';
import type { ManifestFault } from './fault.ts';

/** A file larger than this is no manifest; reading one takes seconds a megabyte. */
export const LARGEST_FILE = 10 * 1024 * 1024;

export interface SourceText {
  /** As the user named it, or the path below the folder that was named. */
  readonly file: string;
  readonly text: string;
}

export interface Sources {
  readonly sources: readonly SourceText[];
  readonly faults: readonly ManifestFault[];
}

const MANIFEST = /(?:\.(?:ya?ml|json)|^Kustomization)$/iu;
/** Folders of packages and of Git hold thousands of files that are none of the user's manifests. */
const SKIPPED: readonly string[] = ['node_modules', '.git'];

/** A file that was found; `path` is absolute. */
export interface FoundFile {
  readonly file: string;
  readonly path: string;
  /** Bytes; `null` for what is no plain file, such as a pipe. */
  readonly size: number | null;
}

export interface FoundFiles {
  readonly files: readonly FoundFile[];
  readonly faults: readonly ManifestFault[];
}

/** A file, or every file of a folder and the folders in it whose name matches; in the order of their names. */
export async function findFiles(name: string, directory: string, match: RegExp = MANIFEST): Promise<FoundFiles> {
  const files: FoundFile[] = [];
  const faults: ManifestFault[] = [];
  const seen = new Set<string>();

  async function visit(shown: string, depth: number): Promise<void> {
    const path = resolve(directory, shown);
    try {
      const found = await stat(path);
      if (found.isDirectory()) await visitFolder(shown, path, depth);
      // A pipe (`-f <(helm template .)`) may be named, but not be come upon.
      else if (found.isFile() || depth === 0)
        await addFile({ file: shown, path, size: found.isFile() ? found.size : null });
    } catch (thrown) {
      faults.push({ code: 'unreadable', values: { reason: messageOf(thrown) }, file: shown });
    }
  }

  async function visitFolder(shown: string, path: string, depth: number): Promise<void> {
    // A link back to a folder above leads to a folder that was seen.
    if (!(await isNew(path))) return;
    const entries = await readdir(path, { withFileTypes: true });
    for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
      if (SKIPPED.includes(entry.name)) continue;
      const isFolder = entry.isDirectory() || (entry.isSymbolicLink() && !match.test(entry.name));
      if (isFolder && !(await isDirectory(join(path, entry.name)))) continue;
      if (isFolder || match.test(entry.name)) await visit(join(shown, entry.name), depth + 1);
    }
  }

  async function addFile(found: FoundFile): Promise<void> {
    if (found.size === null || (await isNew(found.path))) files.push(found);
  }

  async function isNew(path: string): Promise<boolean> {
    const real = await realpath(path);
    const known = seen.has(real);
    seen.add(real);
    return !known;
  }

  await visit(name, 0);
  return { files, faults };
}

/** Reads a file, or all manifests of a folder. */
export async function readSources(name: string, directory: string): Promise<Sources> {
  const found = await findFiles(name, directory);
  const read = [];
  for (const file of found.files) read.push(await readSource(file));
  return {
    sources: read.filter((each) => 'text' in each),
    faults: [...found.faults, ...read.filter((each) => 'code' in each)],
  };
}

export async function readSource({ file, path, size }: FoundFile): Promise<SourceText | ManifestFault> {
  if (size !== null && size > LARGEST_FILE) return tooLarge(file, size);
  try {
    return decode(file, await readFile(path));
  } catch (thrown) {
    return { code: 'unreadable', values: { reason: messageOf(thrown) }, file };
  }
}

/** Text of bytes that came from a file or a pipe. */
export function decode(file: string, bytes: Buffer): SourceText | ManifestFault {
  if (bytes.length > LARGEST_FILE) return tooLarge(file, bytes.length);
  try {
    return { file, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return { code: 'notText', values: {}, file };
  }
}

function tooLarge(file: string, size: number): ManifestFault {
  const limit = LARGEST_FILE / 1024 / 1024;
  return { code: 'tooLarge', values: { size: Math.ceil(size / 1024 / 1024), limit }, file };
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
