import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, readdir, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { type RequestListener, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLogger } from '../../kernel/index.ts';
import { type Source, createSource } from './index.ts';

let root: string;
let repository: string;
let source: Source;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'funade-source-'));
  repository = join(root, 'repository');
  source = createSource({ directory: join(root, 'mirrors'), logger: silentLogger });
  await mkdir(repository);
  git('init', '--quiet', '--initial-branch=main');
});
afterEach(() => rm(root, { recursive: true, force: true }));

function git(...args: readonly string[]): string {
  const env = { PATH: process.env['PATH'], HOME: root, GIT_CONFIG_NOSYSTEM: '1' };
  const who = ['-c', 'user.name=Aoi', '-c', 'user.email=aoi@example.org', '-c', 'safe.directory=*'];
  return execFileSync('git', [...who, ...args], { cwd: repository, env, encoding: 'utf8', stdio: 'pipe' }).trim();
}

async function commit(
  message: string,
  files: Readonly<Record<string, string>> = { 'file.txt': message },
): Promise<string> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(repository, path)), { recursive: true });
    await writeFile(join(repository, path), content);
  }
  git('add', '--all');
  git('commit', '--quiet', '--allow-empty', '-m', message);
  return git('rev-parse', 'HEAD');
}

const fetched = () => source.fetchMirror('greeter', repository);

test('a fetch brings new commits, and tells when there was nothing new', async () => {
  await commit('one');
  expect(await fetched()).toEqual({ changed: true });
  expect(await fetched()).toEqual({ changed: false });
  const sha = await commit('two');
  expect(await fetched()).toEqual({ changed: true });
  expect(await source.resolveRef('greeter')).toEqual({ sha, ref: 'main' });
});

test('branches and tags of an address are listed without a mirror', async () => {
  const sha = await commit('one');
  git('tag', '-a', 'v1', '-m', 'one');
  expect(await source.listRemote(repository)).toEqual([
    { ref: 'refs/heads/main', sha },
    { ref: 'refs/tags/v1', sha: git('rev-parse', 'v1') },
    { ref: 'refs/tags/v1^{}', sha },
  ]);
  expect(await readdir(join(root, 'mirrors'))).toEqual(['gitconfig']);
  await expect(source.listRemote(join(root, 'nowhere'))).rejects.toMatchObject({ code: 'FUN_GIT_UNREACHABLE' });
});

test('a commit that is there already needs no repository at all', async () => {
  const sha = await commit('one');
  await fetched();
  await rm(repository, { recursive: true });
  expect(await source.fetchMirror('greeter', repository, { sha })).toEqual({ changed: false });
  await expect(fetched()).rejects.toMatchObject({ code: 'FUN_GIT_UNREACHABLE', retryable: true });
});

test('force pushes, deleted branches and a branch that becomes a folder of branches are followed', async () => {
  await commit('one');
  git('branch', 'topic');
  await commit('lost');
  await fetched();
  git('reset', '--quiet', '--hard', 'HEAD~1');
  const sha = await commit('instead');
  git('branch', '-D', 'topic');
  git('branch', 'topic/new');
  await fetched();
  expect((await source.resolveRef('greeter', 'main')).sha).toBe(sha);
  expect((await source.resolveRef('greeter', 'topic/new')).sha).toBe(sha);
  await expect(source.resolveRef('greeter', 'topic')).rejects.toMatchObject({ code: 'FUN_GIT_REF_MISSING' });
});

test('a ref is a branch, a tag, a full name, or a full or short commit', async () => {
  const first = await commit('one');
  git('tag', 'light');
  git('tag', '-a', 'v1.0.0', '-m', 'annotated');
  const second = await commit('two');
  git('branch', 'feature/x');
  await fetched();
  const found = async (ref: string) => Object.values(await source.resolveRef('greeter', ref));
  expect(await found('main')).toEqual([second, 'main']);
  expect(await found('feature/x')).toEqual([second, 'feature/x']);
  expect(await found('refs/heads/main')).toEqual([second, 'main']);
  expect(await found('light')).toEqual([first, 'light']);
  expect(await found('v1.0.0')).toEqual([first, 'v1.0.0']);
  expect(await found('refs/tags/v1.0.0')).toEqual([first, 'v1.0.0']);
  expect(await found(first)).toEqual([first, first]);
  expect(await found(first.slice(0, 7))).toEqual([first, first]);
});

test('the default branch is the one that the repository names, and follows it', async () => {
  await commit('one');
  git('branch', '-m', 'main', 'trunk');
  await fetched();
  expect(await source.defaultBranch('greeter')).toBe('trunk');
  git('checkout', '--quiet', '-b', 'develop');
  await fetched();
  expect(await source.defaultBranch('greeter')).toBe('develop');
  git('checkout', '--quiet', '--detach');
  await fetched();
  await expect(source.resolveRef('greeter')).rejects.toMatchObject({ code: 'FUN_GIT_REF_MISSING' });
});

test('an unknown ref names those that are near', async () => {
  await commit('one');
  git('branch', 'release-2025');
  git('tag', 'v1.2.0');
  await fetched();
  const wrong = source.resolveRef('greeter', 'relaese-2025');
  await expect(wrong).rejects.toMatchObject({ code: 'FUN_GIT_REF_MISSING', values: { near: 'release-2025' } });
});

test.each([
  'main~1',
  'main^{tree}',
  'HEAD',
  '@',
  '--all',
  '-x',
  '',
  'main:file.txt',
  'refs/heads/../tags/x',
  'f'.repeat(40),
])('%j is no ref', async (ref) => {
  await commit('one');
  await commit('two');
  await fetched();
  await expect(source.resolveRef('greeter', ref)).rejects.toMatchObject({ code: 'FUN_GIT_REF_MISSING' });
});

test('commits are read with subject, author and time, and their order is known', async () => {
  const first = await commit('feat: 挨拶を追加\n\nbody');
  const second = await commit('two');
  const third = await commit('three');
  await fetched();
  const facts = await source.readCommit('greeter', first);
  expect(facts).toEqual({ sha: first, message: 'feat: 挨拶を追加', author: 'Aoi', at: expect.any(Number) });
  expect(Math.abs(facts.at - Date.now())).toBeLessThan(60_000);
  expect(await source.isAncestor('greeter', first, third)).toBe(true);
  expect(await source.isAncestor('greeter', third, third)).toBe(true);
  expect(await source.isAncestor('greeter', third, first)).toBe(false);
  expect(await source.isAncestor('greeter', 'f'.repeat(40), first)).toBe(false);
  const messages = async (from: string | null, max: number) =>
    (await source.commitsBetween('greeter', from, third, max)).map((entry) => entry.message);
  expect(await messages(first, 10)).toEqual(['three', 'two']);
  expect(await messages(null, 2)).toEqual(['three', 'two']);
  expect(await messages('f'.repeat(40), 10)).toEqual(['three', 'two', 'feat: 挨拶を追加']);
  expect(await source.commitsBetween('greeter', third, second, 10)).toEqual([]);
  await expect(source.readCommit('greeter', 'f'.repeat(40))).rejects.toMatchObject({ code: 'FUN_GIT_REF_MISSING' });
});

test('a file is read at a commit, through links inside the repository, and is null where there is none', async () => {
  await mkdir(join(repository, 'config'));
  await symlink('config/real.yaml', join(repository, 'funade.yaml'));
  await symlink('/etc/passwd', join(repository, 'outside'));
  const sha = await commit('one', { 'config/real.yaml': 'version: 1\n# é\n' });
  await fetched();
  expect(await source.readFile('greeter', sha, 'funade.yaml')).toBe('version: 1\n# é\n');
  for (const path of ['missing.yaml', 'config', 'outside', '/etc/passwd', '../x', 'a\nb']) {
    expect(await source.readFile('greeter', sha, path)).toBeNull();
  }
  await expect(source.readFile('greeter', 'f'.repeat(40), 'x')).rejects.toMatchObject({ code: 'FUN_GIT_REF_MISSING' });
});

test('a checkout has exactly the files of the commit, and no repository', async () => {
  await mkdir(join(repository, 'bin'));
  await writeFile(join(repository, 'bin/run'), '#!/bin/sh\n');
  await chmod(join(repository, 'bin/run'), 0o755);
  await symlink('file.txt', join(repository, 'link'));
  const sha = await commit('one', {
    'file.txt': 'one',
    '.gitattributes': 'secret.txt export-ignore\n',
    'secret.txt': 's',
  });
  await commit('two', { 'later.txt': 'x' });
  await fetched();
  const target = join(root, 'checkout');
  await source.checkout('greeter', sha, target);
  expect((await readdir(target)).sort()).toEqual(['.gitattributes', 'bin', 'file.txt', 'link', 'secret.txt']);
  expect((await stat(join(target, 'bin/run'))).mode & 0o111).toBe(0o111);
  expect(await readlink(join(target, 'link'))).toBe('file.txt');
  expect((await source.resolveRef('greeter')).ref).toBe('main');
  await expect(source.checkout('greeter', sha, target)).rejects.toThrow('not empty');
});

test('checkouts of several commits at once do not disturb each other', async () => {
  const shas: string[] = [];
  for (let index = 0; index < 6; index += 1) shas.push(await commit(`c${index}`));
  await fetched();
  await Promise.all(shas.map((sha, index) => source.checkout('greeter', sha, join(root, `out-${index}`))));
  const contents = await Promise.all(shas.map((_, index) => readFile(join(root, `out-${index}`, 'file.txt'), 'utf8')));
  expect(contents).toEqual(['c0', 'c1', 'c2', 'c3', 'c4', 'c5']);
});

test('hooks, filters and submodules of a repository run nothing', async () => {
  const planted = join(root, 'planted');
  await writeFile(join(repository, '.git/hooks/post-checkout'), `#!/bin/sh\ntouch ${planted}\n`, { mode: 0o755 });
  await writeFile(join(repository, '.gitattributes'), '* filter=evil\n');
  await writeFile(join(repository, '.gitmodules'), '[submodule "sub"]\n\tpath = sub\n\turl = ext::sh -c touch% x\n');
  const first = await commit('one');
  git('update-index', '--add', '--cacheinfo', `160000,${first},sub`);
  git('commit', '--quiet', '-m', 'with a submodule');
  git('config', 'filter.evil.smudge', `touch ${planted}`);
  git('config', 'uploadpack.packObjectsHook', `touch ${planted}`);
  await fetched();
  await source.checkout('greeter', git('rev-parse', 'HEAD'), join(root, 'checkout'));
  expect(await readdir(join(root, 'checkout', 'sub'))).toEqual([]);
  await expect(stat(planted)).rejects.toThrow('ENOENT');
});

test.each([
  ['--upload-pack=touch x', 'begins with a dash'],
  ['ext::sh -c touch% x', 'remote helpers'],
  ['fd::3', 'remote helpers'],
  ['ftp://example.org/x.git', 'not allowed'],
  ['ssh://-oProxyCommand=x/y', 'begins with a dash'],
  ['relative/path', 'neither an absolute path'],
  ['', 'empty'],
  ['https://example.org/\nx', 'control characters'],
])('%j is refused as a repository', async (address, reason) => {
  await expect(source.fetchMirror('greeter', address)).rejects.toMatchObject({
    code: 'FUN_GIT_SOURCE_INVALID',
    message: expect.stringContaining(reason),
  });
});

test.each(['../escape', 'a/b', '.hidden', '-x', ''])('%j is no application name', async (app) => {
  await expect(source.fetchMirror(app, repository)).rejects.toMatchObject({ code: 'FUN_GIT_SOURCE_INVALID' });
});

async function serve(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { port, close };
}

test('credentials of a URL reach the server and nothing else', async () => {
  const seen: (string | undefined)[] = [];
  const server = await serve((request, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(403).end();
  });
  const attempt = source.fetchMirror('greeter', `http://robot:s3cr%40t@127.0.0.1:${server.port}/x.git`);
  const failure: unknown = await attempt.catch((thrown: unknown) => thrown);
  await server.close();
  expect(failure).toMatchObject({ code: 'FUN_GIT_UNREACHABLE', retryable: true });
  expect(String(failure)).not.toMatch(/s3cr|robot/);
  expect(seen[0]).toBe(`Basic ${Buffer.from('robot:s3cr@t').toString('base64')}`);
});

test('a server that refuses the connection is told with git’s reason', async () => {
  const server = await serve((_, response) => void response.end());
  await server.close();
  const attempt = source.fetchMirror('greeter', `http://127.0.0.1:${server.port}/x.git`);
  await expect(attempt).rejects.toMatchObject({
    code: 'FUN_GIT_UNREACHABLE',
    message: expect.stringContaining('connect'),
  });
});

test('a fetch from a server that never answers ends with the signal, helpers included', async () => {
  const controller = new AbortController();
  const server = await serve(() => controller.abort(new Error('run aborted')));
  const url = `http://127.0.0.1:${server.port}/never.git`;
  await expect(source.fetchMirror('greeter', url, { signal: controller.signal })).rejects.toThrow('run aborted');
  await server.close();
  const left = () => spawnSync('pgrep', ['-f', url], { encoding: 'utf8' }).stdout.trim();
  await expect.poll(left).toBe('');
});

test('ten fetches of one application at once all succeed', async () => {
  const sha = await commit('one');
  const results = await Promise.all(Array.from({ length: 10 }, fetched));
  expect(results.filter((result) => result.changed)).toHaveLength(1);
  expect((await source.resolveRef('greeter')).sha).toBe(sha);
});

test('a lock that a killed git left behind does not stop later fetches', async () => {
  await commit('one');
  await fetched();
  const sha = await commit('two');
  const mirror = join(root, 'mirrors', 'greeter.git');
  await writeFile(join(mirror, 'refs/heads/main.lock'), '');
  await writeFile(join(mirror, 'packed-refs.lock'), '');
  const next = createSource({ directory: join(root, 'mirrors'), logger: silentLogger });
  await next.fetchMirror('greeter', repository);
  expect((await next.resolveRef('greeter')).sha).toBe(sha);
});

test('a mirror can be removed and an application without one has no refs', async () => {
  await commit('one');
  await fetched();
  await source.removeMirror('greeter');
  await source.removeMirror('greeter');
  await expect(source.resolveRef('greeter', 'main')).rejects.toMatchObject({ values: { near: 'nothing' } });
  expect(await fetched()).toEqual({ changed: true });
});

test('a server without git is told so', async () => {
  const without = createSource({ directory: join(root, 'm'), logger: silentLogger, gitPath: join(root, 'no-git') });
  await expect(without.fetchMirror('greeter', repository)).rejects.toMatchObject({ code: 'FUN_GIT_MISSING' });
});

test.runIf(process.getuid?.() === 0)('a repository of another user can be fetched', async () => {
  const sha = await commit('one');
  execFileSync('chown', ['-R', '65534:65534', repository]);
  await fetched();
  expect((await source.resolveRef('greeter')).sha).toBe(sha);
});
