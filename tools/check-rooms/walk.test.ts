import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findRoomFaults } from './walk.ts';

let source: string;
beforeEach(async () => {
  source = await mkdtemp(join(tmpdir(), 'funade-rooms-'));
  await mkdir(join(source, 'kernel'));
  await writeFile(join(source, 'kernel/index.ts'), '');
  await writeFile(join(source, 'kernel/README.md'), '');
  await writeFile(join(source, 'main.ts'), '');
});
afterEach(() => rm(source, { recursive: true, force: true }));

test('a house in order has no faults', async () => {
  expect(await findRoomFaults(source)).toEqual([]);
});

test('a folder that is in no table is named', async () => {
  await mkdir(join(source, 'kitchen'));
  expect((await findRoomFaults(source)).join()).toContain('src/kitchen is no room');
});

test('a loose file is named', async () => {
  await writeFile(join(source, 'loose.ts'), '');
  expect((await findRoomFaults(source)).join()).toContain('src/loose.ts is no room');
});

test('a room without door or description is named', async () => {
  await mkdir(join(source, 'store'));
  const faults = (await findRoomFaults(source)).join();
  expect(faults).toContain('src/store has no index.ts');
  expect(faults).toContain('src/store has no README.md');
});
