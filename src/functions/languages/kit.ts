import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, cp, mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** Sources have the ending of this very file: `.ts` in the repository, `.js` in the compiled package. */
const IS_SOURCE = import.meta.url.endsWith('.ts');
const RUNTIMES = fileURLToPath(new URL('../runtimes', import.meta.url));
const STRIPPER = fileURLToPath(new URL('./strip-types.ts', import.meta.url));

/**
 * A directory with what runs inside of instances, as the languages' tools take it (Node.js sources without types: stripping them
 * at every start would take longer than the start itself). Named by its content, made once, readable by every user.
 */
export async function makeKit(shelf: string): Promise<string> {
  const files = await listSources();
  const target = join(shelf, `kit-${await digestOf(files)}`);
  if (await exists(target)) return target;
  const draft = join(shelf, `draft-${process.pid}`);
  await rm(draft, { recursive: true, force: true });
  try {
    for (const file of files) {
      await mkdir(dirname(join(draft, file)), { recursive: true });
      if (!isTypeScript(file)) await cp(join(RUNTIMES, file), join(draft, file));
    }
    const typed = files.filter(isTypeScript);
    if (typed.length > 0)
      await run(process.execPath, [...STRIP_FLAGS, STRIPPER, RUNTIMES, draft, ...typed], { env: {} });
    await writeFile(join(draft, 'package.json'), '{"type":"module"}\n');
    await openUp(draft);
    await rename(draft, target).catch(async (thrown: unknown) => {
      if (!(await exists(target))) throw thrown; // another process was faster
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return target;
}

const STRIP_FLAGS = ['--disable-warning=ExperimentalWarning'];

async function listSources(): Promise<readonly string[]> {
  const entries = await readdir(RUNTIMES, { withFileTypes: true, recursive: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(RUNTIMES, join(entry.parentPath, entry.name)));
  return files.filter(isRuntimeFile).toSorted();
}

/** What runs inside, and what is compiled into it; not how the host builds it. */
function isRuntimeFile(file: string): boolean {
  if (/\.test\.[jt]s$/.test(file)) return false;
  const isScript = file.endsWith(IS_SOURCE ? '.ts' : '.js') && /^(?:nodejs\/)?[^/]+$/.test(file);
  return isScript || /^python\/[^/]+\.py$/.test(file) || /^rust\/.+(?:\.rs|\/Cargo\.toml)$/.test(file);
}

function isTypeScript(file: string): boolean {
  return file.endsWith('.ts');
}

async function digestOf(files: readonly string[]): Promise<string> {
  const hash = createHash('sha256').update(process.version);
  for (const file of files) hash.update(`${file}\0`).update(await readFile(join(RUNTIMES, file)));
  return hash.digest('hex').slice(0, 16);
}

/** Instances run as users of their own. */
async function openUp(directory: string): Promise<void> {
  await chmod(directory, 0o755);
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await openUp(path);
    else await chmod(path, 0o644);
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
