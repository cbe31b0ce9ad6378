import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** A ConfigMap holds at most 1 MiB in all; what is larger is no setting, and would be read in vain. */
const LARGEST = 1024 ** 2;

/**
 * The files of a mounted ConfigMap or Secret with their texts; `undefined` when the directory does not exist. Hidden
 * entries, which is how the kubelet swaps them, and directories are left out; links to files are followed.
 */
export function readDirectoryIfThere(path: string): ReadonlyMap<string, string> | undefined {
  let names: readonly string[];
  try {
    names = readdirSync(path);
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined;
    throw thrown;
  }
  const texts = new Map<string, string>();
  for (const name of names.toSorted()) {
    if (name.startsWith('.')) continue;
    const file = join(path, name);
    const stats = statSync(file);
    if (stats.isDirectory()) continue;
    if (!stats.isFile() || stats.size > LARGEST) throw new Error(`${name} is no file of at most ${LARGEST} bytes`);
    texts.set(name, readFileSync(file, 'utf8'));
  }
  return texts;
}
