import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AGENT, type Bench, createBench, listing, never, run, write } from './testing.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await createBench();
  await bench.commit('one', { 'a.txt': 'a\n', 'b.txt': 'b\n' });
});
afterEach(() => bench.close());

const WORK = 'funade/issue-7';

async function worked(files: Readonly<Record<string, string>>) {
  const workspace = await bench.prepare();
  await write(workspace.directory, files);
  await workspace.commit('work', AGENT);
  return workspace;
}

test('what somebody pushed meanwhile stays, the work comes on top of it, and the tree follows', async () => {
  const workspace = await bench.prepare();
  await write(workspace.directory, { 'a.txt': 'ours\n' });
  await workspace.commit('first', AGENT);
  await write(workspace.directory, { 'new.txt': 'new\n', 'ignored.tmp': 'x', '.gitignore': '*.tmp\n' });
  await workspace.commit('second', { name: 'Mona', email: 'mona@example.org' });
  const theirs = await bench.commit('of a person', { 'b.txt': 'theirs\n', 'more/c.txt': 'c\n' }, WORK);
  const pushed = await workspace.push(never);
  expect(pushed).toMatchObject({ kind: 'pushed', rebased: true, sha: bench.onRemote('rev-parse', WORK) });
  expect(bench.onRemote('log', '--format=%an %s', WORK)).toBe('Mona second\nFunade first\nAoi of a person\nAoi one');
  expect(bench.onRemote('rev-parse', `${WORK}~2`)).toBe(theirs);
  expect(await readFile(join(workspace.directory, 'b.txt'), 'utf8')).toBe('theirs\n');
  expect(await readFile(join(workspace.directory, 'ignored.tmp'), 'utf8')).toBe('x');
  expect(run(workspace.directory, ['status', '--porcelain'])).toBe('');
  expect(await workspace.commit('nothing more', AGENT)).toEqual({ sha: bench.onRemote('rev-parse', WORK) });
  await write(workspace.directory, { 'later.txt': 'later' });
  await workspace.commit('later', AGENT);
  expect(await workspace.push(never)).toMatchObject({ kind: 'pushed', rebased: false });
});

test('work that changes the same lines as somebody’s push is refused as a conflict, and nothing is pushed', async () => {
  const workspace = await worked({ 'a.txt': 'ours\n' });
  const theirs = await bench.commit('of a person', { 'a.txt': 'theirs\n' }, WORK);
  expect(await workspace.push(never)).toEqual({ kind: 'refused', reason: 'conflict', detail: 'a.txt' });
  expect(bench.onRemote('rev-parse', WORK)).toBe(theirs);
  expect(await readFile(join(workspace.directory, 'a.txt'), 'utf8')).toBe('ours\n');
});

test('work that somebody has pushed already in other commits is pushed', async () => {
  const workspace = await worked({ 'a.txt': 'same\n' });
  const theirs = await bench.commit('the same', { 'a.txt': 'same\n' }, WORK);
  expect(await workspace.push(never)).toEqual({ kind: 'pushed', sha: theirs, rebased: true });
});

test('a branch that was pushed anew by force gets only what is ours', async () => {
  await bench.commit('earlier', { 'earlier.txt': 'x' }, WORK);
  const workspace = await worked({ 'ours.txt': 'ours' });
  bench.git('reset', '--quiet', '--hard', 'main');
  await write(join(bench.root, 'person'), { 'instead.txt': 'x' });
  bench.git('add', '--all');
  bench.git('commit', '--quiet', '-m', 'instead');
  bench.git('push', '--quiet', '--force', 'origin', WORK);
  expect(await workspace.push(never)).toMatchObject({ kind: 'pushed', rebased: true });
  expect(bench.onRemote('log', '--format=%s', WORK)).toBe('work\ninstead\none');
  expect((await readdir(workspace.directory)).toSorted()).toEqual([
    '.git',
    'a.txt',
    'b.txt',
    'instead.txt',
    'ours.txt',
  ]);
});

test('a tree that was changed after its commit stays as it is, and the next push brings both', async () => {
  const workspace = await worked({ 'ours.txt': 'ours' });
  await bench.commit('of a person', { 'b.txt': 'theirs\n' }, WORK);
  await write(workspace.directory, { 'b.txt': 'not committed yet\n' });
  expect(await workspace.push(never)).toMatchObject({ kind: 'pushed', rebased: true });
  expect(await readFile(join(workspace.directory, 'b.txt'), 'utf8')).toBe('not committed yet\n');
  await write(workspace.directory, { 'b.txt': 'b\n', 'late.txt': 'late' });
  await workspace.commit('late', AGENT);
  expect(await workspace.push(never)).toMatchObject({ kind: 'pushed', rebased: true });
  expect(bench.onRemote('log', '--format=%s', WORK)).toBe('late\nwork\nof a person\none');
  expect(bench.onRemote('show', `${WORK}:b.txt`)).toBe('theirs');
});

test('submodules of the branch stay what they are over a rebase', async () => {
  const other = join(bench.root, 'other');
  run(bench.root, ['init', '--quiet', other]);
  run(other, ['commit', '--quiet', '--allow-empty', '-m', 'one']);
  bench.git('submodule', '--quiet', 'add', other, 'sub');
  await bench.commit('with a submodule', {});
  const workspace = await worked({ 'ours.txt': 'ours' });
  bench.git('submodule', '--quiet', 'add', other, 'second');
  await bench.commit('another', {}, WORK);
  expect(await workspace.push(never)).toMatchObject({ kind: 'pushed', rebased: true });
  expect(await workspace.commit('nothing', AGENT)).toEqual({ sha: bench.onRemote('rev-parse', WORK) });
  const gitlinks = listing(bench.remote, WORK).filter((line) => line.startsWith('160000'));
  expect(gitlinks).toEqual(['160000 second', '160000 sub']);
});

test('a push after a process was lost, which the remote has had already, is pushed', async () => {
  const workspace = await worked({ 'ours.txt': 'ours' });
  const state = join(bench.root, 'agent/tasks/task_1/state.json');
  const before = await readFile(state, 'utf8');
  await bench.commit('of a person', { 'b.txt': 'theirs\n' }, WORK);
  const pushed = await workspace.push(never);
  await writeFile(state, before);
  run(workspace.directory, ['checkout', '--quiet', 'HEAD~1', '--', '.']);
  await write(workspace.directory, { 'ours.txt': 'ours' });
  const next = await bench.prepare({ mode: 'continue' });
  expect(await next.push(never)).toEqual({ ...pushed, rebased: true });
});

test.each([
  [
    'GitHub protects the branch',
    'remote: error: GH006: Protected branch update failed for refs/heads/x.',
    'branch_protected',
  ],
  [
    'GitHub has a rule for it',
    'remote: error: GH013: Repository rule violations found for refs/heads/x.',
    'branch_protected',
  ],
  [
    'GitHub finds a secret',
    'error: GH013: Repository rule violations found\n- GITHUB PUSH PROTECTION',
    'push_rejected',
  ],
  [
    'GitLab protects the branch',
    'GitLab: You are not allowed to push code to protected branches on this project.',
    'branch_protected',
  ],
  ['GitLab does not let the account push', 'GitLab: You are not allowed to push code to this project.', 'permission'],
  ['a hook of the team says no', 'Commit messages must name a ticket.', 'push_rejected'],
])('where %s, the push is refused with that', async (_, text, reason) => {
  await bench.hook('pre-receive', `cat >&2 <<'EOT'\n${text}\nEOT\nexit 1`);
  const workspace = await worked({ 'a.txt': 'ours\n' });
  const end = await workspace.push(never);
  expect(end).toMatchObject({ kind: 'refused', reason });
  const said =
    text
      .split('\n')
      .at(-1)
      ?.replace(/^(?:remote: )?(?:error: )?/, '') ?? '';
  expect(end).toMatchObject({ detail: expect.stringContaining(said) });
  expect(bench.onRemote('branch', '--list', WORK)).toBe('');
});

test('a branch of a name that is a folder of branches is refused with what the remote says', async () => {
  await bench.commit('in the way', {}, 'funade');
  const workspace = await worked({ 'a.txt': 'ours\n' });
  expect(await workspace.push(never)).toMatchObject({ kind: 'refused', reason: 'push_rejected' });
});

test('a branch that moves again while the work is pushed on top of it is told of', async () => {
  const workspace = await worked({ 'ours.txt': 'ours' });
  await bench.commit('of a person', { 'b.txt': 'theirs\n' }, WORK);
  const first = bench.onRemote('rev-parse', WORK);
  const second = await bench.commit('once more', { 'b.txt': 'again\n' }, WORK);
  // Somebody's push lands between our look at the branch and our push: the remote takes it back to the older commit meanwhile.
  bench.onRemote('update-ref', `refs/heads/${WORK}`, first);
  await bench.hook('pre-receive', `env -u GIT_QUARANTINE_PATH git update-ref refs/heads/${WORK} ${second}`);
  expect(await workspace.push(never)).toMatchObject({ kind: 'refused', reason: 'branch_moved' });
});

test('other branches than its own are never touched', async () => {
  const main = bench.onRemote('rev-parse', 'main');
  const workspace = await worked({ 'a.txt': 'ours\n' });
  run(workspace.directory, ['branch', '--force', 'main', 'HEAD']);
  await workspace.push(never);
  expect(bench.onRemote('for-each-ref', '--format=%(refname)')).toBe(`refs/heads/${WORK}\nrefs/heads/main`);
  expect(bench.onRemote('rev-parse', 'main')).toBe(main);
});

test('an aborted push rejects with the reason', async () => {
  await bench.hook('pre-receive', 'sleep 60');
  const workspace = await worked({ 'a.txt': 'ours\n' });
  const controller = new AbortController();
  const push = workspace.push(controller.signal);
  setTimeout(() => controller.abort(new Error('paused')), 200);
  await expect(push).rejects.toThrow('paused');
  await bench.hook('pre-receive', 'exit 0');
  expect(await workspace.push(never)).toMatchObject({ kind: 'pushed' });
});
