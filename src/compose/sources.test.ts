import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { generatedSecret } from './sources.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'funade-secret-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const github = { secrets: [] } as unknown as Parameters<typeof generatedSecret>[0]['github'];

test('a secret for GitHub is made once in the data directory where the database is this server’s own', async () => {
  const made = await generatedSecret({ github, databaseUrl: null }, folder);
  expect(made?.value).toMatch(/^[0-9a-f]{64}$/);
  expect(await readFile(made?.file ?? '', 'utf8')).toBe(made?.value);
  expect(await generatedSecret({ github, databaseUrl: null }, folder)).toEqual(made);
});

test('none is made where other processes may use the database: each would have another one', async () => {
  expect(await generatedSecret({ github, databaseUrl: 'postgres://db.example/funade' }, folder)).toBeNull();
  expect(await readdir(folder)).toEqual([]);
});
