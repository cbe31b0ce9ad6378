import { chmod, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readSecretsKey } from './index.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'funade-secrets-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('the first start makes a key that only its user may read, the second keeps it', async () => {
  const key = await readSecretsKey(folder, null);
  expect(key).toHaveLength(32);
  expect(await readdir(folder)).toEqual(['secrets-key']);
  expect((await stat(join(folder, 'secrets-key'))).mode & 0o777).toBe(0o600);
  expect((await readSecretsKey(folder, null)).equals(key)).toBe(true);
});

test('a configured key wins, and no file is made', async () => {
  expect(await readSecretsKey(folder, 'ab'.repeat(32))).toEqual(Buffer.alloc(32, 0xab));
  expect(await readdir(folder)).toEqual([]);
});

test('a key file that others may read is closed to them', async () => {
  await readSecretsKey(folder, null);
  await chmod(join(folder, 'secrets-key'), 0o644);
  await readSecretsKey(folder, null);
  expect((await stat(join(folder, 'secrets-key'))).mode & 0o777).toBe(0o600);
});

test.each(['', 'hunter2', 'ab'.repeat(31)])(
  'a key file that holds %j stops the start and is left alone',
  async (text) => {
    await writeFile(join(folder, 'secrets-key'), text);
    await expect(readSecretsKey(folder, null)).rejects.toMatchObject({
      code: 'FUN_SETTING_INVALID',
      values: { value: '***' },
    });
    expect(await readFile(join(folder, 'secrets-key'), 'utf8')).toBe(text);
  },
);
