import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  lstat,
  mkdir,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Workspace } from './port.ts';
import { AGENT, type Bench, createBench, listing, never, run, write } from './testing.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await createBench();
});
afterEach(async () => {
  execFileSync('chmod', ['-R', 'u+rwx', bench.root]);
  await bench.close();
});

const paths = async (workspace: Workspace) => (await workspace.changes()).map((file) => file.path);

/** Commits and pushes; answers what the commit has. */
async function pushed(workspace: Workspace): Promise<readonly string[]> {
  const committed = await workspace.commit('work', AGENT);
  expect(await workspace.push(never)).toMatchObject({ kind: 'pushed' });
  return listing(bench.remote, committed?.sha ?? '');
}

/** Configuration with which a git that reads it would run a program that leaves a file behind. */
async function trap(gitDir: string): Promise<() => Promise<boolean>> {
  const proof = join(bench.root, 'proof');
  const program = join(bench.root, 'evil.sh');
  await writeFile(program, `#!/bin/sh\ntouch ${proof}\nexit 1\n`);
  await chmod(program, 0o755);
  const keys = ['fsmonitor', 'editor', 'pager', 'sshCommand', 'gitProxy'].map((key) => `${key} = ${program}`);
  const filters = ['lfs', 'evil'].map((name) => `[filter "${name}"]\nclean = ${program}\nsmudge = ${program}\n`);
  const more = `[diff]\nexternal = ${program}\n[diff "evil"]\ntextconv = ${program}\n[merge "evil"]\ndriver = ${program}\n`;
  const hooks = join(gitDir, 'hooks');
  await mkdir(hooks, { recursive: true });
  for (const hook of ['pre-commit', 'post-checkout', 'post-index-change', 'pre-push', 'reference-transaction'])
    await writeFile(join(hooks, hook), `#!/bin/sh\n${program}\n`, { mode: 0o755 });
  await writeFile(
    join(gitDir, 'config'),
    `[core]\nrepositoryformatversion = 0\nhooksPath = ${hooks}\n${keys.join('\n')}\n${filters.join('')}${more}`,
  );
  return () => stat(proof).then(() => true, () => false); // prettier-ignore
}

test('the configuration of the tree’s .git, its attributes and hooks run nothing', async () => {
  await bench.commit('one', { 'a.txt': 'a' });
  const workspace = await bench.prepare();
  const sprung = await trap(join(workspace.directory, '.git'));
  await write(workspace.directory, {
    '.gitattributes': '* filter=evil diff=evil merge=evil\n',
    'a.txt': 'changed',
    'b.txt': 'b',
  });
  expect(await paths(workspace)).toEqual(['.gitattributes', 'a.txt', 'b.txt']);
  expect(await workspace.patch(10_000)).toContain('+changed');
  await bench.commit('a person’s', { 'c.txt': 'c' }, 'funade/issue-7');
  const committed = await workspace.commit('work', AGENT);
  expect(await workspace.push(never)).toMatchObject({ kind: 'pushed', rebased: true });
  expect(committed).not.toBeNull();
  await bench.prepare({ mode: 'continue' });
  expect(await sprung()).toBe(false);
});

test('a nested repository and a submodule that the agent made its own run nothing, are told, and are not committed', async () => {
  const other = join(bench.root, 'other');
  run(bench.root, ['init', '--quiet', other]);
  run(other, ['commit', '--quiet', '--allow-empty', '-m', 'one']);
  bench.git('submodule', '--quiet', 'add', other, 'libs/sub');
  await bench.commit('one', { 'a.txt': 'a' });
  const workspace = await bench.prepare();
  expect(workspace.peculiarities).toEqual(['submodules']);
  expect(await workspace.changes()).toEqual([]);
  for (const name of ['libs/sub', 'nested', 'x/deep']) {
    const folder = join(workspace.directory, name);
    await mkdir(folder, { recursive: true });
    run(folder, ['init', '--quiet', '.']);
    await write(folder, { 'file.txt': 'file' });
    run(folder, ['add', '.']);
    run(folder, ['commit', '--quiet', '-m', 'of the agent']);
  }
  const sprung = await Promise.all(
    ['libs/sub', 'nested', 'x/deep'].map((name) => trap(join(workspace.directory, name, '.git'))),
  );
  await write(workspace.directory, { 'a.txt': 'changed' });
  const changes = await workspace.changes();
  expect(changes.filter((file) => file.kind === 'submodule').map((file) => file.path)).toEqual([
    'nested',
    'x/deep',
    'libs/sub',
  ]);
  expect(await pushed(workspace)).toEqual(['100644 .gitmodules', '100644 a.txt', '160000 libs/sub']);
  expect(await Promise.all(sprung.map((ask) => ask()))).toEqual([false, false, false]);
});

test.each([
  ['removed', (folder: string) => rm(folder, { recursive: true })],
  ['filled with files', (folder: string) => write(folder, { 'x.txt': 'x' })],
  ['replaced by a file', (folder: string) => rm(folder, { recursive: true }).then(() => writeFile(folder, 'x'))],
  ['replaced by a link', (folder: string) => rm(folder, { recursive: true }).then(() => symlink('/etc', folder))],
  ['given a .git that points outside', (folder: string) => write(folder, { '.git': 'gitdir: /etc/ssl\n' })],
])('a submodule that is %s is told of, and stays what it was in the commit', async (_, change) => {
  const other = join(bench.root, 'other');
  run(bench.root, ['init', '--quiet', other]);
  run(other, ['commit', '--quiet', '--allow-empty', '-m', 'one']);
  bench.git('submodule', '--quiet', 'add', other, 'sub');
  await bench.commit('one', {});
  const workspace = await bench.prepare();
  await change(join(workspace.directory, 'sub'));
  expect(await workspace.changes()).toEqual([{ path: 'sub', kind: 'submodule', size: 0, binary: false, lfs: false }]);
  await write(workspace.directory, { 'b.txt': 'b' });
  expect(await pushed(workspace)).toEqual(['100644 .gitmodules', '100644 b.txt', '160000 sub']);
});

test('a submodule that was fetched as it belongs there is no change', async () => {
  const other = join(bench.root, 'other');
  run(bench.root, ['init', '--quiet', other]);
  run(other, ['commit', '--quiet', '--allow-empty', '-m', 'one']);
  bench.git('submodule', '--quiet', 'add', other, 'sub');
  await bench.commit('one', {});
  const workspace = await bench.prepare();
  run(workspace.directory, ['submodule', '--quiet', 'update', '--init']);
  expect(await readdir(join(workspace.directory, 'sub'))).toEqual(['.git']);
  expect(await workspace.changes()).toEqual([]);
});

test.each([
  ['nothing', (dotGit: string) => rm(dotGit, { recursive: true })],
  ['a file that points outside', (dotGit: string) => replace(dotGit, () => writeFile(dotGit, 'gitdir: /etc\n'))],
  ['a link', (dotGit: string) => replace(dotGit, () => symlink('/etc', dotGit))],
  ['a FIFO', (dotGit: string) => replace(dotGit, () => Promise.resolve(execFileSync('mkfifo', [dotGit])))],
  ['an empty folder', (dotGit: string) => replace(dotGit, () => mkdir(dotGit))],
])('with %s in place of .git the work is committed as ever', async (_, change) => {
  await bench.commit('one', { 'a.txt': 'a' });
  const workspace = await bench.prepare();
  await change(join(workspace.directory, '.git'));
  await write(workspace.directory, { 'b.txt': 'b' });
  expect(await pushed(workspace)).toEqual(['100644 a.txt', '100644 b.txt']);
  await bench.prepare({ mode: 'continue' });
  expect(await paths(await bench.prepare({ mode: 'fresh' }))).toEqual(['b.txt']);
});

async function replace(path: string, make: () => Promise<unknown>): Promise<void> {
  await rm(path, { recursive: true, force: true });
  await make();
}

test('files with any name are committed under that name', async () => {
  await bench.commit('one', { 'a.txt': 'a' });
  const workspace = await bench.prepare();
  const names = [
    '-x',
    '--force',
    'line\nbreak',
    'tab\there',
    '"quoted"',
    "it's",
    '日本語.txt',
    ':(glob)*',
    '*',
    ' ',
    'a\\b',
  ];
  await write(workspace.directory, Object.fromEntries(names.map((name) => [name, name])));
  await writeFile(Buffer.concat([Buffer.from(workspace.directory), Buffer.from([0x2f, 0xe9])]), 'latin');
  expect((await paths(workspace)).toSorted()).toEqual([...names, '\ufffd'].toSorted());
  await pushed(workspace);
  const listed = listing(bench.remote, 'funade/issue-7').map((line) => line.slice('100644 '.length));
  expect(listed).toEqual(expect.arrayContaining(names));
  const contents = names.map((name) => bench.onRemote('show', `funade/issue-7:${name}`));
  expect(contents).toEqual(names.map((name) => name.trim()));
});

test('links are committed as links; what they lead to is not read', async () => {
  await bench.commit('one', { 'libs/x.txt': 'x', 'libs/y.txt': 'y', 'a.txt': 'a' });
  const workspace = await bench.prepare();
  const outside = join(bench.root, 'outside');
  await write(outside, { 'x.txt': 'secret', 'y.txt': 'y' });
  await rm(join(workspace.directory, 'libs'), { recursive: true });
  await symlink(outside, join(workspace.directory, 'libs'));
  await symlink('/etc/passwd', join(workspace.directory, 'passwd'));
  await symlink('nowhere', join(workspace.directory, 'dangling'));
  await rm(join(workspace.directory, 'a.txt'));
  await symlink(join(outside, 'x.txt'), join(workspace.directory, 'a.txt'));
  const kinds = (await workspace.changes()).map((file) => `${file.kind} ${file.path}`);
  expect(kinds).toEqual([
    'type_changed a.txt',
    'added dangling',
    'added libs',
    'deleted libs/x.txt',
    'deleted libs/y.txt',
    'added passwd',
  ]);
  expect(await workspace.patch(100_000)).not.toMatch(/secret|root:/);
  expect(await pushed(workspace)).toEqual(['120000 a.txt', '120000 dangling', '120000 libs', '120000 passwd']);
});

test('links in the base are checked out as links, and nothing is written through them', async () => {
  const outside = join(bench.root, 'outside');
  await mkdir(outside);
  await symlink(outside, join(bench.root, 'person/out'));
  await bench.commit('one', {});
  const workspace = await bench.prepare();
  await write(workspace.directory, { 'out/x.txt': 'x' });
  expect(await workspace.changes()).toEqual([]);
  await rm(join(workspace.directory, 'out'));
  await write(workspace.directory, { 'out/y.txt': 'y' });
  expect(await pushed(workspace)).toEqual(['100644 out/y.txt']);
  expect(await readdir(outside)).toEqual(['x.txt']);
});

test('FIFOs, sockets and devices are left out and nobody waits for them', async () => {
  await bench.commit('one', { 'a.txt': 'a', 'b.txt': 'b' });
  const workspace = await bench.prepare();
  const at = (name: string) => join(workspace.directory, name);
  await rm(at('a.txt'));
  await mkdir(at('sub'));
  execFileSync('mkfifo', [at('a.txt'), at('fifo'), at('.gitignore'), at('sub/.gitattributes'), at('.gitmodules')]);
  const server = createServer().listen(at('socket'));
  await once(server, 'listening');
  try {
    expect(await workspace.changes()).toMatchObject([{ path: 'a.txt', kind: 'deleted' }]);
    expect(await pushed(workspace)).toEqual(['100644 b.txt']);
    expect((await lstat(at('fifo'))).isFIFO()).toBe(true);
  } finally {
    server.close();
  }
});

test('a file that becomes a folder and a folder that becomes a file are followed', async () => {
  await bench.commit('one', { file: 'x', 'folder/a': 'a', 'folder/b': 'b' });
  const workspace = await bench.prepare();
  await rm(join(workspace.directory, 'file'));
  await rm(join(workspace.directory, 'folder'), { recursive: true });
  await write(workspace.directory, { 'file/inside': 'x', folder: 'now a file' });
  expect(await pushed(workspace)).toEqual(['100644 file/inside', '100644 folder']);
});

test('the executable bit is kept, and nothing named .git gets into a commit', async () => {
  await bench.commit('one', { 'run.sh': 'x' });
  const workspace = await bench.prepare();
  await chmod(join(workspace.directory, 'run.sh'), 0o755);
  await write(workspace.directory, { '.GIT/config': '[core]\n', 'sub/.git/x': 'x', 'git~1/config': 'x', 'sub/a': 'a' });
  expect(await pushed(workspace)).toEqual(['100755 run.sh', '100644 sub/a']);
});

test('more than anybody can have meant is refused before it is stored', async () => {
  await bench.commit('one', { 'a.txt': 'a' });
  const workspace = await bench.prepare();
  await writeFile(join(workspace.directory, 'huge.bin'), '');
  await truncate(join(workspace.directory, 'huge.bin'), 1024 ** 4);
  const refusal = { code: 'FUN_WORKSPACE', values: { reason: 'diff_too_large' } };
  await expect(workspace.changes()).rejects.toMatchObject(refusal);
  await expect(workspace.commit('huge', AGENT)).rejects.toMatchObject(refusal);
  await rm(join(workspace.directory, 'huge.bin'));
  expect(await workspace.changes()).toEqual([]);
});

test('a patch has what binary files and attributes would hide, and ends at its limit', async () => {
  await bench.commit('one', { 'old.txt': 'gone\n'.repeat(1000) });
  const workspace = await bench.prepare();
  const binary = Buffer.concat([Buffer.from([0, 1, 2]), Buffer.from('token-in-binary')]);
  await write(workspace.directory, {
    '.gitattributes': '* -diff\n',
    'data.bin': binary,
    'secret.txt': 'token-in-text\n',
  });
  await rm(join(workspace.directory, 'old.txt'));
  const patch = await workspace.patch(100_000);
  expect(patch).toContain('token-in-binary');
  expect(patch).toContain('+token-in-text');
  expect(patch).not.toContain('gone');
  expect(Buffer.byteLength(await workspace.patch(50))).toBe(50);
  expect((await workspace.changes()).find((file) => file.path === 'data.bin')).toMatchObject({
    binary: true,
    size: 18,
  });
});

test('files that the base keeps in LFS are told of when they are no pointers, whatever the agent says of attributes', async () => {
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 5\n`;
  await bench.commit('one', { '.gitattributes': '*.png filter=lfs diff=lfs merge=lfs -text\n', 'a.png': pointer });
  const workspace = await bench.prepare();
  expect(workspace.peculiarities).toEqual(['lfs']);
  expect(await readFile(join(workspace.directory, 'a.png'), 'utf8')).toBe(pointer);
  await write(workspace.directory, {
    '.gitattributes': '',
    'a.png': 'real content',
    'b.png': pointer.replace('size 5', 'size 6'),
    'c.txt': 'text',
  });
  const lfs = (await workspace.changes()).map((file) => `${file.path} ${file.lfs}`);
  expect(lfs).toEqual(['.gitattributes false', 'a.png true', 'b.png false', 'c.txt false']);
});

test('a repository with hooks for people is told of, and none of them is run', async () => {
  await bench.commit('one', { '.husky/pre-commit': 'touch /tmp/never\n', 'a.txt': 'a' });
  expect((await bench.prepare()).peculiarities).toEqual(['hooks']);
});

const isRoot = process.getuid?.() === 0;

test('directories and files without any rights are let into again, and removed', async () => {
  await bench.commit('one', { 'closed/a.txt': 'a', 'closed/deep/b.txt': 'b' });
  const workspace = await bench.prepare();
  const at = (name: string) => join(workspace.directory, name);
  await write(workspace.directory, { 'closed/deep/b.txt': 'changed', 'new/c.txt': 'c' });
  await chmod(at('closed/deep/b.txt'), 0);
  for (const name of ['closed/deep', 'closed', 'new']) await chmod(at(name), 0);
  const own = workspace.directory;
  // Rights mean nothing to root: as somebody else the same is asked for what would be in the way.
  await asOrdinaryUser(own, async () => {
    expect(await paths(workspace)).toEqual(['closed/deep/b.txt', 'new/c.txt']);
    for (const name of ['closed/deep', 'closed', 'new', '.git']) await chmod(at(name), 0o500);
    await bench.workspaces.remove('task_1');
    expect(await bench.workspaces.has('task_1')).toBe(false);
    expect(await readdir(join(bench.root, 'agent/tasks'))).toEqual([]);
  });
});

/** Effective user `nobody` for what runs meanwhile, where the tests run as root. */
async function asOrdinaryUser(tree: string, act: () => Promise<void>): Promise<void> {
  if (!isRoot || process.seteuid === undefined) return act();
  execFileSync('chown', ['-hR', '65534', bench.root]);
  expect(tree.startsWith(bench.root)).toBe(true);
  process.seteuid(65_534);
  try {
    await act();
  } finally {
    process.seteuid(0);
  }
}

test('a folder deeper than a path can be is committed around, and removed', async () => {
  await bench.commit('one', { 'a.txt': 'a' });
  const workspace = await bench.prepare();
  const script = `for (let depth = 0; depth < 30; depth += 1) { fs.mkdirSync(name); process.chdir(name); }`;
  const whole = `const fs = require('node:fs'); const name = 'd'.repeat(200); ${script}`;
  execFileSync(process.execPath, ['-e', whole], { cwd: workspace.directory });
  await write(workspace.directory, { 'b.txt': 'b' });
  expect(await pushed(workspace)).toEqual(['100644 a.txt', '100644 b.txt']);
  await bench.workspaces.remove('task_1');
  expect(await readdir(join(bench.root, 'agent/tasks'))).toEqual([]);
});

test('a tree that was replaced by a link is not gone on with', async () => {
  await bench.commit('one', { 'a.txt': 'a' });
  const workspace = await bench.prepare();
  const outside = join(bench.root, 'outside');
  await rename(workspace.directory, outside);
  await write(outside, { 'b.txt': 'b' });
  await symlink(outside, workspace.directory);
  const next = await bench.prepare({ mode: 'continue' });
  expect(await next.changes()).toEqual([]);
  expect((await lstat(next.directory)).isDirectory()).toBe(true);
  expect(await readFile(join(outside, 'b.txt'), 'utf8')).toBe('b');
});
