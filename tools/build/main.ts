/** Puts into `dist/` what the compiler leaves out: programs of functions in other languages. */
import { cp, mkdir, readdir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const [from, to] = ['src', 'dist'].map((folder) =>
  fileURLToPath(new URL(`../../${folder}/functions/runtimes`, import.meta.url)),
) as [string, string];
const CARRIED = /\.(?:py|rs|toml)$/;

const entries = await readdir(from, { withFileTypes: true, recursive: true });
for (const entry of entries) {
  if (!entry.isFile() || !CARRIED.test(entry.name)) continue;
  const target = join(to, relative(from, join(entry.parentPath, entry.name)));
  await mkdir(dirname(target), { recursive: true });
  await cp(join(entry.parentPath, entry.name), target);
}
