import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** Where programs of the system are; what a version manager puts before them takes its own time to start. */
const SYSTEM = ['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin'];

/** Path of a program: that of the system where there is one, as the server does it. */
export async function findProgram(name: string): Promise<string> {
  const places = [...SYSTEM, ...(process.env['PATH'] ?? '').split(':')];
  for (const place of places) {
    const path = join(place, name);
    if (
      await access(path, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  throw new Error(`there is no ${name} on this machine`);
}

/** The compiler itself, and not the program that chooses one. */
export async function findRustc(): Promise<string> {
  const { stdout } = await run('rustc', ['--print', 'sysroot']);
  return join(stdout.trim(), 'bin', 'rustc');
}
