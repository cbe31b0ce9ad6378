/** What the tests of the functions room and of its target share: artifacts on disk and a host behind a real HTTP server. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { FunctionConfig } from '../../src/config/index.ts';
import { newId, silentLogger, systemClock } from '../../src/kernel/index.ts';
import type { TestDatabase } from '../database.ts';
import { type Functions, type FunctionsOptions, type VersionSpec, createFunctions } from '../../src/functions/index.ts';

export const TEST_BOUNDS = [1, 5, 10, 50, 100, 500, 1000];

/** A directory with these files; remove it with `removeArtifacts`. */
export async function makeArtifact(files: Readonly<Record<string, string>>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'funade-artifact-'));
  made.push(directory);
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), text);
  }
  return directory;
}
const made: string[] = [];

export async function removeArtifacts(): Promise<void> {
  await Promise.all(made.splice(0).map((directory) => rm(directory, { recursive: true, force: true })));
}

export function functionConfig(overrides: Partial<FunctionConfig> = {}): FunctionConfig {
  return {
    runtime: 'nodejs',
    handler: 'index.handler',
    route: '/*',
    auth: 'none',
    timeout: 3000,
    memory: 128,
    concurrency: 1,
    environment: {},
    ...overrides,
  };
}

/** A version of one function `main`, whose module is `code`. */
export async function versionOf(
  id: string,
  code: string,
  config: Partial<FunctionConfig> = {},
  variables: Readonly<Record<string, string>> = {},
): Promise<VersionSpec> {
  const artifact = await makeArtifact({ 'index.mjs': code });
  return { id, digest: `sha256:${id}`, artifact, functions: { main: functionConfig(config) }, variables };
}

export interface TestHost {
  readonly functions: Functions;
  readonly server: Server;
  /** `http://127.0.0.1:port` */
  readonly url: string;
  stop(): Promise<void>;
}

export async function startTestHost(
  database: TestDatabase,
  options: Partial<FunctionsOptions> = {},
): Promise<TestHost> {
  const functions = createFunctions({
    db: database.db,
    connection: database.connection,
    clock: systemClock,
    logger: silentLogger,
    authorize: (token) => Promise.resolve(token === 'right'),
    hostId: newId('host'),
    latencyBounds: TEST_BOUNDS,
    ...options,
  });
  await functions.start();
  const server = createServer(functions.gateway);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    functions,
    server,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      await functions.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

let keys = 0;

/** A key that was not used before. */
export function newKey(): string {
  keys += 1;
  return `key-${keys}`;
}

/** Waits until `isTrue`, or fails with what was last seen. */
export async function until<T>(
  read: () => T | Promise<T>,
  isTrue: (value: T) => boolean,
  timeout = 20_000,
): Promise<T> {
  const deadline = performance.now() + timeout;
  for (;;) {
    const value = await read();
    if (isTrue(value)) return value;
    if (performance.now() > deadline)
      throw new Error(`still ${JSON.stringify(value)?.slice(0, 500)} after ${timeout} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Publishes a version, waits until hosts have it up, and gives it all the traffic. */
export async function deploy(functions: Functions, version: VersionSpec, environment = 'production'): Promise<void> {
  const alias = { app: 'shop', environment, fence: 1 };
  const { platform } = functions;
  await platform.publish({ ...alias, key: newKey(), version, sticky: null });
  await until(
    () => platform.observe(alias),
    (seen) => seen.some((each) => each.version === version.id && each.ready),
  );
  await platform.writeAlias({ ...alias, key: newKey(), weights: [{ version: version.id, weight: 100 }] });
  await until(
    () => platform.observe(alias),
    (seen) => seen.some((each) => each.version === version.id && each.weight === 100),
  );
}
