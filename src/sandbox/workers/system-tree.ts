import { cp, lstat, mkdir, readlink, realpath, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Mount } from '../boxes/bubblewrap.ts';

const DIRECTORIES = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'];
/** What programs look up in /etc: linking, names, time. Nothing of the host's users. */
const SETTINGS = [
  'gai.conf',
  'host.conf',
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'localtime',
  'mime.types',
  'protocols',
  'services',
  'ssl/openssl.cnf',
];
/** Directories of hundreds of links, which take seconds to copy on a slow disk: mounts of their own. */
const LARGE = ['alternatives', 'ca-certificates', 'pki/ca-trust/extracted', 'pki/tls/certs', 'ssl/certs'];
const WRITTEN: Readonly<Record<string, string>> = {
  hosts: '127.0.0.1 localhost\n::1 localhost\n',
  'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
  'resolv.conf': '',
};

/**
 * Programs and libraries of the host as a worker sees them, and an /etc made of copies below `stateDir`: few mounts instead of
 * twenty, each of which takes a tenth of a millisecond of every start. They do not change while the host runs.
 */
export async function makeSystemTree(stateDir: string): Promise<readonly Mount[]> {
  const etc = join(stateDir, 'etc');
  const found = await Promise.all(DIRECTORIES.map(describe));
  await makeSettings(etc);
  const large = await Promise.all(LARGE.map((name) => describeLarge(etc, name)));
  const system: readonly (Mount | undefined)[] = [...found, { path: '/etc', as: 'readable', source: etc }, ...large];
  return system.filter((mount) => mount !== undefined);
}

/** The mount on top of the copies, and where it goes. */
async function describeLarge(etc: string, name: string): Promise<Mount | undefined> {
  const source = await realpath(join('/etc', name)).catch(() => undefined);
  if (source === undefined) return undefined;
  await mkdir(join(etc, name), { recursive: true });
  return { path: join('/etc', name), as: 'readable', source };
}

async function describe(path: string): Promise<Mount | undefined> {
  const stats = await lstat(path).catch(() => undefined);
  if (stats === undefined) return undefined;
  if (!stats.isSymbolicLink()) return { path, as: 'readable' };
  return { path, as: 'link', source: await readlink(path) };
}

async function makeSettings(etc: string): Promise<void> {
  await rm(etc, { recursive: true, force: true });
  await mkdir(etc, { recursive: true, mode: 0o755 });
  for (const name of SETTINGS) {
    const source = await realpath(join('/etc', name)).catch(() => undefined);
    if (source === undefined) continue;
    await mkdir(dirname(join(etc, name)), { recursive: true });
    await cp(source, join(etc, name), { recursive: true, verbatimSymlinks: true, force: true });
  }
  for (const [name, text] of Object.entries(WRITTEN)) await writeFile(join(etc, name), text);
  const names = 'root:x:0:0:root:/:/usr/sbin/nologin\nnobody:x:65534:65534:nobody:/tmp:/usr/sbin/nologin\n';
  await writeFile(join(etc, 'passwd'), names);
  await writeFile(join(etc, 'group'), 'root:x:0:\nnogroup:x:65534:\n');
}

/** Whether a path is part of every worker's tree. */
export function isSystemPath(path: string): boolean {
  return path === '/usr' || DIRECTORIES.some((directory) => path.startsWith(`${directory}/`));
}
