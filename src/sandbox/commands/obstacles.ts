import { access, constants, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import type { CommandRequest } from '../port.ts';

/** What keeps the command from starting, told in the same words in every tier. */
export async function findObstacle({
  cwd,
  command,
  env,
  writable,
  readable,
}: CommandRequest): Promise<string | undefined> {
  for (const path of [cwd, ...writable, ...(readable ?? [])]) {
    if (!isAbsolute(path)) return `${path} is not an absolute path`;
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) return `${path} does not exist`;
    if (path === cwd && !found.isDirectory()) return `${path} is not a directory`;
  }
  if ('shell' in command) return undefined;
  const [program = ''] = command.argv;
  const found = await findProgram(program, cwd, env['PATH'] ?? '');
  return found === undefined ? `there is no program ${program || '(empty)'}` : undefined;
}

/** The file that a program's name means, as `execvp` looks for it. */
export async function findProgram(name: string, cwd: string, path: string): Promise<string | undefined> {
  if (name === '') return undefined;
  const places = name.includes('/') ? [resolve(cwd, name)] : path.split(delimiter).map((place) => join(place, name));
  for (const place of places) {
    const allowed = await access(place, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (allowed && (await stat(place)).isFile()) return place;
  }
  return undefined;
}
