import { realpath, stat } from 'node:fs/promises';
import type { Mount } from '../boxes/bubblewrap.ts';
import type { Scratch } from '../boxes/leftovers.ts';
import type { CommandRequest } from '../port.ts';

/** Host secrets that root could still read although it has no capabilities, because it owns them. */
const SYSTEM_SECRETS = ['/etc/shadow', '/etc/shadow-', '/etc/ssl/private'];
/** Sockets of the host's services: a read-only mount does not keep a program from connecting to them. */
const SERVICE_SOCKETS = '/run';
const NAME_SERVICE = '/etc/resolv.conf';

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

function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory === '/' ? '/' : `${directory}/`);
}
