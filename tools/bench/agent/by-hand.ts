import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const NOBODY = ['-c', 'user.name=Mona', '-c', 'user.email=mona@example.com'] as const;

/** What a person would type to propose a change of one file, as fast as it runs; answers the milliseconds. */
export async function proposeByHand(address: string, folder: string): Promise<number> {
  const git = (...args: readonly string[]) =>
    run('git', [...args], {
      env: {
        PATH: process.env['PATH'],
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_CONFIG_GLOBAL: '/dev/null',
        GIT_TERMINAL_PROMPT: '0',
      },
    });
  const begun = performance.now();
  await git('clone', '--quiet', address, folder);
  await git('-C', folder, 'switch', '--quiet', '--create', 'by-hand');
  await writeFile(join(folder, 'greeting.txt'), 'hello\n');
  await git('-C', folder, 'add', '--all');
  await git('-C', folder, ...NOBODY, 'commit', '--quiet', '--message', 'Greet');
  await git('-C', folder, 'push', '--quiet', 'origin', 'by-hand');
  return performance.now() - begun;
}
