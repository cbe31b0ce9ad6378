import { chmod, mkdir, open, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { FunadeError } from '../../kernel/index.ts';
import { isStorageFull } from '../../store/index.ts';
import { type CodeOrigin, badCode } from './code-faults.ts';

/**
 * Makes `directory`, which must not exist, lets `fill` put files into it, and removes it again when that fails. Names that this
 * file system can't take are `FUN_BAD_REQUEST`, a full disk is `FUN_STORAGE_FULL`.
 */
export async function fillFresh(origin: CodeOrigin, directory: string, fill: () => Promise<void>): Promise<void> {
  await mkdir(directory);
  try {
    await chmod(directory, 0o755);
    await fill();
  } catch (thrown) {
    await rm(directory, { recursive: true, force: true });
    throw explain(origin, directory, thrown);
  }
}

/** Parents first; relative to `root`. */
export async function makeDirectories(root: string, directories: readonly string[]): Promise<void> {
  for (const path of directories) {
    await mkdir(join(root, path));
    await chmod(join(root, path), 0o755); // whatever the umask is
  }
}

/** Writes a new file, piece by piece as the content comes. */
export async function writeNewFile(
  path: string,
  executable: boolean,
  content: Iterable<Buffer> | AsyncIterable<Buffer>,
): Promise<void> {
  const mode = executable ? 0o755 : 0o644;
  await using file = await open(path, 'wx', mode);
  await file.chmod(mode);
  for await (const piece of content) await file.writeFile(piece);
}

/** What the file system said about a name or about space, as an error for whoever sent the code. */
export function explain(origin: CodeOrigin, directory: string, thrown: unknown): unknown {
  if (isStorageFull(thrown)) return new FunadeError('FUN_STORAGE_FULL', {}, { cause: thrown });
  const { code, path = directory } = thrown as NodeJS.ErrnoException;
  const entry = relative(directory, path);
  if (code === 'ENAMETOOLONG') return badCode(origin, [{ entry, message: 'its name is too long for this server' }]);
  if (code === 'EEXIST')
    return badCode(origin, [{ entry, message: 'this server does not tell its name from that of another entry' }]);
  return thrown;
}
