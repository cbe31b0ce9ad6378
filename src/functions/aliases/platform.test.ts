import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '../../../test/database.ts';
import { deploy, newKey, removeArtifacts, startTestHost, until, versionOf } from '../../../test/functions/test-host.ts';
import { createPlatform } from './platform.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(async () => {
  await removeArtifacts();
  await database.drop();
});

async function history(environment: string) {
  const { rows } = await sql<{ act: string; changed: boolean; revision: number; weights: unknown }>`
    select act, changed, revision, weights from function_alias_history
    where environment = ${environment} order by position`.execute(database.db);
  return rows;
}

test('twenty writes with one key at the same time make one change and one row', async () => {
  const platform = createPlatform(database.db, new Map());
  const alias = { app: 'shop', environment: 'race', fence: 3 };
  await platform.publish({ ...alias, key: newKey(), version: await versionOf('rel_a', ''), sticky: null });
  const write = { ...alias, key: newKey(), weights: [{ version: 'rel_a', weight: 100 }] };
  const results = await Promise.all(Array.from({ length: 20 }, () => platform.writeAlias(write)));
  expect(results.filter(({ changed }) => changed)).toHaveLength(1);
  expect(results.every(({ revision }) => revision === 2)).toBe(true);
  expect(await history('race')).toEqual([
    { act: 'publish', changed: true, revision: 1, weights: [{ version: 'rel_a', weight: 0 }] },
    { act: 'weights', changed: true, revision: 2, weights: [{ version: 'rel_a', weight: 100 }] },
  ]);
});

test('weights that are so already make no revision, and a refused write leaves no trace', async () => {
  const platform = createPlatform(database.db, new Map());
  const alias = { app: 'shop', environment: 'same', fence: 3 };
  await platform.publish({ ...alias, key: newKey(), version: await versionOf('rel_a', ''), sticky: null });
  const weights = [{ version: 'rel_a', weight: 0 }];
  expect(await platform.writeAlias({ ...alias, key: newKey(), weights })).toEqual({ revision: 1, changed: false });
  const before = await history('same');
  await expect(platform.writeAlias({ ...alias, fence: 2, key: newKey(), weights })).rejects.toMatchObject({
    code: 'FUN_FENCED',
    values: { fence: 2, seen: 3 },
  });
  const half = [{ version: 'rel_a', weight: 50 }];
  await expect(platform.writeAlias({ ...alias, key: newKey(), weights: half })).rejects.toMatchObject({
    code: 'FUN_BAD_REQUEST',
  });
  expect(await history('same')).toEqual(before);
});

test('the same version id with another content is refused', async () => {
  const platform = createPlatform(database.db, new Map());
  const alias = { app: 'shop', environment: 'content', fence: 1 };
  const version = await versionOf('rel_a', '');
  await platform.publish({ ...alias, key: newKey(), version, sticky: null });
  const other = { ...version, digest: 'sha256:other' };
  await expect(platform.publish({ ...alias, key: newKey(), version: other, sticky: null })).rejects.toMatchObject({
    code: 'FUN_CONFLICT',
  });
});

test('without a live host nothing is ready and nothing is routed', async () => {
  const platform = createPlatform(database.db, new Map());
  const alias = { app: 'shop', environment: 'hostless', fence: 1 };
  await platform.publish({ ...alias, key: newKey(), version: await versionOf('rel_a', ''), sticky: null });
  await platform.writeAlias({ ...alias, key: newKey(), weights: [{ version: 'rel_a', weight: 100 }] });
  expect(await platform.observe(alias)).toMatchObject([{ version: 'rel_a', weight: 0, ready: false, instances: 0 }]);
});

test('a host whose listening connection was cut still follows the aliases', async () => {
  const host = await startTestHost(database);
  const code = `export const handler = async () => process.env.FUNADE_VERSION;`;
  await deploy(host.functions, await versionOf('rel_a', code), 'cut');
  const { rows } = await sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'funade functions' and datname = current_database()`.execute(database.db);
  expect(rows.length).toBeGreaterThan(0);
  await deploy(host.functions, await versionOf('rel_b', code), 'cut');
  await until(
    async () => (await fetch(`${host.url}/fn/cut/shop/x`)).text(),
    (text) => text === 'rel_b',
  );
  await host.stop();
});
