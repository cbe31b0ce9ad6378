import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '../../test/database.ts';
import {
  type TestHost,
  functionConfig,
  makeArtifact,
  newKey,
  removeArtifacts,
  startTestHost,
  until,
} from '../../test/functions/test-host.ts';
import { systemClock } from '../kernel/index.ts';
import type { Target, TargetContext, TargetRelease } from '../rollouts/port.ts';
import { createFunctionsTarget, createNoopTarget } from './index.ts';

const FAILING = 'rel_failing';
let database: TestDatabase;
let host: TestHost;
let artifact = '';
beforeAll(async () => {
  database = await createTestDatabase();
  host = await startTestHost(database);
  artifact = await makeArtifact({
    'index.mjs': `if (process.env.FUNADE_VERSION === '${FAILING}') throw new Error('never starts');
      export const handler = async () => {
        await new Promise((resolve) => setTimeout(resolve, 400));
        return { statusCode: 200, body: process.env.FUNADE_VERSION };
      };`,
  });
});
afterAll(async () => {
  await host.stop();
  await removeArtifacts();
  await database.drop();
});

function release(id: string): TargetRelease {
  return { id, digest: `sha256:${id}`, artifact, functions: { main: functionConfig() }, variables: {}, secrets: {} };
}

function context(environment: string, overrides: Partial<TargetContext> = {}): TargetContext {
  return {
    app: 'shop',
    environment,
    rolloutId: 'rollout_1',
    fence: 1,
    key: newKey(),
    candidate: release('rel_b'),
    stable: release('rel_a'),
    sticky: null,
    signal: new AbortController().signal,
    ...overrides,
  };
}

const TARGETS: readonly [string, () => Target][] = [
  ['functions', () => createFunctionsTarget(host.functions.platform)],
  ['noop', () => createNoopTarget({ clock: systemClock, failures: { [FAILING]: 'never starts' } })],
];

describe.each(TARGETS)('target %s', (id, create) => {
  let target: Target;
  let environments = 0;
  let environment = '';
  beforeAll(() => {
    target = create();
  });

  /** A fresh environment in which rel_a is live and rel_b is prepared. */
  async function startWithStable(): Promise<void> {
    fresh();
    const first = { candidate: release('rel_a'), stable: null };
    await target.prepare(context(environment, first));
    await seen('rel_a', { ready: true });
    await target.shift(context(environment, first), 100);
    await target.prepare(context(environment));
    await seen('rel_b', { ready: true, weight: 0 });
  }

  function fresh(): void {
    environments += 1;
    environment = `${id}-${environments}`;
  }

  async function observe() {
    return (await target.observe({ app: 'shop', environment })).versions;
  }

  async function seen(version: string, wanted: { readonly ready?: boolean; readonly weight?: number }): Promise<void> {
    await until(observe, (versions) => {
      const found = versions.find((each) => each.version === version);
      if (found === undefined) return false;
      return found.ready === (wanted.ready ?? found.ready) && found.weight === (wanted.weight ?? found.weight);
    });
  }

  async function weights(): Promise<Record<string, number>> {
    return Object.fromEntries((await observe()).map(({ version, weight }) => [version, weight]));
  }

  test('is empty where nothing was ever deployed, and looking changes nothing', async () => {
    fresh();
    expect(await observe()).toEqual([]);
    expect(await observe()).toEqual([]);
  });

  test('a prepared version becomes ready beside the live one and takes no traffic', async () => {
    await startWithStable();
    expect(await weights()).toEqual({ rel_a: 100, rel_b: 0 });
    expect((await observe()).map(({ digest }) => digest)).toEqual(['sha256:rel_a', 'sha256:rel_b']);
  });

  test('prepare again changes nothing', async () => {
    await startWithStable();
    const before = await observe();
    const candidate = await target.prepare(context(environment));
    expect(candidate.version).toBe('rel_b');
    expect(await observe()).toEqual(before);
  });

  test('each weight is seen, and both always make 100', async () => {
    await startWithStable();
    for (const weight of [10, 25, 50, 75, 100]) {
      await target.shift(context(environment), weight);
      await seen('rel_b', { weight });
      expect(await weights()).toEqual({ rel_a: 100 - weight, rel_b: weight });
    }
  });

  test('after 100 % the previous version stays ready, so that going back needs one write', async () => {
    await startWithStable();
    await target.shift(context(environment), 100);
    await seen('rel_a', { ready: true, weight: 0 });
    await target.shift(context(environment), 0);
    await seen('rel_a', { weight: 100 });
    expect(await weights()).toEqual({ rel_a: 100, rel_b: 0 });
  });

  test('the same key acts once, also when the weight has moved on since', async () => {
    await startWithStable();
    const first = context(environment);
    await target.shift(first, 10);
    await target.shift(context(environment), 25);
    await target.shift(first, 10);
    await seen('rel_b', { weight: 25 });
    expect(await weights()).toEqual({ rel_a: 75, rel_b: 25 });
  });

  test('a lower fence than seen is refused for every verb, and nothing moves', async () => {
    await startWithStable();
    await target.shift(context(environment, { fence: 7 }), 10);
    await seen('rel_b', { weight: 10 });
    const stale = () => context(environment, { fence: 6 });
    await expect(target.shift(stale(), 50)).rejects.toMatchObject({ code: 'FUN_FENCED' });
    await expect(target.prepare(stale())).rejects.toMatchObject({ code: 'FUN_FENCED' });
    await expect(target.retire(stale(), 'rel_b')).rejects.toMatchObject({ code: 'FUN_FENCED' });
    expect(await weights()).toEqual({ rel_a: 90, rel_b: 10 });
    await target.shift(context(environment, { fence: 7 }), 25);
    await seen('rel_b', { weight: 25 });
  });

  test('a version that takes traffic is not retired, one without is, and again is fine', async () => {
    await startWithStable();
    await target.shift(context(environment), 50);
    await expect(target.retire(context(environment), 'rel_b')).rejects.toMatchObject({ code: 'FUN_CONFLICT' });
    await target.shift(context(environment), 0);
    await target.retire(context(environment), 'rel_b');
    await target.retire(context(environment), 'rel_b');
    await until(weights, (now) => JSON.stringify(now) === '{"rel_a":100}');
  });

  test('a version that was never prepared, a part of a percent and a part of the only version are refused', async () => {
    await startWithStable();
    const unknown = context(environment, { candidate: release('rel_x') });
    await expect(target.shift(unknown, 10)).rejects.toMatchObject({ code: 'FUN_NOT_FOUND' });
    await expect(target.shift(context(environment), 12.5)).rejects.toMatchObject({ code: 'FUN_BAD_REQUEST' });
    const alone = context(environment, { candidate: release('rel_a'), stable: null });
    await expect(target.shift(alone, 50)).rejects.toMatchObject({ code: 'FUN_BAD_REQUEST' });
    expect(await weights()).toEqual({ rel_a: 100, rel_b: 0 });
  });

  test('a third version takes the place of one that was only kept warm, never of one with traffic', async () => {
    await startWithStable();
    await target.shift(context(environment), 50);
    const third = { candidate: release('rel_c'), stable: release('rel_b') };
    await expect(target.prepare(context(environment, third))).rejects.toMatchObject({ code: 'FUN_CONFLICT' });
    await target.shift(context(environment), 100);
    await target.prepare(context(environment, third));
    await seen('rel_c', { ready: true });
    await until(weights, (now) => JSON.stringify(now) === '{"rel_b":100,"rel_c":0}');
  });

  test('a version that fails says why, is never ready and gets no traffic', async () => {
    await startWithStable();
    const failing = { candidate: release(FAILING) };
    await target.prepare(context(environment, failing));
    const found = await until(
      async () => (await observe()).find(({ version }) => version === FAILING),
      (version) => version !== undefined && version.failure !== null,
    );
    expect(found).toMatchObject({ ready: false, weight: 0, failure: expect.stringContaining('never starts') });
    await expect(target.shift(context(environment, failing), 10)).rejects.toMatchObject({ code: 'FUN_VERSION_FAILED' });
    await seen('rel_a', { weight: 100 });
  });
});

test('functions: a request that began on a version is answered by it after it was retired', async () => {
  const target = createFunctionsTarget(host.functions.platform);
  const [first, both] = [{ candidate: release('rel_a'), stable: null }, {}];
  const ready = (version: string) =>
    until(
      async () => (await target.observe({ app: 'shop', environment: 'flight' })).versions,
      (all) => all.some((each) => each.version === version && each.ready),
    );
  await target.prepare(context('flight', first));
  await target.shift(context('flight', first), 100);
  await ready('rel_a');
  await target.prepare(context('flight', both));
  await ready('rel_b');
  const answers = Array.from({ length: 3 }, () => fetch(`${host.url}/fn/flight/shop/slow`));
  await until(
    async () => (await target.observe({ app: 'shop', environment: 'flight' })).versions[0]?.instances ?? 0,
    (instances) => instances >= 2,
  );
  await target.shift(context('flight', both), 100);
  await target.retire(context('flight', both), 'rel_a');
  const bodies = await Promise.all((await Promise.all(answers)).map((answer) => answer.text()));
  expect(bodies).toEqual(['rel_a', 'rel_a', 'rel_a']);
  expect(await (await fetch(`${host.url}/fn/flight/shop/x`)).text()).toBe('rel_b');
});

test('functions: a release whose handler has no file, and one without functions, are told before anything starts', async () => {
  const target = createFunctionsTarget(host.functions.platform);
  const functions = {
    main: functionConfig(),
    lost: functionConfig({ handler: 'dist/api.handler' }),
    outside: functionConfig({ handler: '../../etc/passwd.handler' }),
    formless: functionConfig({ handler: 'index' }),
  };
  const faults = await target.check({ ...release('rel_a'), functions });
  expect(faults).toEqual([
    expect.stringContaining('function lost: handler "dist/api.handler" has no file'),
    expect.stringContaining('function outside: handler "../../etc/passwd.handler" is outside the artifact'),
    expect.stringContaining('function formless: handler "index" is not of the form file.export'),
  ]);
  expect(await target.check({ ...release('rel_a'), functions: {} })).toHaveLength(1);
});
