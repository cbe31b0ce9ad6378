import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '../../../test/database.ts';
import {
  type TestHost,
  asError,
  makeArtifact,
  removeArtifacts,
  startTestHost,
  until,
} from '../../../test/functions/test-host.ts';
import type { Outcome, PublishOrder, Published } from '../index.ts';

let database: TestDatabase;
let host: TestHost;
beforeAll(async () => {
  database = await createTestDatabase();
  host = await startTestHost(database);
});
afterAll(async () => {
  await host.stop();
  await removeArtifacts();
  await database.drop();
});

function publish(name: string, code: string, more: Partial<PublishOrder> = {}): Promise<Published> {
  const runtime = name.startsWith('python') ? 'python' : 'nodejs';
  const file = runtime === 'python' ? 'index.py' : 'index.mjs';
  return host.functions.standalone.publish({
    name,
    code: { kind: 'files', files: { [file]: code } },
    form: 'module',
    by: 'tester',
    onFault: asError,
    ...more,
    config: { runtime, handler: 'index.handler', ...more.config },
  });
}

let requests = 0;

async function invoke(name: string, event: unknown = {}, qualifier: string | null = null) {
  requests += 1;
  const body = Buffer.from(JSON.stringify(event));
  const requestId = `request-${requests}`;
  return host.functions.invoker.invoke({ requestId, name, qualifier, body, caller: { gone: false } });
}

function resultOf(outcome: Outcome): unknown {
  if (outcome.kind !== 'result') throw new Error(`no result: ${JSON.stringify(outcome)}`);
  return JSON.parse(outcome.body.toString('utf8')) as unknown;
}

const answer = (text: string) => `export const handler = async () => ${JSON.stringify(text)};`;

test('a version is called by its number, by an alias, and by nothing as the newest one', async () => {
  const first = await publish('numbers', answer('one'));
  const second = await publish('numbers', answer('two'));
  expect([first.version.number, second.version.number]).toEqual([1, 2]);
  await host.functions.standalone.setAlias({
    name: 'numbers',
    alias: 'live',
    weights: [{ version: '1', weight: 100 }],
    sticky: null,
  });
  const called = [await invoke('numbers'), await invoke('numbers', {}, '1'), await invoke('numbers', {}, 'live')];
  expect(called.map(({ outcome }) => resultOf(outcome))).toEqual(['two', 'one', 'one']);
  expect(called.map(({ version, alias }) => `${version} ${alias}`)).toEqual([
    '2 numbers/$LATEST',
    '1 numbers/1',
    '1 numbers/live',
  ]);
});

test('the same content again is the same version, and other settings make another one', async () => {
  const first = await publish('same', answer('x'));
  const again = await publish('same', answer('x'));
  const slower = await publish('same', answer('x'), { config: { timeout: '9s' } });
  expect([first.isNew, again.isNew, slower.isNew]).toEqual([true, false, true]);
  expect([again.version.number, slower.version.number]).toEqual([1, 2]);
});

test('two publishers at the same moment get two numbers, or one where they bring the same', async () => {
  const published = await Promise.all(['a', 'b', 'b', 'c'].map((text) => publish('crowd', answer(text))));
  expect(new Set(published.map(({ version }) => version.number)).size).toBe(3);
  expect(published.filter(({ isNew }) => isNew)).toHaveLength(3);
  const { latest } = await host.functions.standalone.get('crowd');
  const alias = await host.functions.standalone.alias('crowd', '$LATEST');
  expect(alias.weights).toEqual([{ version: String(latest), weight: 100 }]);
});

test('an alias changes only with the revision that its writer has seen, and for the very next call', async () => {
  const { standalone } = host.functions;
  await publish('revised', answer('one'));
  await publish('revised', answer('two'));
  const order = { name: 'revised', alias: 'live', sticky: null };
  const made = await standalone.setAlias({ ...order, weights: [{ version: '1', weight: 100 }], ifRevision: null });
  expect(resultOf((await invoke('revised', {}, 'live')).outcome)).toBe('one');
  const changed = await standalone.setAlias({
    ...order,
    weights: [{ version: '2', weight: 100 }],
    ifRevision: made.revision,
  });
  expect(resultOf((await invoke('revised', {}, 'live')).outcome)).toBe('two');
  const stale = standalone.setAlias({ ...order, weights: [{ version: '1', weight: 100 }], ifRevision: made.revision });
  await expect(stale).rejects.toMatchObject({
    code: 'FUN_REVISION_MISMATCH',
    values: { present: changed.revision, given: made.revision },
  });
  await expect(
    standalone.setAlias({ ...order, weights: [{ version: '1', weight: 100 }], ifRevision: null }),
  ).rejects.toMatchObject({ code: 'FUN_REVISION_MISMATCH' });
  expect(resultOf((await invoke('revised', {}, 'live')).outcome)).toBe('two');
});

test('a version that does not come up gets no traffic: not by the newest one’s alias, not by any other', async () => {
  const { standalone } = host.functions;
  await publish('careful', answer('good'));
  const order = { name: 'careful', alias: 'live', sticky: null };
  await standalone.setAlias({ ...order, weights: [{ version: '1', weight: 100 }] });
  const broken = publish('careful', `throw new Error('no database');`);
  await expect(broken).rejects.toMatchObject({ outcome: { kind: 'init_failed' } });
  const weights = [
    { version: '1', weight: 90 },
    { version: '2', weight: 10 },
  ];
  await expect(standalone.setAlias({ ...order, weights })).rejects.toMatchObject({
    code: 'FUN_FUNCTION_NOT_PROVEN',
    values: { version: '2', reason: expect.stringContaining('no database') },
  });
  expect((await standalone.alias('careful', 'live')).weights).toEqual([{ version: '1', weight: 100 }]);
  for (const alias of ['live', null]) expect(resultOf((await invoke('careful', {}, alias)).outcome)).toBe('good');
  expect((await standalone.versions('careful')).map(({ number }) => number)).toEqual([2, 1]);
  expect((await standalone.get('careful')).latest).toBe(1);
  expect((await publish('careful', answer('better'))).version.number).toBe(3);
});

test('nor to one whose smoke tests fail', async () => {
  const code = `export const handler = async (event) => { if (event.n > 1) throw new RangeError('too many'); return 1; };`;
  const smoke = [{ event: { n: 1 } }, { event: { n: 2 } }];
  const told = 'smoke test 2 (event): it threw RangeError: too many';
  await publish('smoky', answer('before'));
  await expect(publish('smoky', code, { config: { smoke } })).rejects.toThrow(told);
  const order = { name: 'smoky', alias: 'live', weights: [{ version: '2', weight: 100 }], sticky: null };
  await expect(host.functions.standalone.setAlias(order)).rejects.toMatchObject({
    code: 'FUN_FUNCTION_NOT_PROVEN',
    values: { reason: expect.stringContaining(told) },
  });
  expect(resultOf((await invoke('smoky')).outcome)).toBe('before');
});

test('10 % of 10,000 calls go to the candidate, within 0.9 %', async () => {
  const { standalone } = host.functions;
  await publish('split', answer('stable'));
  await publish('split', answer('candidate'));
  const weights = [
    { version: '1', weight: 90 },
    { version: '2', weight: 10 },
  ];
  await standalone.setAlias({ name: 'split', alias: 'live', weights, sticky: null });
  const counts = new Map<unknown, number>();
  for (let round = 0; round < 200; round += 1) {
    const called = await Promise.all(Array.from({ length: 50 }, () => invoke('split', {}, 'live')));
    for (const { outcome } of called) {
      const text = resultOf(outcome);
      counts.set(text, (counts.get(text) ?? 0) + 1);
    }
  }
  expect(counts.get('candidate')).toBeGreaterThanOrEqual(910);
  expect(counts.get('candidate')).toBeLessThanOrEqual(1090);
}, 120_000);

test('all faults of a configuration are told at once, and nothing is published', async () => {
  const order = publish('faulty', answer('x'), { config: { handler: 'nowhere', memory: 7, timout: '3s' } });
  await expect(order).rejects.toMatchObject({
    code: 'FUN_FUNCTION_INVALID',
    faults: [
      { path: 'memory', message: expect.stringContaining('found 7') },
      { path: 'timout', fix: 'Did you mean "timeout"?' },
    ],
  });
  await expect(host.functions.standalone.get('faulty')).rejects.toMatchObject({ code: 'FUN_NOT_FOUND' });
  await expect(publish('faulty', answer('x'), { config: { handler: 'other.handler' } })).rejects.toMatchObject({
    faults: [{ path: 'handler', message: expect.stringContaining('has no file') }],
  });
});

test('reserved concurrency 0 is an off switch', async () => {
  await publish('closed', answer('x'), { config: { reserved: 0 } });
  expect((await invoke('closed')).outcome).toMatchObject({ kind: 'throttled', reason: expect.stringContaining('off') });
});

test('reserved concurrency holds calls back beyond it, over all instances', async () => {
  const code = `export const handler = async () => { const from = Date.now(); await new Promise((r) => setTimeout(r, 100)); return [from, Date.now()]; };`;
  await publish('held', code, { config: { reserved: 2, concurrency: 8 } });
  const spans = (await Promise.all(Array.from({ length: 6 }, () => invoke('held')))).map(
    ({ outcome }) => resultOf(outcome) as [number, number],
  );
  const atOnce = spans.map(([from]) => spans.filter((other) => other[0] <= from && from < other[1]).length);
  expect(Math.max(...atOnce)).toBeLessThanOrEqual(2);
});

test('a result is given again for the same event where the function allows it, and failures never are', async () => {
  const code = `let count = 0; export const handler = async (event) => { count += 1; if (event.fail) throw new Error('no'); return [event.n, count]; };`;
  await publish('cached', code, { config: { cache: '1m' } });
  const first = await invoke('cached', { n: 1 });
  const again = await invoke('cached', { n: 1 });
  const other = await invoke('cached', { n: 2 });
  expect([first, again, other].map(({ cached, outcome }) => [cached, resultOf(outcome)])).toEqual([
    [false, [1, 1]],
    [true, [1, 1]],
    [false, [2, 2]],
  ]);
  const failures = [await invoke('cached', { fail: true }), await invoke('cached', { fail: true })];
  expect(failures.map(({ cached, outcome }) => [cached, outcome.kind])).toEqual([
    [false, 'threw'],
    [false, 'threw'],
  ]);
});

test('a function that was deleted is gone for the next call, and one of the same name begins anew', async () => {
  const { standalone } = host.functions;
  await publish('again', answer('old'));
  await publish('again', answer('older'));
  expect(resultOf((await invoke('again')).outcome)).toBe('older');
  await standalone.remove('again');
  await expect(invoke('again')).rejects.toMatchObject({ code: 'FUN_NOT_FOUND' });
  await expect(standalone.remove('again')).rejects.toMatchObject({ code: 'FUN_NOT_FOUND' });
  await publish('again', answer('new'));
  expect((await standalone.get('again')).latest).toBe(1);
  expect(resultOf((await invoke('again')).outcome)).toBe('new');
});

test('deleting one alias leaves the others, and what they point to, alone', async () => {
  const { standalone } = host.functions;
  await publish('several', answer('one'));
  await publish('several', answer('two'));
  const order = { name: 'several', weights: [{ version: '1', weight: 100 }], sticky: null };
  await standalone.setAlias({ ...order, alias: 'kept' });
  await standalone.setAlias({ ...order, alias: 'gone' });
  await expect(standalone.removeAlias({ name: 'several', alias: 'gone', ifRevision: 9 })).rejects.toMatchObject({
    code: 'FUN_REVISION_MISMATCH',
  });
  await standalone.removeAlias({ name: 'several', alias: 'gone' });
  expect(resultOf((await invoke('several', {}, 'kept')).outcome)).toBe('one');
  expect(resultOf((await invoke('several')).outcome)).toBe('two');
  await expect(invoke('several', {}, 'gone')).rejects.toMatchObject({ code: 'FUN_NOT_FOUND' });
  await expect(standalone.removeAlias({ name: 'several', alias: 'gone' })).rejects.toMatchObject({
    code: 'FUN_NOT_FOUND',
  });
});

test('a function that never came up leaves nothing to one of the same name', async () => {
  await expect(publish('phoenix', `throw new Error('ashes');`)).rejects.toThrow('ashes');
  expect((await publish('phoenix', answer('alive'))).version.number).toBe(1);
  expect(resultOf((await invoke('phoenix', {}, '1')).outcome)).toBe('alive');
});

test('a name of an application is refused, and so is the other way round', async () => {
  const { platform, standalone } = host.functions;
  await publish('taken', answer('x'));
  const version = { id: 'rel_a', digest: 'sha256:a', artifact: '/nowhere', functions: {}, variables: {} };
  const write = { app: 'taken', environment: 'production', fence: 1, key: 'k-1', version, sticky: null };
  // An application's environments and a function's aliases are one list of names.
  await platform.publish({ ...write, app: 'someapp', key: 'k-2' });
  await expect(publish('someapp', answer('x'))).rejects.toMatchObject({ code: 'FUN_CONFLICT' });
  await expect(standalone.find('someapp')).resolves.toBeUndefined();
});

test('in Python and in Node.js a first call works, prewarmed or not, and each instance has its own /tmp', async () => {
  const python = `import os\ndef handler(event, context):\n    return [event['n'] * 2, sorted(os.listdir('/tmp/task'))]\n`;
  await publish('python-warm', python);
  await publish(
    'node-warm',
    `import fs from 'node:fs'; export const handler = async (event) => [event.n * 2, fs.readdirSync('/tmp/task')];`,
  );
  for (let round = 0; round < 3; round += 1) {
    expect(resultOf((await invoke('python-warm', { n: 4 })).outcome)).toEqual([8, ['index.py']]);
    expect(resultOf((await invoke('node-warm', { n: 4 })).outcome)).toEqual([8, ['index.mjs']]);
    await publish('python-warm', `${python}# ${round}\n`);
    await publish(
      'node-warm',
      `import fs from 'node:fs'; export const handler = async (event) => [event.n * 2, fs.readdirSync('/tmp/task')]; // ${round}`,
    );
    await until(
      () => true,
      (value) => value,
    );
  }
});

test('takes requests by HTTP only where it has a route', async () => {
  await publish('closed', answer('closed'));
  await publish('opened', `export const handler = async (event) => event.rawPath;`, { config: { route: '/*' } });
  const [closed, opened] = await Promise.all(
    ['closed', 'opened'].map((name) => fetch(`${host.url}/fn/$LATEST/${name}/x`)),
  );
  expect([closed?.status, (await closed?.json()) as unknown]).toMatchObject([404, { code: 'NOT_FOUND' }]);
  expect([opened?.status, await opened?.text()]).toEqual([200, '/x']);
});

test('keeps processes up for the version that an alias points to, and for no other, also after a restart', async () => {
  const directory = await makeArtifact({});
  const first = await startTestHost(database, { directory });
  const config = { runtime: 'nodejs', handler: 'index.handler', instances: { min: 1 } };
  for (const text of ['one', 'two']) {
    const files = { 'index.mjs': answer(text) };
    const order = { name: 'kept', form: 'module', by: 'tester', onFault: asError, config } as const;
    await first.functions.standalone.publish({ ...order, code: { kind: 'files', files } });
  }
  await first.stop();
  const second = await startTestHost(database, { directory });
  try {
    const used = await until(
      () => Promise.resolve(second.functions.memory().used),
      (megabytes) => megabytes > 0, // nobody called
    );
    expect(used).toBe(128);
  } finally {
    await second.functions.standalone.remove('kept');
    await second.stop();
  }
});

test('settings go with the code of the version that they were read from', async () => {
  const { version: first } = await publish('mixed', answer('first'), { config: { trusted: true } });
  await publish('mixed', answer('second'));
  const { version: third } = await publish('mixed', '', {
    code: { kind: 'version', number: first.number },
    config: { trusted: true, memory: 256 },
  });
  expect(third).toMatchObject({ number: 3, digest: first.digest });
  expect(resultOf((await invoke('mixed')).outcome)).toBe('first');
});

test('a function that is deleted while a version of it comes up stays deleted', async () => {
  const { standalone } = host.functions;
  const slow = `await new Promise((resolve) => setTimeout(resolve, 1500)); ${answer('slow')}`;
  const publishing = publish('deleted', slow);
  publishing.catch(() => {});
  await until(
    () => standalone.find('deleted'),
    (found) => found !== undefined,
  );
  await standalone.remove('deleted');
  await expect(publishing).rejects.toMatchObject({ code: 'FUN_CONFLICT' });
  expect(await standalone.find('deleted')).toBeUndefined();
  await publish('deleted', answer('again'));
  expect(resultOf((await invoke('deleted')).outcome)).toBe('again');
});

test('memory that idle functions have is there for one that is published', async () => {
  const small = await startTestHost(database, { memory: 256 });
  try {
    for (const name of ['idle-a', 'idle-b', 'idle-c', 'idle-d']) {
      const files = { 'index.mjs': answer(name) };
      const config = { runtime: 'nodejs', handler: 'index.handler' };
      const order = { name, form: 'module', by: 'tester', onFault: asError, config } as const;
      await small.functions.standalone.publish({ ...order, code: { kind: 'files', files } });
    }
    const files = { 'index.mjs': answer('large') };
    const config = { runtime: 'nodejs', handler: 'index.handler', memory: 512 };
    const order = { name: 'too-large', form: 'module', by: 'tester', onFault: asError, config } as const;
    await expect(
      small.functions.standalone.publish({ ...order, code: { kind: 'files', files } }),
    ).rejects.toMatchObject({ outcome: { kind: 'init_failed', reason: expect.stringContaining('may take 256 MB') } });
  } finally {
    await small.stop();
  }
});

test('a first version that does not come up leaves nothing; a later one says why it is not used', async () => {
  const { standalone } = host.functions;
  const broken = () => publish('attempted', `throw new Error('no database');`);
  await expect(broken()).rejects.toMatchObject({ outcome: { kind: 'init_failed' } });
  expect(await standalone.find('attempted')).toBeUndefined();
  await publish('attempted', answer('works'));
  await expect(broken()).rejects.toMatchObject({ outcome: { kind: 'init_failed' } });
  const versions = await standalone.versions('attempted');
  expect(versions.map(({ number, fault }) => [number, fault])).toEqual([
    [2, expect.stringContaining('no database')],
    [1, null],
  ]);
  expect((await standalone.get('attempted')).latest).toBe(1);
});
