import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '../../../test/database.ts';
import { createPlatform } from '../aliases/platform.ts';
import {
  makeArtifact,
  newKey,
  removeArtifacts,
  startTestHost,
  until,
  versionOf,
} from '../../../test/functions/test-host.ts';

const ALIAS = { app: 'shop', environment: 'production', fence: 1 };

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(async () => {
  await removeArtifacts();
  await database.drop();
});

async function ask<T>(child: ChildProcess, question?: string): Promise<T> {
  const answer = once(child, 'message');
  if (question !== undefined) child.send(question);
  return ((await answer) as [T])[0];
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('a host that is killed leaves no worker behind, not even one that loops, and its successor takes over', async () => {
  const platform = createPlatform(database.db, new Map());
  const code = `export const handler = async (event) => { if (event.rawPath === '/loop') for (;;); return process.env.FUNADE_VERSION; };`;
  const program = fileURLToPath(new URL('../../../test/functions/host-process.ts', import.meta.url));
  const child = fork(program, [JSON.stringify(database.connection), await makeArtifact({})], {
    execArgv: [],
    stdio: 'ignore',
  });
  try {
    const { port } = await ask<{ port: number }>(child);
    await platform.publish({
      ...ALIAS,
      key: newKey(),
      version: await versionOf('rel_a', code, { timeout: 60_000 }),
      sticky: null,
    });
    await until(
      () => platform.observe(ALIAS),
      ([version]) => version?.ready === true,
    );
    await platform.writeAlias({ ...ALIAS, key: newKey(), weights: [{ version: 'rel_a', weight: 100 }] });
    const address = `http://127.0.0.1:${port}/fn/production/shop`;
    await until(
      async () => (await fetch(`${address}/x`)).status,
      (status) => status === 200,
    );
    const looping = fetch(`${address}/loop`).catch(() => undefined);
    await until(
      async () => (await fetch(`${address}/x`)).status,
      (status) => status === 200,
    ); // a second instance is up
    const { pids } = await ask<{ pids: readonly number[] }>(child, 'pids');
    expect(pids.filter(isRunning).length).toBeGreaterThanOrEqual(2);
    child.kill('SIGKILL');
    await until(
      () => pids.filter(isRunning),
      (running) => running.length === 0,
      5000,
    );
    await looping;
  } finally {
    child.kill('SIGKILL');
  }
  const successor = await startTestHost(database, { hostId: 'killed' });
  await until(
    () => platform.observe(ALIAS),
    ([version]) => version?.ready === true && version.weight === 100,
  );
  expect(await (await fetch(`${successor.url}/fn/production/shop/x`)).text()).toBe('rel_a');
  await successor.stop();
});
