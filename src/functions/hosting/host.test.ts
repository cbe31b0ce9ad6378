import { Agent, request as httpRequest } from 'node:http';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '../../../test/database.ts';
import type { SpawnWorker } from '../index.ts';
import type { Sandbox } from '../../sandbox/index.ts';
import {
  type TestHost,
  deploy,
  newKey,
  removeArtifacts,
  startTestHost,
  testSandbox,
  until,
  versionOf,
} from '../../../test/functions/test-host.ts';

const ALIAS = { app: 'shop', environment: 'production', fence: 1 };

let database: TestDatabase;
const hosts: TestHost[] = [];
const pids: number[] = [];
let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await testSandbox();
  database = await createTestDatabase();
});
afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.stop()));
  await database.db.deleteFrom('function_aliases' as never).execute();
  await database.db.deleteFrom('function_alias_history' as never).execute();
  expect(pids.splice(0).filter(isRunning), 'workers that outlive their host').toEqual([]);
});
afterAll(async () => {
  await removeArtifacts();
  await database.drop();
});

/** Remembers every worker, so that each test also proves that none is left behind. */
const spawn: SpawnWorker = async (request) => {
  const worker = await sandbox.spawnWorker(request);
  pids.push(worker.pid);
  return worker;
};

async function startHost(
  options: Parameters<typeof startTestHost>[1] & { readonly spawn?: SpawnWorker } = {},
): Promise<TestHost> {
  const { spawn: spawnWorker = spawn, ...rest } = options;
  const host = await startTestHost(database, { sandbox: { ...sandbox, spawnWorker }, ...rest });
  hosts.push(host);
  return host;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function call(host: TestHost, path = '/', init?: RequestInit): Promise<Response> {
  return fetch(`${host.url}/fn/production/shop${path}`, init);
}

const NAME_ITSELF = `export const handler = async () => ({ statusCode: 200, body: process.env.FUNADE_VERSION });`;

/** 64 connections that ask without a pause. */
function loadOn(host: TestHost) {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const statuses = new Map<number, number>();
  let running = true;
  /** The version that answered. */
  function ask(): Promise<string> {
    return new Promise((resolve, reject) => {
      httpRequest(`${host.url}/fn/production/shop/x`, { agent }, (answer) => {
        statuses.set(answer.statusCode ?? 0, (statuses.get(answer.statusCode ?? 0) ?? 0) + 1);
        answer.resume();
        answer.on('end', () => resolve(String(answer.headers['x-funade-version'])));
      })
        .on('error', reject)
        .end();
    });
  }
  async function askOn(): Promise<void> {
    while (running) await ask();
  }
  const callers = Array.from({ length: 64 }, askOn);
  return {
    ask,
    statuses,
    answered: (count: number) =>
      until(
        () => statuses.get(200) ?? 0,
        (seen) => seen > count,
      ),
    stop: async () => {
      running = false;
      await Promise.all(callers);
      agent.destroy();
    },
  };
}

test('a hot swap under 64 connections loses no request, and the first answer after it is the new one', async () => {
  const host = await startHost();
  await deploy(host.functions, await versionOf('rel_a', NAME_ITSELF));
  const load = loadOn(host);
  for (const id of ['rel_b', 'rel_c']) {
    await deploy(host.functions, await versionOf(id, NAME_ITSELF));
    expect(await load.ask()).toBe(id);
    await host.functions.platform.retire({ ...ALIAS, key: newKey(), version: id === 'rel_b' ? 'rel_a' : 'rel_b' });
  }
  await load.answered(500);
  await load.stop();
  expect([...load.statuses.keys()]).toEqual([200]);
});

test('a rollback under 64 connections: no request that begins after it is answered by the old version, and none fails', async () => {
  const host = await startHost();
  const { platform } = host.functions;
  const failing = `export const handler = async () => ({ statusCode: 200, body: 'new' });`;
  await deploy(host.functions, await versionOf('rel_good', NAME_ITSELF));
  await deploy(host.functions, await versionOf('rel_bad', failing));
  const load = loadOn(host);
  await load.answered(200);
  await platform.writeAlias({ ...ALIAS, key: newKey(), weights: [{ version: 'rel_good', weight: 100 }] });
  await until(
    () => platform.observe(ALIAS),
    (seen) => seen.some(({ version, weight }) => version === 'rel_good' && weight === 100),
  );
  const after = await Promise.all(Array.from({ length: 300 }, load.ask));
  await load.stop();
  expect(new Set(after)).toEqual(new Set(['rel_good']));
  expect([...load.statuses.keys()]).toEqual([200]);
});

test('a slow request that began before its version was retired still gets its answer', async () => {
  const host = await startHost();
  const slow = `export const handler = async () => { await new Promise((r) => setTimeout(r, 700)); return 'slow'; };`;
  await deploy(host.functions, await versionOf('rel_a', slow));
  const pending = call(host);
  await until(
    () => pids.length,
    (count) => count > 0,
  );
  await deploy(host.functions, await versionOf('rel_b', NAME_ITSELF));
  await host.functions.platform.retire({ ...ALIAS, key: newKey(), version: 'rel_a' });
  const answer = await pending;
  expect([answer.status, await answer.text()]).toEqual([200, 'slow']);
  await until(
    () => pids.filter(isRunning).length,
    (count) => count === 1,
  );
});

test.each([
  [
    'throws at import',
    `import { x } from 'node:fs'; export const handler = 1;`,
    /does not provide an export named 'x'/,
  ],
  ['throws while it is loaded', `\n\nthrow new Error('no database');`, /no database\n.*index\.mjs:3/],
  ['lacks its handler', `export const other = () => {};`, /"index\.handler" exports no function named handler/],
  ['exits while it is loaded', `process.exit(3);`, /exited with code 3 while it was loaded/],
  ['never finishes loading', `await new Promise((r) => setTimeout(r, 60_000));`, /not ready within 800 ms/],
])('a module that %s makes its version failed, with the reason, and never gets traffic', async (_, code, reason) => {
  const host = await startHost({ initTimeout: code.includes('60_000') ? 800 : 10_000 });
  await host.functions.platform.publish({
    ...ALIAS,
    key: newKey(),
    version: await versionOf('rel_bad', code),
    sticky: null,
  });
  const seen = await until(
    () => host.functions.platform.observe(ALIAS),
    ([first]) => first?.failure !== null,
  );
  expect(seen).toMatchObject([{ version: 'rel_bad', ready: false, weight: 0, instances: 0 }]);
  expect(seen[0]?.failure).toMatch(reason);
  const write = { ...ALIAS, key: newKey(), weights: [{ version: 'rel_bad', weight: 100 }] };
  await expect(host.functions.platform.writeAlias(write)).rejects.toMatchObject({ code: 'FUN_VERSION_FAILED' });
  const answer = await call(host);
  expect([answer.status, answer.headers.has('retry-after')]).toEqual([503, true]);
});

test.each([
  ['waits forever', `await new Promise(() => setInterval(() => {}, 1000));`],
  ['loops forever', `for (;;);`],
])('a handler that %s answers 504 in time and the next call works', async (_, hang) => {
  const host = await startHost();
  const code = `export const handler = async (event) => { if (event.rawPath === '/hang') { ${hang} } return 'fine'; };`;
  await deploy(host.functions, await versionOf('rel_a', code, { timeout: 300 }));
  const started = performance.now();
  const answer = await call(host, '/hang');
  expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([504, 'FUNCTION_TIMEOUT']);
  expect(performance.now() - started).toBeLessThan(2500);
  expect(await (await call(host)).text()).toBe('fine');
});

test('a worker that is killed costs only its call in flight, and the next one works', async () => {
  const host = await startHost({ limits: { max: 1 } });
  const code = `const name = crypto.randomUUID();
  export const handler = async (event) => {
    if (event.rawPath === '/slow') await new Promise((r) => setTimeout(r, 5000));
    return name;
  };`;
  await deploy(host.functions, await versionOf('rel_a', code, { timeout: 10_000 }));
  const name = await (await call(host)).text();
  const worker = pids.find(isRunning);
  const inFlight = call(host, '/slow');
  const waiting = new Promise<Response>((resolve) => setTimeout(() => resolve(call(host)), 100));
  setTimeout(() => process.kill(worker ?? 0, 'SIGKILL'), 200);
  const answer = await inFlight;
  expect(answer.status).toBe(502);
  expect(await answer.json()).toMatchObject({ code: 'FUNCTION_EXITED', details: { by: 'function' } });
  expect(await (await waiting).text()).not.toBe(name);
});

test('garbage on fd 3 and a forged answer end the instance and nothing else', async () => {
  const host = await startHost();
  const code = `import { writeSync } from 'node:fs';
  export const handler = async (event) => {
    if (event.rawPath === '/garbage') { writeSync(3, 'hello world, this is no frame'); await new Promise((r) => setTimeout(r, 1000)); }
    if (event.rawPath === '/forged') { const b = Buffer.from('0000000b04ffffffff0004' + '6e756c6c', 'hex'); writeSync(3, b); await new Promise((r) => setTimeout(r, 1000)); }
    return 'fine';
  };`;
  await deploy(host.functions, await versionOf('rel_a', code));
  for (const path of ['/garbage', '/forged']) {
    const answer = await call(host, path);
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([502, 'FUNCTION_PROTOCOL']);
    expect(await (await call(host)).text()).toBe('fine');
  }
});

test('100 MB of output do not grow this process, and the log says where it was cut', async () => {
  const host = await startHost();
  const code = `export const handler = async () => {
    const line = 'x'.repeat(1023);
    for (let n = 0; n < 100 * 1024; n += 1) console.log(line);
    return 'written';
  };`;
  await deploy(host.functions, await versionOf('rel_a', code, { timeout: 20_000 }));
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  expect(await (await call(host)).text()).toBe('written');
  expect(process.memoryUsage().rss - before).toBeLessThan(80 * 1024 * 1024);
  const lines = await until(
    () => host.functions.logs.list({ ...ALIAS, limit: 10_000 }),
    (all) => all.some(({ text }) => text.includes('cut:')),
  );
  expect(lines.length).toBeLessThanOrEqual(1100); // 1 MB of it
});

test('an instance that became ready in time is not ended when that time has passed', async () => {
  const host = await startHost({ initTimeout: 3000 });
  await deploy(
    host.functions,
    await versionOf('rel_a', `const name = crypto.randomUUID(); export const handler = async () => name;`),
  );
  const first = await (await call(host)).text();
  const end = performance.now() + 4000;
  while (performance.now() < end) expect(await (await call(host)).text()).toBe(first);
});

test('a full queue answers 429 at once, and a call that waited for its whole time too', async () => {
  const host = await startHost({ limits: { max: 1, queue: 3, wait: 1500 } });
  const code = `export const handler = async () => { await new Promise((r) => setTimeout(r, 1000)); return 'done'; };`;
  await deploy(host.functions, await versionOf('rel_a', code));
  const answers = await Promise.all(Array.from({ length: 8 }, () => call(host)));
  const statuses = answers.map(({ status }) => status).toSorted();
  expect(statuses).toEqual([200, 200, 429, 429, 429, 429, 429, 429]);
});

test('30 parallel first calls start at most ⌈30 / concurrency⌉ instances', async () => {
  const host = await startHost({ limits: { max: 50 } });
  const code = `export const handler = async () => { await new Promise((r) => setTimeout(r, 50)); return 'x'; };`;
  await deploy(host.functions, await versionOf('rel_a', code, { concurrency: 10 }));
  const answers = await Promise.all(Array.from({ length: 30 }, () => call(host)));
  expect(answers.every(({ status }) => status === 200)).toBe(true);
  expect(pids.length).toBeLessThanOrEqual(3);
});

test('a worn-out instance is replaced without losing a call', async () => {
  const host = await startHost({ limits: { recycleCalls: 20, recycleNotBefore: 0 } });
  const code = `const name = crypto.randomUUID(); export const handler = async () => name;`;
  await deploy(host.functions, await versionOf('rel_a', code));
  const seen = new Set<string>();
  await until(
    async () => {
      const answer = await call(host);
      expect(answer.status).toBe(200);
      seen.add(await answer.text());
      return seen.size;
    },
    (count) => count >= 3,
  );
});

test('a host that stops finishes its requests, then leaves no worker and no row', async () => {
  const host = await startHost();
  const code = `export const handler = async () => { await new Promise((r) => setTimeout(r, 400)); return 'finished'; };`;
  await deploy(host.functions, await versionOf('rel_a', code));
  const pending = call(host);
  await new Promise((resolve) => setTimeout(resolve, 100));
  await host.functions.stop();
  expect(await (await pending).text()).toBe('finished');
  expect(pids.filter(isRunning)).toEqual([]);
  expect((await call(host)).status).toBe(503);
  expect(await host.functions.platform.observe(ALIAS)).toMatchObject([{ ready: false, instances: 0 }]);
});

test('a version counts as ready, and a weight as seen, only when every live host has it', async () => {
  const first = await startHost();
  await deploy(first.functions, await versionOf('rel_a', NAME_ITSELF));
  let hold = true;
  const second = await startHost({
    spawn: async (request) => {
      await until(
        () => hold,
        (held) => !held,
      );
      return spawn(request);
    },
  });
  const { platform } = first.functions;
  expect(await platform.observe(ALIAS)).toMatchObject([{ version: 'rel_a', ready: false, weight: 100 }]);
  hold = false;
  await until(
    () => platform.observe(ALIAS),
    ([version]) => version?.ready === true && version.instances === 2,
  );
  await deploy(first.functions, await versionOf('rel_b', NAME_ITSELF));
  for (const host of [first, second]) expect(await (await call(host)).text()).toBe('rel_b');
});

test('a candidate answers to x-funade-version without taking traffic', async () => {
  const since = Date.now(); // other tests have counted the same versions before
  const host = await startHost();
  await deploy(host.functions, await versionOf('rel_a', NAME_ITSELF));
  const { platform } = host.functions;
  await platform.publish({ ...ALIAS, key: newKey(), version: await versionOf('rel_b', NAME_ITSELF), sticky: null });
  const preview = { headers: { 'x-funade-version': 'rel_b' } };
  await until(
    async () => (await call(host, '/', preview)).status,
    (status) => status === 200,
  );
  expect(await (await call(host, '/', preview)).text()).toBe('rel_b');
  expect(await (await call(host)).text()).toBe('rel_a');
  expect((await call(host, '/', { headers: { 'x-funade-version': 'rel_x' } })).status).toBe(404);
  // Whoever pleases may ask for it: what comes of that is not what its judge sees.
  const query = { ...ALIAS, versions: ['rel_a', 'rel_b'], since, until: Date.now() + 60_000 };
  const counts = await until(
    () => host.functions.metrics.readCounts(query),
    (rows) => rows.length > 0,
  );
  expect([...new Set(counts.map(({ version }) => version))]).toEqual(['rel_a']);
});

test('a version that keeps no process up is tried again when its first start failed', async () => {
  const host = await startHost();
  const code = `
    if (Date.now() < ${Date.now() + 4000}) throw new Error('not yet');
    export const handler = async () => 'up';`;
  const version = await versionOf('rel_a', code, { instances: { min: 0, max: null } });
  await deploy(host.functions, version);
  expect(await (await call(host)).text()).toBe('up');
});
