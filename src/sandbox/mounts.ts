import { realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Mount } from './bubblewrap.ts';
import type { CommandRequest, WorkerRequest } from './port.ts';

/** Host secrets that root could still read although it has no capabilities, because it owns them. */
const SYSTEM_SECRETS = ['/etc/shadow', '/etc/shadow-', '/etc/ssl/private'];
/** Sockets of the host's services: a read-only mount does not keep a program from connecting to them. */
const SERVICE_SOCKETS = '/run';
const NAME_SERVICE = '/etc/resolv.conf';
const SYSTEM_DIRECTORIES = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'];
const SYSTEM_FILES = [
  'alternatives',
  'ca-certificates',
  'gai.conf',
  'group',
  'host.conf',
  'hosts',
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'localtime',
  'nsswitch.conf',
  'passwd',
  'pki/tls/certs',
  'pki/ca-trust/extracted',
  'protocols',
  'resolv.conf',
  'services',
  'ssl/certs',
  'ssl/openssl.cnf',
].map((name) => `/etc/${name}`);

export interface Scratch {
  readonly home: string;
  readonly temporary: string;
}

/** The mounts of a pipeline command over the read-only host. */
export async function commandMounts(request: CommandRequest, scratch: Scratch): Promise<readonly Mount[]> {
  const hidden = [...(request.hidden ?? []), ...SYSTEM_SECRETS, SERVICE_SOCKETS];
  const writable = await Promise.all(request.writable.map((path) => realpath(path)));
  const readable = await Promise.all((request.readable ?? []).map((path) => realpath(path)));
  const cwd = await realpath(request.cwd);
  const nameService = await realpath(NAME_SERVICE).catch(() => NAME_SERVICE);
  const mounts: Mount[] = [
    { path: await realpath('/tmp'), as: 'writable', source: scratch.temporary },
    { path: scratch.home, as: 'writable' },
    ...writable.map((path) => ({ path, as: 'writable' as const })),
    ...readable.map((path) => ({ path, as: 'readable' as const })),
    ...(await Promise.all(hidden.map(hide))).filter((mount) => mount !== undefined),
  ];
  if (nameService.startsWith(`${SERVICE_SOCKETS}/`)) mounts.push({ path: nameService, as: 'readable' });
  if (![...writable, ...readable].some((path) => isWithin(cwd, path))) mounts.push({ path: cwd, as: 'readable' });
  return mounts;
}

async function hide(path: string): Promise<Mount | undefined> {
  const real = await realpath(path).catch(() => undefined);
  if (real === undefined) return undefined;
  const directory = (await stat(real)).isDirectory();
  return { path: real, as: directory ? 'empty-directory' : 'unreadable-file' };
}

/** The mounts of a worker: the system's programs and libraries, and what it was given. */
export async function workerMounts(
  request: WorkerRequest,
  program: string,
  system: readonly Mount[],
): Promise<readonly Mount[]> {
  const real = await realpath(program);
  const given = [...request.readOnly, request.cwd, program, dirname(real)];
  return [...system, ...(await Promise.all(given.map(readableBothWays))).flat()];
}

/** A path that leads through a symbolic link is there under both of its names. */
async function readableBothWays(path: string): Promise<readonly Mount[]> {
  const real = await realpath(path);
  return [
    { path: real, as: 'readable' as const },
    { path, as: 'readable' as const, source: real },
  ].filter((mount) => !isSystem(mount.path));
}

function isSystem(path: string): boolean {
  return SYSTEM_DIRECTORIES.some((directory) => isWithin(path, directory));
}

/** Programs, libraries and settings of the host that any program needs. They do not change while the host runs. */
export async function findSystemMounts(): Promise<readonly Mount[]> {
  const found = await Promise.all([...SYSTEM_DIRECTORIES, ...SYSTEM_FILES].map(describe));
  return found.filter((mount) => mount !== undefined);
}

async function describe(path: string): Promise<Mount | undefined> {
  const real = await realpath(path).catch(() => undefined);
  return real === undefined ? undefined : { path, as: 'readable', source: real };
}

export function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory === '/' ? '/' : `${directory}/`);
}
