/** What the tests of the functions room and of its target share: artifacts on disk and a host behind a real HTTP server. */
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { FunctionConfig } from '../../src/config/index.ts';
import { newId, silentLogger, systemClock } from '../../src/kernel/index.ts';
import { createMemoryQueue } from '../../src/queue/index.ts';
import type { TestDatabase } from '../database.ts';
import {
  type Functions,
  type FunctionsOptions,
  type LambdaAccess,
  type Outcome,
  type SecretSource,
  type VersionSpec,
  createFunctions,
  reasonOf,
} from '../../src/functions/index.ts';
import { type IsolationTier, type Sandbox, createSandbox } from '../../src/sandbox/index.ts';

const TESTER = { user: 'tester', tokenId: 'tok_tester' };

/** One access key, `test` with the secret `secret`, and one token, `right`. */
const TEST_ACCESS: LambdaAccess = {
  secretOf: (id) => Promise.resolve(id === 'test' ? 'secret' : null),
  callerOfKey: (id) => Promise.resolve(id === 'test' ? TESTER : null),
  callerOfToken: (token) => Promise.resolve(token === 'right' ? TESTER : null),
};

/** Every name has a version, and none a value. */
export const NO_SECRETS: SecretSource = {
  pin: (_, names) =>
    Promise.resolve(Object.fromEntries(names.map((name) => [name, { environment: null, version: 1 }]))),
  resolve: () => Promise.resolve(new Map()),
};

/** For `onFault`. */
export function asError(outcome: Outcome): Error {
  return Object.assign(new Error(reasonOf(outcome)), { outcome });
}

export const TEST_BOUNDS = [1, 5, 10, 50, 100, 500, 1000];

/** A directory with these files; remove it with `removeArtifacts`. */
export async function makeArtifact(files: Readonly<Record<string, string>>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'funade-artifact-'));
  await chmod(directory, 0o755); // functions run as users of their own
  made.push(directory);
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), text);
  }
  return directory;
}
const made: string[] = [];

/** Ends what this file has started for its tests and removes what it has written. */
export async function removeArtifacts(): Promise<void> {
  await closeSandboxes();
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
    instances: { min: null, max: null },
    reserved: null,
    network: 'none',
    egress: [],
    trusted: true,
    cache: 0,
    smoke: [],
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

/** The sandbox of a test, in the best tier of this machine unless told otherwise. Closed by `removeArtifacts`. */
export async function testSandbox(tier?: IsolationTier): Promise<Sandbox> {
  const stateDir = await mkdtemp(join(tmpdir(), 'funade-boxes-'));
  made.push(stateDir);
  const sandbox = createSandbox({ logger: silentLogger, stateDir, ...(tier === undefined ? {} : { tier }) });
  sandboxes.push(sandbox);
  return sandbox;
}
const sandboxes: Sandbox[] = [];

async function closeSandboxes(): Promise<void> {
  await Promise.all(sandboxes.splice(0).map((sandbox) => sandbox.close()));
}

export interface TestHost {
  readonly functions: Functions;
  readonly server: Server;
  /** `http://127.0.0.1:port` */
  readonly url: string;
  stop(): Promise<void>;
}

/** One for all hosts of a test file: each has a process of its own to start. */
let shared: Promise<Sandbox> | undefined;
function sharedSandbox(): Promise<Sandbox> {
  return (shared ??= testSandbox());
}

export async function startTestHost(
  database: TestDatabase,
  options: Partial<FunctionsOptions> = {},
): Promise<TestHost> {
  const directory = await mkdtemp(join(tmpdir(), 'funade-functions-'));
  made.push(directory);
  const functions = createFunctions({
    directory,
    path: process.env['PATH'] ?? '',
    queue: createMemoryQueue(silentLogger),
    lambdaAccess: TEST_ACCESS,
    sandbox: options.sandbox ?? (await sharedSandbox()),
    untrusted: 'refuse',
    secrets: NO_SECRETS,
    db: database.db,
    connection: database.connection,
    clock: systemClock,
    logger: silentLogger,
    authorize: (token) => Promise.resolve(token === 'right'),
    hostId: newId('host'),
    latencyBounds: TEST_BOUNDS,
    ...options,
  });
  await functions.start({ alone: true });
  const server = createServer((request, response) => {
    const isLambda = /^\/\d{4}-\d\d-\d\d\//.test(request.url ?? '');
    void (isLambda ? functions.lambda : functions.gateway)(request, response);
  });
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
    60_000, // several processes on a machine that may be busy
  );
  await platform.writeAlias({ ...alias, key: newKey(), weights: [{ version: version.id, weight: 100 }] });
  await until(
    () => platform.observe(alias),
    (seen) => seen.some((each) => each.version === version.id && each.weight === 100),
  );
}
