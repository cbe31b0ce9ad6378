import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';

/* Git as anybody has it, for tests against the fake forges. */

export interface Remote {
  readonly url: string;
  readonly username: string;
  readonly password: string;
}

export interface GitEnd {
  readonly ok: boolean;
  /** Both streams. */
  readonly output: string;
}

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'funade-git-'));
  folders.push(folder);
  return folder;
}

const HELPER = '!f() { test "$1" = get && echo "username=$REMOTE_USERNAME" && echo "password=$REMOTE_PASSWORD"; }; f';

/** Never synchronous: the server is in this process. */
export function git(directory: string, args: readonly string[], remote?: Remote): Promise<GitEnd> {
  const options = ['-c', 'credential.helper=', '-c', `credential.helper=${HELPER}`, '-c', 'protocol.version=2'];
  const env = {
    PATH: process.env['PATH'],
    HOME: directory,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    GIT_AUTHOR_NAME: 'somebody',
    GIT_AUTHOR_EMAIL: 'somebody@example.com',
    GIT_COMMITTER_NAME: 'somebody',
    GIT_COMMITTER_EMAIL: 'somebody@example.com',
    LC_ALL: 'C',
    REMOTE_USERNAME: remote?.username,
    REMOTE_PASSWORD: remote?.password,
  };
  return new Promise((resolve) => {
    execFile('git', [...options, ...args], { cwd: directory, env, encoding: 'utf8' }, (error, stdout, stderr) =>
      resolve({ ok: error === null, output: `${stdout}${stderr}` }),
    );
  });
}

/** A clone with one more commit on a branch, not pushed yet. */
export async function cloneWithWork(remote: Remote, branch: string, text: string): Promise<string> {
  const folder = newFolder();
  await must(git(folder, ['clone', '--quiet', remote.url, 'clone'], remote));
  const clone = join(folder, 'clone');
  await must(git(clone, ['checkout', '--quiet', '-B', branch]));
  await must(git(clone, ['commit', '--quiet', '--allow-empty', '-m', text]));
  return clone;
}

export async function must(end: Promise<GitEnd>): Promise<string> {
  const { ok, output } = await end;
  if (!ok) throw new Error(output);
  return output.trim();
}
