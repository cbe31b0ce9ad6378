import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Clock, silentLogger, systemClock } from '../../kernel/index.ts';
import { removeDoomed } from './folders.ts';
import { createWorkspaces } from './index.ts';
import type { Workspace, WorkspaceRequest, Workspaces } from './port.ts';

export type Files = Readonly<Record<string, string | Uint8Array>>;

export const AGENT = { name: 'Funade', email: 'agent@example.org' } as const;
export const never = new AbortController().signal;

/** A remote with real git, somebody who pushes to it, and workspaces of a task. */
export interface Bench {
  readonly root: string;
  /** Bare repository. */
  readonly remote: string;
  readonly workspaces: Workspaces;
  /** git in the clone of a person. */
  git(...args: readonly string[]): string;
  /** Commits on a branch of the person's clone and pushes it. */
  commit(message: string, files: Files, branch?: string): Promise<string>;
  prepare(change?: Partial<WorkspaceRequest>): Promise<Workspace>;
  /** git in the remote. */
  onRemote(...args: readonly string[]): string;
  hook(name: string, script: string): Promise<void>;
  close(): Promise<void>;
}

export async function createBench({ clock = systemClock }: { readonly clock?: Clock } = {}): Promise<Bench> {
  const root = await mkdtemp(join(tmpdir(), 'funade-workspace-'));
  const remote = join(root, 'remote.git');
  const clone = join(root, 'person');
  run(root, ['init', '--quiet', '--bare', '--initial-branch=main', remote]);
  run(root, ['clone', '--quiet', remote, clone]);
  const workspaces = createWorkspaces({ directory: join(root, 'agent'), logger: silentLogger, clock });
  const git = (...args: readonly string[]) => run(clone, args);

  async function commit(message: string, files: Files, branch = 'main'): Promise<string> {
    git('checkout', '--quiet', '-B', branch);
    await write(clone, files);
    git('add', '--all');
    git('commit', '--quiet', '--allow-empty', '-m', message);
    git('push', '--quiet', 'origin', branch);
    return git('rev-parse', 'HEAD');
  }

  return {
    root,
    remote,
    workspaces,
    git,
    commit,
    onRemote: (...args) => run(remote, args),
    prepare: (change = {}) => workspaces.prepare({ ...requestFor(remote), ...change }, never),
    hook: async (name, script) => {
      const path = join(remote, 'hooks', name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, `#!/bin/sh\n${script}\n`);
      await chmod(path, 0o755);
    },
    close: () => removeDoomed(root),
  };
}

export function requestFor(url: string): WorkspaceRequest {
  return {
    task: 'task_1',
    host: 'git.example.org',
    repository: { id: '7', fullName: 'mona/greeter' },
    remote: () => Promise.resolve({ url, username: '', password: '' }),
    base: 'main',
    branch: 'funade/issue-7',
    mode: 'fresh',
  };
}

export function run(cwd: string, args: readonly string[]): string {
  const env = { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: cwd, GIT_CONFIG_NOSYSTEM: '1' };
  const who = ['-c', 'user.name=Aoi', '-c', 'user.email=aoi@example.org', '-c', 'protocol.file.allow=always'];
  return execFileSync('git', [...who, ...args], { cwd, env, encoding: 'utf8', stdio: 'pipe' }).trim();
}

export async function write(directory: string, files: Files): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), content);
  }
}

/** The paths of a commit with their modes, submodules and links included. */
export function listing(repository: string, commit: string): readonly string[] {
  const listed = run(repository, ['ls-tree', '-r', '-z', commit]);
  const lines = listed.split('\0').filter(Boolean);
  return lines.map((line) => `${line.slice(0, 6)} ${line.slice(line.indexOf('\t') + 1)}`);
}
