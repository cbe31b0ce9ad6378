import { execFile } from 'node:child_process';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A change of the example application, made by replacing text in its sources. */
export interface Change {
  readonly message: string;
  readonly file: string;
  readonly edit: (text: string) => string;
}

export interface Commit {
  readonly sha: string;
  readonly before: string;
  readonly message: string;
}

export interface Repository {
  readonly directory: string;
  commit(change: Change | null): Promise<Commit>;
}

const NOTHING = '0'.repeat(40);
const AUTHOR = {
  GIT_AUTHOR_NAME: 'Aoi',
  GIT_AUTHOR_EMAIL: 'aoi@example.com',
  GIT_COMMITTER_NAME: 'Aoi',
  GIT_COMMITTER_EMAIL: 'aoi@example.com',
};

/** A real git repository with the example application in it. */
export async function createRepository(example: string, directory: string): Promise<Repository> {
  await cp(example, directory, { recursive: true, filter: (path) => !path.endsWith('/dist') });
  const git = async (...args: readonly string[]) => {
    const { stdout } = await run('git', ['-c', 'init.defaultBranch=main', '-c', 'commit.gpgsign=false', ...args], {
      cwd: directory,
      env: { PATH: process.env['PATH'], HOME: directory, ...AUTHOR },
    });
    return stdout.trim();
  };
  await git('init', '--quiet');
  await writeFile(join(directory, '.git', 'info', 'exclude'), '.config\n');
  let head = NOTHING;
  return {
    directory,
    commit: async (change) => {
      if (change !== null) {
        const file = join(directory, change.file);
        const text = await readFile(file, 'utf8');
        const edited = change.edit(text);
        if (edited === text)
          throw new Error(`the change "${change.message}" finds nothing to change in ${change.file}`);
        await writeFile(file, edited);
      }
      await git('add', '--all');
      const message = change?.message ?? 'Greet the world';
      await git('commit', '--quiet', '-m', message);
      const before = head;
      head = await git('rev-parse', 'HEAD');
      return { sha: head, before, message };
    },
  };
}
