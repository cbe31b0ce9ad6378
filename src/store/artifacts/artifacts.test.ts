import { execFileSync, spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Artifacts, createArtifacts } from './index.ts';

let root: string;
let artifacts: Artifacts;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'funade-artifacts-'));
  artifacts = createArtifacts({ directory: join(root, 'store') });
});
afterEach(async () => {
  execFileSync('chmod', ['-R', 'u+w', root]);
  await rm(root, { recursive: true, force: true });
});

async function makeTree(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const directory = join(root, name);
  await mkdir(directory, { recursive: true });
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), content);
  }
  return directory;
}

async function drafts(): Promise<readonly string[]> {
  return readdir(join(root, 'store', 'partial'));
}

const FILES = { 'index.js': 'exports.handler = 1;', 'lib/deep/é.txt': 'text', 'lib/b.bin': '\0\u0001' };

test('the same files have the same digest, whatever their times, order and place', async () => {
  const first = await makeTree('first', FILES);
  const second = await makeTree('elsewhere/second', Object.fromEntries(Object.entries(FILES).toReversed()));
  await utimes(join(second, 'index.js'), 1, 1);
  await chmod(join(second, 'index.js'), 0o600);
  const [one, two] = [await artifacts.seal(first), await artifacts.seal(second)];
  expect(one).toEqual(two);
  expect(one).toMatchObject({ digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/), files: 3, bytes: 26 });
  expect(await artifacts.usage()).toEqual({ artifacts: 1, files: 3, bytes: 26 });
});

test('the digest of a known tree never changes between versions of Funade', async () => {
  const tree = await makeTree('known', { 'a.txt': 'a', 'bin/run': 'r' });
  await chmod(join(tree, 'bin/run'), 0o755);
  await symlink('a.txt', join(tree, 'link'));
  await mkdir(join(tree, 'empty'));
  expect((await artifacts.seal(tree)).digest).toBe(
    'sha256:96536d5ed31027ac26db5b294d42d89a6e2d0fe586c237ccd8a82093011a2d8a',
  );
});

test.each([
  ['content', async (tree: string) => writeFile(join(tree, 'index.js'), 'exports.handler = 2;')],
  ['a name', async (tree: string) => writeFile(join(tree, 'more.js'), '')],
  ['the executable bit', async (tree: string) => chmod(join(tree, 'index.js'), 0o755)],
  ['an empty directory', async (tree: string) => mkdir(join(tree, 'empty'))],
  ['a link', async (tree: string) => symlink('index.js', join(tree, 'link'))],
])('%s is part of the digest', async (_, change) => {
  const tree = await makeTree('tree', FILES);
  const before = await artifacts.seal(tree);
  await change(tree);
  expect((await artifacts.seal(tree)).digest).not.toBe(before.digest);
});

test('a sealed artifact is a copy that later changes of the build do not reach, and is read-only', async () => {
  const tree = await makeTree('tree', { ...FILES, 'bin/run': '#!/bin/sh' });
  await chmod(join(tree, 'bin/run'), 0o700);
  await mkdir(join(tree, 'empty'));
  const { digest, directory } = await artifacts.seal(tree);
  await writeFile(join(tree, 'index.js'), 'changed');
  expect(await readFile(join(directory, 'index.js'), 'utf8')).toBe('exports.handler = 1;');
  const modes = await Promise.all(
    ['', 'lib', 'index.js', 'bin/run', 'empty'].map((path) => stat(join(directory, path))),
  );
  expect(modes.map(({ mode }) => (mode & 0o777).toString(8))).toEqual(['555', '555', '444', '555', '555']);
  expect(await artifacts.locate(digest)).toBe(directory);
  expect(await artifacts.verify(digest)).toBe(true);
});

test('repository data is left out', async () => {
  const tree = await makeTree('tree', {
    ...FILES,
    '.git/config': 'x',
    'vendor/.git': 'gitdir: ../..',
    '.gitignore': 'x',
  });
  const { directory } = await artifacts.seal(tree);
  expect((await readdir(directory)).sort()).toEqual(['.gitignore', 'index.js', 'lib', 'vendor']);
  expect(await readdir(join(directory, 'vendor'))).toEqual([]);
});

test.each([
  ['../outside', 'outside the directory'],
  ['lib/../../outside', 'goes up again'],
  ['.hidden/../../../outside', 'goes up again'],
  ['/etc/passwd', 'absolute path'],
])('a link to %s is refused', async (target, reason) => {
  const tree = await makeTree('tree', FILES);
  await symlink(target, join(tree, 'link'));
  await expect(artifacts.seal(tree)).rejects.toMatchObject({
    code: 'FUN_ARTIFACT_REFUSED',
    message: expect.stringContaining(reason),
  });
});

test.each(['index.js', './lib/b.bin', '../tree-dangling'.slice(3), 'lib'])(
  'a link to %s inside is kept',
  async (target) => {
    const tree = await makeTree('tree', FILES);
    await symlink(target, join(tree, 'link'));
    await symlink('../index.js', join(tree, 'lib', 'up'));
    const { directory, digest } = await artifacts.seal(tree);
    expect(await readFile(join(directory, 'lib', 'up'), 'utf8')).toBe('exports.handler = 1;');
    expect(await artifacts.verify(digest)).toBe(true);
  },
);

test('a named pipe, a missing directory and an empty one are refused', async () => {
  const tree = await makeTree('tree', FILES);
  execFileSync('mkfifo', [join(tree, 'pipe')]);
  for (const source of [tree, join(root, 'missing'), await makeTree('empty', {})]) {
    await expect(artifacts.seal(source)).rejects.toMatchObject({ code: 'FUN_ARTIFACT_REFUSED' });
  }
});

test('too many files and too many bytes are refused with the limit, and leave nothing behind', async () => {
  const tree = await makeTree('tree', FILES);
  const narrow = createArtifacts({ directory: join(root, 'store'), limits: { files: 2, bytes: 1000 } });
  await expect(narrow.seal(tree)).rejects.toMatchObject({
    code: 'FUN_ARTIFACT_TOO_LARGE',
    values: { limit: '2 files' },
  });
  const small = createArtifacts({ directory: join(root, 'store'), limits: { files: 10, bytes: 10 } });
  await expect(small.seal(tree)).rejects.toMatchObject({ code: 'FUN_ARTIFACT_TOO_LARGE' });
  expect(await artifacts.usage()).toEqual({ artifacts: 0, files: 0, bytes: 0 });
});

test('a store without links refuses even those that stay inside, names them, and shares its artifacts with other stores', async () => {
  const strict = createArtifacts({ directory: join(root, 'store'), links: 'refused' });
  const tree = await makeTree('tree', FILES);
  expect((await strict.seal(tree)).digest).toBe((await artifacts.seal(tree)).digest);
  await symlink('b.bin', join(tree, 'lib', 'link'));
  await expect(strict.seal(tree)).rejects.toMatchObject({
    code: 'FUN_ARTIFACT_REFUSED',
    values: { path: 'lib/link', reason: 'it is a link, and nothing here may be one' },
  });
  expect(await drafts()).toEqual([]);
  const linked = await artifacts.seal(tree);
  expect(await strict.verify(linked.digest)).toBe(true);
});

test('a path that could not be read in the store is refused', async () => {
  const room = 4090 - Buffer.byteLength(join(root, 'tree'));
  const path = `${'d'.repeat(200)}/`.repeat(30).slice(0, room).replace(/\/?$/, 'f');
  await expect(artifacts.seal(await makeTree('tree', { ...FILES, [path]: '' }))).rejects.toMatchObject({
    code: 'FUN_ARTIFACT_REFUSED',
    values: { path, reason: 'its path is too long for this server' },
  });
});

test('ten seals of the same content at once make one artifact', async () => {
  const tree = await makeTree('tree', FILES);
  const sealed = await Promise.all(Array.from({ length: 10 }, () => artifacts.seal(tree)));
  expect(new Set(sealed.map((one) => one.digest)).size).toBe(1);
  expect(await artifacts.verify(sealed[0]?.digest ?? '')).toBe(true);
  expect(await drafts()).toEqual([]);
});

test('a changed, an added and a removed file are found by verify', async () => {
  const { digest, directory } = await artifacts.seal(await makeTree('tree', FILES));
  await chmod(directory, 0o755);
  await chmod(join(directory, 'index.js'), 0o644);
  await writeFile(join(directory, 'index.js'), 'exports.handler = 9;');
  expect(await artifacts.verify(digest)).toBe(false);
  await writeFile(join(directory, 'index.js'), 'exports.handler = 1;');
  expect(await artifacts.verify(digest)).toBe(true);
  await writeFile(join(directory, 'added'), '');
  expect(await artifacts.verify(digest)).toBe(false);
  await rm(join(directory, 'added'));
  await rm(join(directory, 'index.js'));
  expect(await artifacts.verify(digest)).toBe(false);
});

test('an artifact can be removed, and what is not there or no digest is simply absent', async () => {
  const { digest, directory } = await artifacts.seal(await makeTree('tree', FILES));
  await artifacts.remove(digest);
  await artifacts.remove(digest);
  await artifacts.remove('sha256:../../etc');
  await expect(stat(directory)).rejects.toThrow('ENOENT');
  for (const absent of [digest, 'sha256:../../etc', '', `sha256:${'0'.repeat(64)}`]) {
    expect(await artifacts.locate(absent)).toBeNull();
    expect(await artifacts.verify(absent)).toBe(false);
  }
  expect(await drafts()).toEqual([]);
});

test('the draft of a killed process is removed at the next start', async () => {
  await artifacts.seal(await makeTree('tree', FILES));
  const dead = spawnSync('true').pid;
  await mkdir(join(root, 'store', 'partial', `${dead}-abc`, 'tree'), { recursive: true, mode: 0o555 });
  await createArtifacts({ directory: join(root, 'store') }).usage();
  expect(await drafts()).toEqual([]);
});

const bubblewrap =
  spawnSync('bwrap', ['--ro-bind', '/', '/', '--size', '1048576', '--tmpfs', '/tmp', 'true']).status === 0;
test.runIf(bubblewrap)('a full disk is told as such and nothing half-written is left', async () => {
  const tree = await makeTree('tree', { ...FILES, 'big.bin': 'x'.repeat(3 * 1024 * 1024) });
  const program = `
    import { readdirSync } from 'node:fs';
    import { createArtifacts } from '${new URL('./index.ts', import.meta.url).href}';
    const artifacts = createArtifacts({ directory: '${root}/full' });
    const code = await artifacts.seal('${tree}').catch((error) => error.code);
    console.log(JSON.stringify([code, readdirSync('${root}/full/partial'), readdirSync('${root}/full/sha256')]));`;
  await mkdir(join(root, 'full'));
  const mounts = [
    '--ro-bind',
    '/',
    '/',
    '--dev',
    '/dev',
    '--proc',
    '/proc',
    '--size',
    '1048576',
    '--tmpfs',
    join(root, 'full'),
  ];
  const line = [...mounts, process.execPath, '--input-type=module', '-e', program];
  const result = spawnSync('bwrap', line, { encoding: 'utf8' });
  expect(result.stderr).toBe('');
  expect(JSON.parse(result.stdout)).toEqual(['FUN_STORAGE_FULL', [], []]);
});

test.runIf(process.getuid?.() === 0)('another user can read an artifact where the way to it is open', async () => {
  await chmod(root, 0o711);
  const tree = await makeTree('tree', FILES);
  await chmod(join(tree, 'index.js'), 0o600);
  const { directory } = await artifacts.seal(tree);
  const read = spawnSync('cat', [join(directory, 'index.js')], { uid: 65534, gid: 65534, encoding: 'utf8' });
  expect(read.stdout).toBe('exports.handler = 1;');
});
