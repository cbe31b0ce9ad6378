import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { silentLogger } from '../src/kernel/index.ts';
import { type Connection, connect, migrateToLatest, openDataDir, startEmbeddedPostgres } from '../src/store/index.ts';

declare module 'vitest' {
  interface ProvidedContext {
    postgres: Connection;
  }
}

/** One real PostgreSQL for the whole test run; every test file gets its own database from `createTestDatabase`. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const path = await mkdtemp(join(tmpdir(), 'funade-test-'));
  await chmod(path, 0o755);
  const dataDir = await openDataDir(path);
  const server = await startEmbeddedPostgres(dataDir, silentLogger);
  const template = connect(server.connection, { max: 2 });
  await migrateToLatest(template);
  await template.destroy();
  project.provide('postgres', server.connection);
  return async () => {
    await server.stop();
    await rm(path, { recursive: true, force: true });
  };
}
