import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeZip } from '../../../test/functions/zips.ts';
import { type Artifacts, createArtifacts } from '../../store/index.ts';
import { CODE_RULES, type CodeStore, createCodeStore } from './code-store.ts';
import { createSmallTrees } from './small-trees.ts';

const HANDLER = 'exports.handler = 1;';

let root: string;
let artifacts: Artifacts;
let code: CodeStore;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'funade-code-'));
  artifacts = createArtifacts({ directory: join(root, 'artifacts'), ...CODE_RULES });
  code = createCodeStore({ artifacts, temporary: join(root, 'temporary') });
});
afterEach(async () => {
  execFileSync('chmod', ['-R', 'u+w', root]);
  await rm(root, { recursive: true, force: true });
});

async function leftovers(): Promise<readonly string[]> {
  return [...(await readdir(join(root, 'temporary'))), ...(await readdir(join(root, 'artifacts', 'partial')))];
}

test('the same files have the same digest and are on disk once, however they arrive', async () => {
  const files = { 'index.js': HANDLER, 'lib/a.js': 'exports.a = 1;' };
  const inline = await code.putFiles(files);
  const entries = Object.entries(files).map(([name, content]) => ({ name, content }));
  const zipped = await code.putZip(makeZip([{ name: 'lib/', mode: 0o040700 }, ...entries.toReversed()]));
  expect(zipped).toEqual(inline);
  expect(inline).toMatchObject({ files: 2, bytes: 34, digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) });
  expect(await artifacts.usage()).toEqual({ artifacts: 1, files: 2, bytes: 34 });
  expect(await code.locate(inline.digest)).toBe(inline.directory);
  expect(await readFile(join(inline.directory, 'lib/a.js'), 'utf8')).toBe('exports.a = 1;');
  expect(await leftovers()).toEqual([]);
});

test('the executable bit is part of the content, and what is stored is read-only', async () => {
  const plain = await code.putZip(makeZip([{ name: 'bootstrap', content: 'x' }]));
  const executable = await code.putZip(makeZip([{ name: 'bootstrap', content: 'x', mode: 0o106755 }]));
  expect(executable.digest).not.toBe(plain.digest);
  const { mode } = await stat(join(executable.directory, 'bootstrap'));
  expect((mode & 0o7777).toString(8)).toBe('555');
});

test('refused code leaves nothing behind', async () => {
  await code.putFiles({ 'index.js': HANDLER });
  const flawed = makeZip([
    { name: 'a', content: 'x' },
    { name: 'b', content: 'x', crc: 7 },
  ]);
  for (const put of [
    () => code.putZip(Buffer.from('no zip')),
    () => code.putZip(makeZip([{ name: 'a', content: 'x' }, { name: '../b' }])),
    () => code.putZip(flawed),
    () => code.putFiles({ '/a': '' }),
    () => code.putFiles({ a: 'x'.repeat(1024 * 1024 + 1) }),
  ]) {
    await expect(put()).rejects.toMatchObject({ code: 'FUN_BAD_REQUEST' });
  }
  expect(await artifacts.usage()).toMatchObject({ artifacts: 1 });
  expect(await leftovers()).toEqual([]);
});

test('code that holds repository data alone is refused without a word about where it was unpacked', async () => {
  const { digest } = await code.putFiles({ 'index.js': HANDLER });
  expect((await code.putFiles({ 'index.js': HANDLER, '.git/config': 'secret' })).digest).toBe(digest);
  await expect(code.putFiles({ '.git/config': 'secret' })).rejects.toMatchObject({
    code: 'FUN_BAD_REQUEST',
    faults: [{ path: 'code.files', message: "it can't be stored: it is empty" }],
  });
  expect(await leftovers()).toEqual([]);
});

test('a name that fits where it is unpacked but not where it is kept is refused', async () => {
  await code.putFiles({ 'index.js': HANDLER });
  const room = 4090 - Buffer.byteLength(join(root, 'temporary', `${process.pid}-${'0'.repeat(12)}`));
  const name = `${'d'.repeat(200)}/`.repeat(30).slice(0, room).replace(/\/?$/, 'f');
  await expect(code.putFiles({ [name]: 'x' })).rejects.toMatchObject({
    code: 'FUN_BAD_REQUEST',
    faults: [
      {
        path: expect.stringMatching(/^code\.files:ddd/),
        message: "it can't be stored: its path is too long for this server",
      },
    ],
  });
  expect(await leftovers()).toEqual([]);
});

test('what a killed process was unpacking is removed at the next start', async () => {
  const dead = spawnSync('true').pid;
  await mkdir(join(root, 'temporary', `${dead}-abc`, 'lib'), { recursive: true });
  await code.putFiles({ 'index.js': HANDLER });
  expect(await leftovers()).toEqual([]);
});

test('a small tree is read as base64 by path, up to and with the limit', async () => {
  const { digest } = await code.putZip(
    makeZip([
      { name: 'index.js', content: HANDLER },
      { name: 'z/ü.bin', content: Buffer.from([0, 255]) },
      { name: '__proto__' },
    ]),
  );
  expect(Object.entries((await code.readSmall(digest)) ?? {})).toEqual([
    ['__proto__', ''],
    ['index.js', Buffer.from(HANDLER).toString('base64')],
    ['z/ü.bin', 'AP8='],
  ]);
  expect(await code.readSmall(digest, 21)).toBeNull();
  expect(await code.readSmall(digest, 27)).not.toBeNull();
  const large = await code.putFiles({ a: 'x'.repeat(1024 * 1024 - 1), b: 'y' });
  expect(await code.readSmall(large.digest, 1000)).toBeNull();
  expect(await code.readSmall(large.digest)).not.toBeNull();
  expect(await code.readSmall(large.digest, 1024 * 1024 - 1)).toBeNull();
});

test('a tree that is not there is not read, nor one with links', async () => {
  expect(await code.readSmall(`sha256:${'0'.repeat(64)}`)).toBeNull();
  expect(await code.readSmall('../../etc')).toBeNull();
  const tree = join(root, 'tree');
  await mkdir(tree);
  await writeFile(join(tree, 'a'), '');
  await symlink('a', join(tree, 'b'));
  const build = await createArtifacts({ directory: join(root, 'artifacts') }).seal(tree);
  expect(await code.readSmall(build.digest)).toBeNull();
});

test('trees used last stay in memory up to its capacity, and are read again afterwards', async () => {
  const asked: string[] = [];
  const digests = new Map<string, string>();
  for (const name of ['a', 'b', 'c']) {
    digests.set(name, (await code.putFiles({ [name]: name.repeat(3000) })).digest);
  }
  const locate = async (name: string) => {
    asked.push(name);
    return code.locate(digests.get(name) ?? '');
  };
  const trees = createSmallTrees(locate, 10_000); // two trees of about 4 500 bytes
  for (const name of ['a', 'b', 'a', 'c', 'a']) expect(await trees.read(name, 5000)).toHaveProperty(name);
  expect(asked).toEqual(['a', 'b', 'c']);
  await trees.read('b', 5000);
  expect(asked).toEqual(['a', 'b', 'c', 'b']);
  const tiny = createSmallTrees(locate, 100);
  await tiny.read('a', 5000);
  await tiny.read('a', 5000);
  expect(asked.slice(4)).toEqual(['a', 'a']);
});

test('that a tree is too large is remembered, too', async () => {
  const { digest } = await code.putFiles({ a: 'x'.repeat(3000) });
  let asked = 0;
  const locate = async (wanted: string) => {
    asked += 1;
    return code.locate(wanted);
  };
  const trees = createSmallTrees(locate, 10_000);
  expect([await trees.read(digest, 1000), await trees.read(digest, 2000)]).toEqual([null, null]);
  expect(asked).toBe(1);
  expect(await trees.read(digest, 3000)).not.toBeNull();
});
