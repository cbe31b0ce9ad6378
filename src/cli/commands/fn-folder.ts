import { readFile, readdir, realpath, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { ZipFile } from 'yazl';
import type { Fault } from '../../kernel/index.ts';
import type { Text } from '../locales/index.ts';
import { type Ignored, readIgnored } from './fn-ignore.ts';

export interface FolderFile {
  /** Relative to the folder, with `/`. */
  readonly path: string;
  readonly bytes: number;
  readonly executable: boolean;
}

export interface Folder {
  /** Sorted by path. */
  readonly files: readonly FolderFile[];
  /** Everything that can't be part of a function. */
  readonly faults: readonly Fault[];
}

const IGNORE_FILE = '.funadeignore';
/** The same files make the same zip, whenever they were written. */
const ANY_TIME = new Date(Date.UTC(1980, 0, 1, 12));

/** The files below a folder that make a function. Links are followed as long as they stay inside. */
export async function readFolder(root: string, text: Text): Promise<Folder> {
  const files: FolderFile[] = [];
  const faults: Fault[] = [];
  const top = await realpath(root);
  const ignored = await ignoredIn(root, (line, pattern) => {
    faults.push({ message: text('fn.ignoreNegated', { pattern }), file: IGNORE_FILE, line, column: 1 });
  });

  /** `open` are the real folders around: a link to one of them would never end. */
  async function walk(folder: string, open: readonly string[]): Promise<void> {
    const names = (await readdir(join(root, folder))).toSorted();
    for (const name of names) {
      const path = folder === '' ? name : `${folder}/${name}`;
      const real = await realpath(join(root, path)).catch(() => null);
      const found = real === null ? null : await stat(real);
      if (ignored(path, found?.isDirectory() === true)) continue;
      if (real === null || found === null) faults.push({ path, message: text('fn.linkBroken') });
      else if (relative(top, real).startsWith('..')) faults.push({ path, message: text('fn.linkOutside') });
      else if (open.includes(real)) faults.push({ path, message: text('fn.linkCircle') });
      else if (found.isDirectory()) await walk(path, [...open, real]);
      else if (found.isFile()) files.push({ path, bytes: found.size, executable: (found.mode & 0o100) !== 0 });
      else faults.push({ path, message: text('fn.noFile') });
    }
  }

  await walk('', [top]);
  return { files, faults };
}

/** The files as a zip in memory. */
export async function zipFolder(root: string, files: readonly FolderFile[]): Promise<Buffer> {
  const zip = new ZipFile();
  const failed = new Promise<never>((_, reject) => {
    zip.once('error', reject);
  });
  for (const { path, executable } of files) {
    zip.addFile(join(root, path), path, { mtime: ANY_TIME, mode: executable ? 0o100755 : 0o100644 });
  }
  zip.end();
  return Promise.race([buffer(zip.outputStream as NodeJS.ReadableStream & AsyncIterable<Buffer>), failed]);
}

async function ignoredIn(root: string, refuse: (line: number, pattern: string) => void): Promise<Ignored> {
  const text = await readFile(join(root, IGNORE_FILE), 'utf8').catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code === 'ENOENT') return '';
    throw thrown;
  });
  return readIgnored(text, refuse);
}
