import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, normalize, relative, sep } from 'node:path';
import { Refused } from './port.ts';

const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR } = constants;

/**
 * The path of an argument, relative to the checkout and with its dots resolved; `.` for the checkout itself. Refuses what leads out by its
 * words. Links are looked at afterwards, by `findInside` and `placeInside`.
 */
export function cleanPath(root: string, path: string): string {
  if (path.includes('\0')) throw new Refused('A path can not hold a NUL character.');
  if (isAbsolute(path)) throw new Refused(absoluteHint(root, path));
  const clean = normalize(path === '' ? '.' : path).replace(/(?<=.)\/+$/, '');
  if (clean === '..' || clean.startsWith(`..${sep}`)) throw new Refused(`${path} leads out of the checkout.`);
  refuseGit(clean);
  return clean;
}

function absoluteHint(root: string, path: string): string {
  const below = relative(root, path);
  const hint = below === '' || below.startsWith('..') ? '' : ` Write ${below}.`;
  return `${path} is absolute; paths are relative to the checkout.${hint}`;
}

function refuseGit(path: string): void {
  if (path.split(sep).some((part) => part.toLowerCase() === '.git')) {
    throw new Refused('.git is not yours to read or change; what you edit is committed for you.');
  }
}

/** Absolute real path of what is there. */
export async function findInside(root: string, path: string): Promise<string> {
  const clean = cleanPath(root, path);
  const real = await realpath(join(root, clean)).catch((thrown: unknown) => {
    throw new Refused(absence(path, thrown));
  });
  return checked(root, real, path);
}

function absence(path: string, thrown: unknown): string {
  const { code } = thrown as NodeJS.ErrnoException;
  if (code === 'ENOENT') return `${path} does not exist.`;
  if (code === 'ENOTDIR') return `${path} does not exist: a part of it is no directory.`;
  if (code === 'ELOOP') return `${path} is a link that leads nowhere.`;
  return `${path} can not be reached: ${code ?? 'unknown reason'}.`;
}

function checked(root: string, real: string, path: string): string {
  const below = relative(root, real);
  if (below === '..' || below.startsWith(`..${sep}`) || isAbsolute(below)) {
    throw new Refused(`${path} leads out of the checkout through a link.`);
  }
  refuseGit(below);
  return real;
}

/** Absolute path to write at: the real one of what is there, or a new name in a directory that is made when it is missing. */
export async function placeInside(root: string, path: string): Promise<string> {
  const clean = cleanPath(root, path);
  if (clean === '.') throw new Refused(`${path} is a directory.`);
  const there = await lstat(join(root, clean)).catch(() => null);
  if (there !== null) return findInside(root, path);
  return join(await directoryInside(root, dirname(clean)), basename(clean));
}

async function directoryInside(root: string, path: string): Promise<string> {
  let made = root;
  for (const part of path === '.' ? [] : path.split(sep)) {
    const next = join(made, part);
    await mkdir(next).catch((thrown: unknown) => {
      if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
    });
    made = checked(root, await realpath(next), path);
  }
  return made;
}

/** Opens a regular file; a pipe or a device would hang or do harm. */
export async function openRegular(real: string, path: string, mode: 'read' | 'write'): Promise<FileHandle> {
  const flags = mode === 'read' ? O_RDONLY : O_RDWR | O_CREAT;
  const file = await open(real, flags | O_NOFOLLOW | O_NONBLOCK, 0o644).catch((thrown: unknown) => {
    throw new Refused(obstacle(path, (thrown as NodeJS.ErrnoException).code));
  });
  const facts = await file.stat();
  if (facts.isFile()) return file;
  await file.close();
  throw new Refused(facts.isDirectory() ? `${path} is a directory.` : `${path} is no regular file.`);
}

function obstacle(path: string, code: string | undefined): string {
  if (code === 'EISDIR') return `${path} is a directory.`;
  if (code === 'ELOOP') return `${path} is a link that leads nowhere.`;
  if (code === 'ENXIO') return `${path} is no regular file.`;
  return `${path} can not be opened: ${code ?? 'unknown reason'}.`;
}
