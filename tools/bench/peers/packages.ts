import { execFile } from 'node:child_process';
import { readFile, readdir, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const INSTALL = [
  ...['install', '--prefix', FOLDER, '--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts'],
  ...['--fetch-retries=1', '--fetch-timeout=30000'],
];
const INSTALL_WITHIN = 180_000;

/** Loads a package of the peers. */
export function requirePeer(name: string): unknown {
  return createRequire(join(FOLDER, 'package.json'))(name);
}

/** Installs what peers need, unless it is there in the wanted versions; resolves with why it is not there, or null. */
export async function installPeers(): Promise<string | null> {
  const { dependencies } = JSON.parse(await readFile(join(FOLDER, 'package.json'), 'utf8')) as {
    dependencies: Readonly<Record<string, string>>;
  };
  const present = await Promise.all(Object.keys(dependencies).map(versionOf));
  if (Object.values(dependencies).every((version, index) => version === present[index])) return null;
  try {
    console.error('  installing peers …');
    await run('npm', INSTALL, { timeout: INSTALL_WITHIN });
    return null;
  } catch (thrown) {
    const { stderr } = thrown as { readonly stderr?: string };
    return `npm could not install them (${/npm error code (\w+)/.exec(stderr ?? '')?.[1] ?? 'no answer'})`;
  }
}

async function versionOf(name: string): Promise<string | null> {
  try {
    const text = await readFile(join(FOLDER, 'node_modules', name, 'package.json'), 'utf8');
    return (JSON.parse(text) as { readonly version: string }).version;
  } catch {
    return null;
  }
}

/** The program of workerd for this platform; null where there is none. */
export async function findWorkerd(): Promise<string | null> {
  const scope = join(FOLDER, 'node_modules', '@cloudflare');
  const packages = await readdir(scope).catch(() => []);
  for (const name of packages.filter((each) => each.startsWith('workerd-'))) {
    const program = join(scope, name, 'bin', 'workerd');
    if (
      await stat(program).then(
        (found) => found.isFile(),
        () => false,
      )
    )
      return program;
  }
  return null;
}
