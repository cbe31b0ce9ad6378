import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDataDir } from './data-dir.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'funade-data-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function idOf(path: string): Promise<string> {
  const dataDir = await openDataDir(path);
  await dataDir.release();
  return dataDir.instanceId;
}

test('a data directory keeps one id for ever, and no other has it', async () => {
  const id = await idOf(join(root, 'one'));
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  expect(await idOf(join(root, 'one'))).toBe(id);
  expect(await idOf(join(root, 'two'))).not.toBe(id);
  expect((await stat(join(root, 'one', 'instance-id'))).mode & 0o777).toBe(0o600);
});

test('an id that was never written out is made again', async () => {
  await writeFile(join(root, 'instance-id'), '');
  const id = await idOf(root);
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  expect(await idOf(root)).toBe(id);
});
