import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type BuildShelf, createBuildShelf } from './build-shelf.ts';

const DAY = 86_400_000;
let directory: string;
let shelf: BuildShelf;
let later: number;
beforeEach(async () => {
  later = 0;
  directory = join(await mkdtemp(join(tmpdir(), 'funade-shelf-')), 'builds');
  shelf = createBuildShelf(directory, { now: () => Date.now() + later });
});
afterEach(() => rm(dirname(directory), { recursive: true, force: true }));

async function put(key: string): Promise<string> {
  const file = shelf.place(key);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, key);
  await mkdir(join(dirname(file), 'lib'));
  return file;
}

test('what was not used for 30 days is removed, what was used stays', async () => {
  const [used, unused] = [await put('used'), await put('unused')];
  later = 20 * DAY;
  expect(await shelf.use(used)).toBe(true);
  await shelf.prune();
  expect((await readdir(directory)).filter((name) => name !== 'drafts')).toEqual(['unused', 'used']);
  later = 31 * DAY;
  await shelf.prune();
  expect((await readdir(directory)).toSorted()).toEqual(['drafts', 'used']);
  expect(await readdir(join(directory, 'drafts'))).toEqual([]);
  expect(await shelf.use(unused)).toBe(false);
  expect(await shelf.find('unused')).toBeNull();
  expect(await shelf.find('used')).toBe(used);
});

test('what is made again has another path: boxes may still have the removed one mounted', async () => {
  const before = await put('key');
  expect(await shelf.find('key')).toBe(before);
  later = 31 * DAY;
  await shelf.prune();
  const after = await put('key');
  expect(after).not.toBe(before);
  expect(await shelf.find('key')).toBe(after);
});

test('what an older Funade compiled, without a directory of its own for each making, goes as well', async () => {
  await mkdir(join(directory, 'old', 'lib'), { recursive: true });
  await writeFile(join(directory, 'old', 'program'), '');
  expect(await shelf.find('old')).toBeNull();
  later = 31 * DAY;
  await shelf.prune();
  expect(await readdir(directory)).toEqual(['drafts']);
});

test('what a failed compilation left goes as well, and at once when it is given up', async () => {
  await mkdir(dirname(shelf.place('left')), { recursive: true });
  const file = shelf.place('given-up');
  await mkdir(dirname(file), { recursive: true });
  await shelf.giveUp(file);
  expect(await readdir(directory)).toEqual(['left']);
  later = 31 * DAY;
  await shelf.prune();
  expect(await readdir(directory)).toEqual(['drafts']);
});

test('a shelf that nothing was put on yet is pruned as well, by two at once', async () => {
  await Promise.all([shelf.prune(), shelf.prune()]);
  await put('old');
  later = 31 * DAY;
  await Promise.all([shelf.prune(), createBuildShelf(directory, { now: () => Date.now() + later }).prune()]);
  expect(await readdir(directory)).toEqual(['drafts']);
});

test('files elsewhere are not its own', async () => {
  expect(shelf.holds(shelf.place('any'))).toBe(true);
  expect(shelf.holds('/var/task/program')).toBe(false);
  expect(shelf.holds(`${directory}-other/program`)).toBe(false);
});
