import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FunctionConfig } from '../../config/index.ts';
import { type TestDatabase, createTestDatabase } from '../../../test/database.ts';
import {
  type TestHost,
  deploy,
  functionConfig,
  makeArtifact,
  removeArtifacts,
  startTestHost,
  testSandbox,
  until,
} from '../../../test/functions/test-host.ts';
import type { Sandbox } from '../../sandbox/index.ts';

const PROGRAMS = join(import.meta.dirname, '../../../test/functions/hostile');
const NAMES = readdirSync(PROGRAMS)
  .filter((name) => name.endsWith('.mjs'))
  .map((name) => name.replace('.mjs', ''));
const TIMEOUT = 2000;
/** What a call may take beyond its deadline before this test calls it a hang; the bench measures how much it really is. */
const PATIENCE = 3000;

let database: TestDatabase;
let host: TestHost;
let sandbox: Sandbox;
const pids: number[] = [];
beforeAll(async () => {
  database = await createTestDatabase();
  sandbox = await testSandbox();
  host = await startTestHost(database, {
    limits: { freeze: 200 },
    sandbox: {
      ...sandbox,
      spawnWorker: async (request) => {
        const worker = await sandbox.spawnWorker(request);
        pids.push(worker.pid);
        return worker;
      },
    },
  });
  const artifact = await makeArtifact({});
  await cp(PROGRAMS, artifact, { recursive: true });
  const functions = Object.fromEntries(NAMES.map((name) => [name, configOf(name)]));
  await deploy(host.functions, { id: 'rel_hostile', digest: 'sha256:hostile', artifact, functions, variables: {} });
}, 120_000);
afterAll(async () => {
  await host.stop();
  await until(
    () => pids.filter(isRunning),
    (running) => running.length === 0,
    5000,
  );
  await removeArtifacts();
  await database.drop();
});

function configOf(name: string): FunctionConfig {
  const instances = { min: name === 'neighbour' ? 1 : 0, max: null };
  const memory = name.endsWith('-hog') ? 96 : 128;
  const timeout = timeoutOf(name);
  return functionConfig({ handler: `${name}.handler`, route: `/${name}`, timeout, memory, instances });
}

/** What fills memory or a pipe takes its time on a busy machine. */
function timeoutOf(name: string): number {
  return name === 'flood' || name.endsWith('-hog') ? 5 * TIMEOUT : TIMEOUT;
}

function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

async function call(name: string, query = ''): Promise<{ status: number; code: string | null; body: unknown }> {
  const answer = await fetch(`${host.url}/fn/production/shop/${name}${query}`);
  const text = await answer.text();
  const body: unknown = text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text;
  return { status: answer.status, code: (body as { code?: string }).code ?? null, body };
}

/** Calls the neighbour again and again while something else happens; every answer has to be good. */
async function besideNeighbour<T>(act: () => Promise<T>): Promise<T> {
  let isOver = false;
  const times: number[] = [];
  const neighbour = (async () => {
    while (!isOver) {
      const start = performance.now();
      expect(await call('neighbour')).toMatchObject({ status: 200, body: 'fine' });
      times.push(performance.now() - start);
    }
  })();
  const result = await act().finally(() => {
    isOver = true;
  });
  await neighbour;
  expect(times.length).toBeGreaterThan(0);
  times.sort((left, right) => left - right);
  expect(times[Math.floor(times.length / 2)], 'median of the neighbour').toBeLessThan(500);
  return result;
}

const isBoxed = (await testSandbox()).isolation().tier === 'A';

test.each([
  ['loop', 504, 'FUNCTION_TIMEOUT'],
  ['wait', 504, 'FUNCTION_TIMEOUT'],
  ['heap-hog', 507, 'FUNCTION_OUT_OF_MEMORY'],
  ['buffer-hog', 507, 'FUNCTION_OUT_OF_MEMORY'],
  ['exit', 502, 'FUNCTION_EXITED'],
  ['segfault', 502, 'FUNCTION_EXITED'],
  ['garbage', 502, 'FUNCTION_PROTOCOL'],
  ['forged', 502, 'FUNCTION_PROTOCOL'],
] as const)(
  '%s is answered with %i %s in time, twice in a row, and its neighbour does not notice',
  async (name, status, code) => {
    for (let round = 0; round < 2; round += 1) {
      const start = performance.now();
      expect(await besideNeighbour(() => call(name))).toMatchObject({
        status,
        code,
        body: { details: { by: 'function' } },
      });
      expect(performance.now() - start).toBeLessThan(timeoutOf(name) + PATIENCE);
    }
  },
);

test.runIf(isBoxed)(
  'a fork bomb ends at its deadline with all of its processes, and its neighbour does not notice',
  async () => {
    expect(await besideNeighbour(() => call('fork-bomb'))).toMatchObject({ status: 504, code: 'FUNCTION_TIMEOUT' });
    await until(
      () => execFileSync('pgrep', ['-fc', ':\\(\\)\\{ :\\|:& \\};:'], { encoding: 'utf8' }).trim(),
      (count) => Number(count) <= 1,
    ).catch((thrown: unknown) => {
      if ((thrown as { status?: number }).status !== 1) throw thrown; // none at all
    });
  },
);

test('an exception after the answer costs nobody an answer, and the next call gets a fresh process', async () => {
  for (let round = 0; round < 5; round += 1) {
    expect(await call('late')).toMatchObject({ status: 200, body: 'fine' });
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(
    await until(
      () => host.functions.logs.list({ app: 'shop', environment: 'production', limit: 1000 }),
      (lines) => lines.some(({ text }) => text.includes('too late')),
    ),
  ).toBeTruthy();
});

test('100 MB of output are read, cut and answered', async () => {
  expect(await besideNeighbour(() => call('flood'))).toMatchObject({ status: 200, body: 'written' });
});

describe.runIf(isBoxed)('in its box', () => {
  test('a function reads nothing of the host and writes nothing but /tmp', async () => {
    expect((await call('shadow')).body).toEqual([
      ...['ENOENT', 'ENOENT', 'ENOENT', expect.stringMatching(/^(?:EIO|EACCES)$/), 'EACCES', 'EROFS'],
      expect.stringMatching(/^(?:EINVAL|EPERM)$/),
    ]);
  });

  test('a function reaches no network, no metadata service, no port and no socket of the host', async () => {
    const server = createServer((socket) => socket.end('reached'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const { body } = await call('outbound', `?port=${port}`);
    server.close();
    expect(body).toEqual(['ENETUNREACH', 'ENETUNREACH', 'ECONNREFUSED', 'ENOENT']);
  });

  test('a full /tmp is an error of the function, which goes on', async () => {
    expect((await call('full-tmp')).body).toEqual(['ENOSPC', expect.any(Number)]);
  });

  test('a function opens 256 files at most, and goes on', async () => {
    const { body } = await call('many-files');
    expect(body).toEqual(['EMFILE', expect.any(Number)]);
    expect((body as [string, number])[1]).toBeLessThan(256);
  });

  test('a process that a call left behind is ended with the instance, before the next call', async () => {
    const first = await call('daemon');
    await until(
      () => host.functions.logs.list({ app: 'shop', environment: 'production', limit: 1000 }),
      (lines) => lines.some(({ text }) => text.includes('went on after the call')),
    );
    const second = await call('daemon');
    expect([first.status, second.status]).toEqual([200, 200]);
    expect(second.body).not.toBe(first.body);
  });
});

test('after all of that the same functions still answer as they should', async () => {
  for (const name of ['exit', 'heap-hog', 'loop']) expect((await call(name)).status).toBeGreaterThanOrEqual(502);
  expect(await call('neighbour')).toMatchObject({ status: 200, body: 'fine' });
});
