import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Entry } from './tree.ts';

const PARALLEL = 8;
const PIECE = 64 * 1024;

/** Passes the bytes of a file on; resolves with their SHA-256. */
export type FileReader = (path: string, executable: boolean) => Promise<string>;

/**
 * `sha256:…` over kind, path and content (or target) of every entry, in order. Times, owners and permissions other than
 * "executable" do not count, so the same files have the same digest on every machine.
 */
export async function digestOf(entries: readonly Entry[], readContent: FileReader): Promise<string> {
  const contents = await mapParallel(entries, (entry) => {
    if (entry.kind === 'file') return readContent(entry.path, entry.executable);
    return Promise.resolve(entry.kind === 'link' ? entry.target : '');
  });
  const hash = createHash('sha256');
  for (const [index, entry] of entries.entries()) {
    hash.update(`${markOf(entry)}\0${entry.path}\0${contents[index] ?? ''}\0`);
  }
  return `sha256:${hash.digest('hex')}`;
}

function markOf(entry: Entry): string {
  if (entry.kind === 'file') return entry.executable ? 'x' : 'f';
  return entry.kind === 'link' ? 'l' : 'd';
}

/** After a failure nothing new is begun, and what had begun has ended when the promise rejects. */
async function mapParallel<T, R>(items: readonly T[], act: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  let next = 0;
  const work = async () => {
    while (next < items.length) {
      const index = next;
      next += 1;
      try {
        results[index] = await act(items[index] as T);
      } catch (thrown) {
        next = items.length;
        throw thrown;
      }
    }
  };
  const workers = Array.from({ length: PARALLEL }, work);
  await Promise.allSettled(workers);
  await Promise.all(workers);
  return results;
}

/** Reads files below `root` for their hash alone. */
export function hashingReader(root: string): FileReader {
  return async (path) => {
    await using source = await open(join(root, path), constants.O_RDONLY | constants.O_NOFOLLOW);
    return await pass(source, () => Promise.resolve());
  };
}

/** Copies files from one root to another, read-only, and hashes what it writes. */
export function copyingReader(from: string, to: string): FileReader {
  return async (path, executable) => {
    const mode = executable ? 0o555 : 0o444;
    await using source = await open(join(from, path), constants.O_RDONLY | constants.O_NOFOLLOW);
    await using target = await open(join(to, path), 'wx', mode);
    await target.chmod(mode); // whatever the umask is
    return await pass(source, async (chunk) => target.writeFile(chunk));
  };
}

/** Hands over a file's content piece by piece; answers its hash. */
async function pass(source: FileHandle, receive: (chunk: Buffer) => Promise<void>): Promise<string> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(PIECE);
  for (;;) {
    const { bytesRead } = await source.read(buffer, 0, PIECE);
    if (bytesRead === 0) return hash.digest('hex');
    const chunk = buffer.subarray(0, bytesRead);
    hash.update(chunk);
    await receive(chunk);
  }
}
