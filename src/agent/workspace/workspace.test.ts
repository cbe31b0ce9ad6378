import { randomBytes } from 'node:crypto';
import { readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createManualClock } from '../../kernel/index.ts';
import { AGENT, type Bench, createBench, listing, never, requestFor, run, write } from './testing.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await createBench();
});
afterEach(() => bench.close());

const WORK = 'funade/issue-7';

test('a fresh checkout has the files of the base, and what is written in it is committed and pushed to the branch', async () => {
  const base = await bench.commit('one', { 'hello.txt': 'hello\n', 'bin/run': 'x' });
  const workspace = await bench.prepare();
  expect(workspace).toMatchObject({ base: { branch: 'main', sha: base }, continued: false, peculiarities: [] });
  expect(await readFile(join(workspace.directory, 'hello.txt'), 'utf8')).toBe('hello\n');
  await write(workspace.directory, { 'hello.txt': 'hello, world\n', 'src/new.txt': 'new\n' });
  await rm(join(workspace.directory, 'bin/run'));
  expect(await workspace.changes()).toEqual([
    { path: 'bin/run', kind: 'deleted', size: 0, binary: false, lfs: false },
    { path: 'hello.txt', kind: 'modified', size: 13, binary: false, lfs: false },
    { path: 'src/new.txt', kind: 'added', size: 4, binary: false, lfs: false },
  ]);
  const committed = await workspace.commit('feat: greet the world', AGENT);
  const pushed = await workspace.push(never);
  expect(pushed).toEqual({ kind: 'pushed', sha: committed?.sha, rebased: false });
  expect(bench.onRemote('log', '-1', '--format=%H %P %an <%ae> %s', WORK)).toBe(
    `${committed?.sha} ${base} Funade <agent@example.org> feat: greet the world`,
  );
  expect(listing(bench.remote, WORK)).toEqual(['100644 hello.txt', '100644 src/new.txt']);
  expect(await workspace.push(never)).toEqual({ kind: 'pushed', sha: committed?.sha, rebased: false });
});

test('acts of one task never overlap, not even those of a checkout that it had before', async () => {
  await bench.commit('one', Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`${index}.txt`, 'x\n'])));
  const before = await bench.prepare();
  await write(before.directory, { 'left.txt': 'x' });
  const [left, first, second] = await Promise.all([before.changes(), bench.prepare(), bench.prepare()]);
  expect(left.map(({ path }) => path)).toEqual(['left.txt']);
  expect([await first.changes(), await second.changes()]).toEqual([[], []]);
  expect(run(second.directory, ['status', '--porcelain'])).toBe('');
});

test('a checkout without a change commits nothing', async () => {
  await bench.commit('one', { 'a.txt': 'a' });
  const workspace = await bench.prepare();
  expect(await workspace.changes()).toEqual([]);
  expect(await workspace.patch(1000)).toBe('');
  expect(await workspace.commit('nothing', AGENT)).toBeNull();
});

test('what .gitignore names is not committed, what is tracked in spite of it is', async () => {
  await bench.commit('one', { 'kept.log': 'old' });
  await bench.commit('two', { '.gitignore': '*.log\nnode_modules/\n' });
  const workspace = await bench.prepare();
  await write(workspace.directory, { 'kept.log': 'new', 'other.log': 'x', 'node_modules/a/index.js': 'x' });
  expect((await workspace.changes()).map((file) => file.path)).toEqual(['kept.log']);
});

test('work goes on from a branch that the remote has, and is compared with where it left the base', async () => {
  await bench.commit('one', { 'a.txt': 'a' });
  const earlier = await bench.commit('earlier work', { 'b.txt': 'b' }, WORK);
  bench.git('checkout', '--quiet', 'main');
  const base = await bench.commit('two', { 'c.txt': 'c' });
  const workspace = await bench.prepare();
  expect(workspace).toMatchObject({ base: { sha: base }, continued: true });
  expect((await readdir(workspace.directory)).toSorted()).toEqual(['.git', 'a.txt', 'b.txt']);
  expect((await workspace.changes()).map((file) => file.path)).toEqual(['b.txt']);
  expect(await workspace.commit('nothing new', AGENT)).toEqual({ sha: earlier });
  await write(workspace.directory, { 'd.txt': 'd' });
  const committed = await workspace.commit('more', AGENT);
  await workspace.push(never);
  expect(bench.onRemote('rev-parse', `${WORK}~1`)).toBe(earlier);
  expect(bench.onRemote('rev-parse', WORK)).toBe(committed?.sha);
});

test('a branch whose change was merged is gone on with from the base', async () => {
  await bench.commit('one', { 'a.txt': 'a' });
  await bench.commit('merged work', { 'b.txt': 'b' }, WORK);
  bench.git('checkout', '--quiet', 'main');
  bench.git('merge', '--quiet', WORK);
  await bench.commit('three', { 'c.txt': 'c' });
  const workspace = await bench.prepare();
  expect((await readdir(workspace.directory)).toSorted()).toEqual(['.git', 'a.txt', 'b.txt', 'c.txt']);
  expect(await workspace.changes()).toEqual([]);
  await write(workspace.directory, { 'd.txt': 'd' });
  await workspace.commit('again', AGENT);
  expect(await workspace.push(never)).toMatchObject({ kind: 'pushed', rebased: false });
});

test('a branch whose change was squashed into the base shows only what is new', async () => {
  await bench.commit('one', { 'a.txt': 'a' });
  const old = await bench.commit('two commits', { 'b.txt': 'b' }, WORK);
  bench.git('checkout', '--quiet', 'main');
  bench.git('merge', '--quiet', '--squash', WORK);
  bench.git('commit', '--quiet', '-m', 'squashed');
  const base = await bench.commit('three', { 'b.txt': 'b, changed since', 'c.txt': 'c' });
  const workspace = await bench.prepare();
  expect((await readdir(workspace.directory)).toSorted()).toEqual(['.git', 'a.txt', 'b.txt', 'c.txt']);
  expect(await workspace.changes()).toEqual([]);
  await write(workspace.directory, { 'd.txt': 'd' });
  expect((await workspace.changes()).map((file) => file.path)).toEqual(['d.txt']);
  await workspace.commit('again', AGENT);
  expect(await workspace.push(never)).toMatchObject({ kind: 'pushed', rebased: false });
  expect(bench.onRemote('diff', '--name-only', `${base}...${WORK}`)).toBe('d.txt');
  expect(bench.onRemote('merge-base', old, WORK)).toBe(old);
});

test('a branch whose commits were rebased onto the base shows nothing, and one that the base has a part of shows the rest', async () => {
  await bench.commit('one', { 'a.txt': 'a' });
  await bench.commit('first', { 'b.txt': 'b' }, WORK);
  await bench.commit('second', { 'c.txt': 'c' }, WORK);
  bench.git('checkout', '--quiet', 'main');
  await bench.commit('between', { 'z.txt': 'z' });
  bench.git('cherry-pick', `${WORK}~1`);
  bench.git('push', '--quiet', 'origin', 'main');
  expect((await (await bench.prepare()).changes()).map((file) => file.path)).toEqual(['b.txt', 'c.txt']);
  bench.git('cherry-pick', WORK);
  bench.git('push', '--quiet', 'origin', 'main');
  const workspace = await bench.prepare();
  expect(await workspace.changes()).toEqual([]);
  expect((await readdir(workspace.directory)).toSorted()).toEqual(['.git', 'a.txt', 'b.txt', 'c.txt', 'z.txt']);
});

test('work on the head of a change is pushed to it, and compared with what that was at first', async () => {
  await bench.commit('one', { 'a.txt': 'a' });
  const first = await bench.commit('a person’s change', { 'b.txt': 'b' }, 'topic');
  const request = { base: 'topic', branch: 'topic' };
  const workspace = await bench.prepare(request);
  expect(workspace.base).toEqual({ branch: 'topic', sha: first });
  expect(await workspace.commit('nothing', AGENT)).toBeNull();
  await write(workspace.directory, { 'c.txt': 'c' });
  const committed = await workspace.commit('more', AGENT);
  expect(await workspace.push(never)).toMatchObject({ kind: 'pushed', sha: committed?.sha });
  const later = await bench.prepare({ ...request, mode: 'continue' });
  expect(later.base.sha).toBe(first);
  expect((await later.changes()).map((file) => file.path)).toEqual(['c.txt']);
  expect(await later.commit('nothing', AGENT)).toEqual({ sha: committed?.sha });
});

test('a checkout that is gone on with stays as it was left; a fresh one does not, but keeps the home', async () => {
  await bench.commit('one', { 'a.txt': 'a' });
  const workspace = await bench.prepare();
  await write(workspace.directory, { 'draft.txt': 'draft' });
  await write(workspace.home, { '.session': 'conversation' });
  await workspace.commit('not pushed', AGENT);
  await write(workspace.directory, { 'more.txt': 'more' });
  const base = await bench.commit('two', { 'funade.yaml': 'version: 1\n' });
  const left = await bench.prepare({ mode: 'continue' });
  expect((await left.changes()).map((file) => file.path)).toEqual(['draft.txt', 'more.txt']);
  expect(left.base.sha).toBe(base);
  expect(await left.read('funade.yaml')).toBe('version: 1\n');
  const fresh = await bench.prepare();
  expect(await fresh.changes()).toEqual([]);
  expect((await readdir(fresh.directory)).toSorted()).toEqual(['.git', 'a.txt', 'funade.yaml']);
  expect(await readFile(join(fresh.home, '.session'), 'utf8')).toBe('conversation');
});

test('going on without a checkout that is here begins afresh from the branch', async () => {
  await bench.commit('one', { 'a.txt': 'a' });
  await bench.commit('earlier work', { 'b.txt': 'b' }, WORK);
  const workspace = await bench.prepare({ mode: 'continue' });
  expect((await workspace.changes()).map((file) => file.path)).toEqual(['b.txt']);
});

test('the base can be read, also through links inside of it, and never more than asked for', async () => {
  await bench.commit('one', { 'CLAUDE.md': 'rules\n', 'latin.txt': Buffer.from([0xe9]), 'big.txt': 'x'.repeat(100) });
  await symlink('CLAUDE.md', join(bench.root, 'person/AGENTS.md'));
  await symlink('/etc/passwd', join(bench.root, 'person/outside.txt'));
  await bench.commit('two', {});
  const workspace = await bench.prepare();
  await write(workspace.directory, { 'CLAUDE.md': 'rules of the agent' });
  expect(await workspace.read('CLAUDE.md')).toBe('rules\n');
  expect(await workspace.read('./AGENTS.md')).toBe('rules\n');
  for (const path of ['outside.txt', 'nowhere', '../x', '/etc/passwd', 'latin.txt', '.', 'a\nb']) {
    expect(await workspace.read(path), path).toBeNull();
  }
  expect(await workspace.read('big.txt', 100)).toHaveLength(100);
  expect(await workspace.read('big.txt', 99)).toBeNull();
});

test.each([
  ['an empty repository', 'main', 'repository_empty', []],
  ['a repository without the base', 'trunk', 'default_branch_missing', ['main']],
  ['a base that can be no branch', 'a..b', 'branch_name', ['main']],
])('%s is told as what it is', async (_, base, reason, branches) => {
  for (const branch of branches) await bench.commit('one', { 'a.txt': 'a' }, branch);
  await expect(bench.prepare({ base })).rejects.toMatchObject({ code: 'FUN_WORKSPACE', values: { reason } });
  expect(await bench.workspaces.has('task_1')).toBe(false);
});

test.each(['-x', '+main:refs/heads/other', 'a b', 'refs/heads/x', 'HEAD', 'x.lock', 'a:b', '@{u}', ''])(
  '%j is pushed to by nobody',
  async (branch) => {
    await bench.commit('one', { 'a.txt': 'a' });
    await expect(bench.prepare({ branch })).rejects.toMatchObject({ values: { reason: 'branch_name' } });
  },
);

test('a remote that is not there is unreachable, and a task id that is a path is none', async () => {
  const gone = requestFor(join(bench.root, 'nowhere.git'));
  await expect(bench.workspaces.prepare(gone, never)).rejects.toMatchObject({ code: 'FUN_GIT_UNREACHABLE' });
  await expect(bench.prepare({ task: '../x' })).rejects.toThrow('no id of a task');
});

test('an aborted preparation rejects with the reason and does not stop the next', async () => {
  await bench.commit('one', { 'a.txt': 'a' });
  const aborted = AbortSignal.abort(new Error('stopped'));
  await expect(bench.workspaces.prepare(requestFor(bench.remote), aborted)).rejects.toThrow('stopped');
  expect(await (await bench.prepare()).changes()).toEqual([]);
});

test('locks that a killed git left behind stop nothing', async () => {
  await bench.commit('one', { 'a.txt': 'a' });
  const workspace = await bench.prepare();
  const folder = join(bench.root, 'agent/tasks/task_1');
  await writeFile(join(folder, 'index.work.lock'), '');
  await write(workspace.directory, { 'b.txt': 'b' });
  expect(await workspace.commit('two', AGENT)).not.toBeNull();
  const [mirror = ''] = await readdir(join(bench.root, 'agent/mirrors'));
  const refs = join(bench.root, 'agent/mirrors', mirror, 'refs/remote');
  const [ref = ''] = await readdir(refs);
  await writeFile(join(refs, `${ref}.lock`), '');
  await bench.commit('two', { 'c.txt': 'c' });
  expect((await bench.prepare({ mode: 'continue' })).base.sha).toBe(bench.git('rev-parse', 'HEAD'));
});

test('the agent finds a repository of its own, which shares nothing with ours', async () => {
  const base = await bench.commit('one', { 'a.txt': 'a' });
  const workspace = await bench.prepare();
  const git = (...args: readonly string[]) => run(workspace.directory, args);
  expect(git('status', '--porcelain', '--branch')).toBe(`## ${WORK}`);
  expect(git('rev-parse', 'main')).toBe(base);
  expect(git('remote')).toBe('');
  expect(git('config', '--local', 'user.email')).toBe('agent@funade.invalid');
  await expect(stat(join(workspace.directory, '.git/objects/info/alternates'))).rejects.toThrow('ENOENT');
  const objects = await readdir(join(workspace.directory, '.git/objects'), { recursive: true, withFileTypes: true });
  const files = objects.filter((entry) => entry.isFile()).map((entry) => stat(join(entry.parentPath, entry.name)));
  expect((await Promise.all(files)).map((file) => file.nlink)).not.toContain(2);
  await write(workspace.directory, { 'b.txt': 'b' });
  git('add', '--all');
  git('commit', '--quiet', '-m', 'of the agent');
  expect((await workspace.changes()).map((file) => file.path)).toEqual(['b.txt']);
  const committed = await workspace.commit('ours', AGENT);
  await workspace.push(never);
  expect(bench.onRemote('log', '--format=%s', WORK)).toBe('ours\none');
  expect(bench.onRemote('rev-parse', WORK)).toBe(committed?.sha);
});

test('an identity that could break out of its line does not', async () => {
  await bench.commit('one', { 'a.txt': 'a' });
  const workspace = await bench.prepare();
  await write(workspace.directory, { 'b.txt': 'b' });
  const committed = await workspace.commit('two\0\n\nbody', { name: 'A <b>\nparent x', email: 'a@b>\n' });
  await workspace.push(never);
  expect(bench.onRemote('log', '-1', '--format=%an|%ae|%B', committed?.sha ?? '')).toBe(
    'A  b  parent x|a@b|two\n\nbody',
  );
});

test('eight tasks of one repository work side by side without touching each other', async () => {
  await bench.commit('one', { 'a.txt': 'a' });
  const numbers = Array.from({ length: 8 }, (_, index) => index);
  const pushed = await Promise.all(
    numbers.map(async (number) => {
      const workspace = await bench.prepare({ task: `task_${number}`, branch: `funade/issue-${number}` });
      await write(workspace.directory, { [`file-${number}.txt`]: String(number), 'a.txt': `a${number}` });
      await workspace.commit(`work ${number}`, AGENT);
      return workspace.push(never);
    }),
  );
  expect(pushed.map((end) => end.kind)).toEqual(numbers.map(() => 'pushed'));
  for (const number of numbers) {
    expect(listing(bench.remote, `funade/issue-${number}`)).toEqual(['100644 a.txt', `100644 file-${number}.txt`]);
    expect(bench.onRemote('show', `funade/issue-${number}:a.txt`)).toBe(`a${number}`);
  }
});

test('repositories of one name on two hosts, and of two ids, have mirrors of their own', async () => {
  await bench.commit('one', { 'a.txt': 'a' });
  await bench.prepare({ task: 'task_1' });
  await bench.prepare({ task: 'task_2', host: 'other.example.org' });
  await bench.prepare({ task: 'task_3', repository: { id: '8', fullName: 'mona/greeter' } });
  await bench.prepare({ task: 'task_4', repository: { id: '7', fullName: 'mona/renamed' } });
  expect(await readdir(join(bench.root, 'agent/mirrors'))).toHaveLength(3);
});

test('a sweep leaves what belongs to tasks that are alive, and mirrors that were used lately', async () => {
  await bench.close();
  const clock = createManualClock(Date.now());
  bench = await createBench({ clock });
  await bench.commit('one', { 'a.txt': 'a' });
  await bench.prepare({ task: 'task_1' });
  await bench.prepare({ task: 'task_2' });
  const mirrors = () => readdir(join(bench.root, 'agent/mirrors'));
  await bench.workspaces.sweep(new Set(['task_1', 'task_9']));
  expect([await bench.workspaces.has('task_1'), await bench.workspaces.has('task_2')]).toEqual([true, false]);
  clock.advance(31 * 86_400_000);
  await bench.workspaces.sweep(new Set(['task_1']));
  expect(await mirrors()).toHaveLength(1);
  await bench.workspaces.sweep(new Set());
  expect(await mirrors()).toHaveLength(0);
  expect(await readdir(join(bench.root, 'agent/tasks'))).toEqual([]);
  expect((await bench.prepare()).continued).toBe(false);
});

test('a repository of 5 MB costs a few times what plain git needs for a clone, a commit and a push', async () => {
  const files = Object.fromEntries(
    Array.from({ length: 500 }, (_, index) => [`src/${index % 20}/${index}.bin`, randomBytes(10_240)]),
  );
  await bench.commit('five megabytes', files);
  const plain = await timed(async () => {
    const clone = join(bench.root, 'plain');
    run(bench.root, ['clone', '--quiet', '--no-local', bench.remote, clone]);
    await write(clone, { 'src/new.txt': 'new' });
    run(clone, ['add', '--all']);
    run(clone, ['diff', '--cached', '--stat']);
    run(clone, ['commit', '--quiet', '-m', 'two']);
    run(clone, ['push', '--quiet', 'origin', 'HEAD:refs/heads/plain']);
  });
  const ours = await timed(async () => {
    const workspace = await bench.prepare();
    await write(workspace.directory, { 'src/new.txt': 'new' });
    await workspace.changes();
    await workspace.patch(1_000_000);
    await workspace.commit('two', AGENT);
    expect(await workspace.push(never)).toMatchObject({ kind: 'pushed' });
  });
  expect(ours / plain).toBeLessThan(12);
});

async function timed(act: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await act();
  return performance.now() - start;
}
