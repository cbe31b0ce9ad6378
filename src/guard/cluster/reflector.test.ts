import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { type FakeKubernetesApi, deployment, hpa } from '../../../test/fakes/kubernetes-api.ts';
import { type FakeClusterOptions, prepareCluster } from '../../../test/guard-cluster.ts';
import { type Rig, type RigOptions, startRig } from './testing.ts';

let rig: Rig<FakeKubernetesApi>;
afterEach(() => rig.close());

async function start(options: RigOptions & FakeClusterOptions = {}): Promise<void> {
  rig = await startRig(await prepareCluster(options), options);
}

/** What the world holds, and what a fresh list says, in the same words. */
function held(): readonly string[] {
  const deployments = [...rig.world.deployments()].map((one) => `${one.namespace}/${one.name}=${one.replicas}`);
  const hpas = [...rig.world.hpas()].map((one) => `${one.namespace}/${one.name}>${one.target.name}:${one.minReplicas}`);
  return [...deployments, ...hpas].sort();
}

function listed({ list }: FakeKubernetesApi = rig.cluster): readonly string[] {
  const deployments = list('Deployment').map(
    ({ metadata, spec }) => `${metadata.namespace}/${metadata.name}=${spec.replicas ?? 1}`,
  );
  const hpas = list('HorizontalPodAutoscaler').map(
    ({ metadata, spec }) =>
      `${metadata.namespace}/${metadata.name}>${spec.scaleTargetRef.name}:${spec.minReplicas ?? 1}`,
  );
  return [...deployments, ...hpas].sort();
}

function expectEqual(timeout = 30_000) {
  return expect.poll(held, { timeout }).toEqual(listed());
}

function lists(): number {
  return rig.cluster.count({ verb: 'list' });
}

function few(cluster: FakeKubernetesApi): void {
  for (let number = 0; number < 7; number += 1) {
    cluster.put(deployment('shop', `web-${number}`, number));
    cluster.put(hpa('shop', `web-${number}`, 2));
  }
}

describe('the cache equals a fresh list', () => {
  test('after the first list, page by page', async () => {
    await start({ before: few, pageSize: 3 });
    await rig.synced();
    await expectEqual();
    expect(rig.cluster.count({ verb: 'list', resource: 'deployments' })).toBe(3);
    expect(rig.cluster.faults).toEqual([]);
  });

  test('after objects came, changed and went', async () => {
    await start({ before: few });
    await rig.synced();
    const before = lists();
    rig.cluster.put(deployment('shop', 'web-1', 5));
    rig.cluster.put(hpa('bank', 'new', 3, 'other'));
    rig.cluster.put(hpa('shop', 'web-2', 4, 'moved'));
    rig.cluster.remove('Deployment', 'shop', 'web-3');
    rig.cluster.remove('HorizontalPodAutoscaler', 'shop', 'web-4');
    await expectEqual();
    expect(lists()).toBe(before);
  });

  test('after the server closed the watches, which go on from where they were', async () => {
    await start({ before: few });
    await rig.synced();
    const before = lists();
    await expect.poll(() => rig.cluster.openWatches()).toBe(2);
    rig.cluster.closeWatches('end');
    rig.cluster.put(deployment('shop', 'web-1', 9));
    await expectEqual();
    rig.cluster.closeWatches('cut');
    rig.cluster.put(deployment('shop', 'web-1', 10));
    rig.cluster.remove('HorizontalPodAutoscaler', 'shop', 'web-4');
    await expectEqual();
    expect(lists()).toBe(before);
  });

  test.each(['status', 'event'] as const)(
    'after its version was forgotten (410 as %s), by a new list',
    async (expiredAs) => {
      await start({ before: few });
      await rig.synced();
      rig.cluster.watching.expiredAs = expiredAs;
      await expect.poll(() => rig.cluster.openWatches()).toBe(2);
      await rig.cluster.down();
      rig.cluster.put(deployment('shop', 'web-1', 11));
      rig.cluster.remove('Deployment', 'shop', 'web-2');
      rig.cluster.expire();
      const before = lists();
      await rig.cluster.up();
      await expectEqual();
      expect(lists()).toBeGreaterThan(before);
    },
  );

  test('after a list in pages was forgotten on the way', async () => {
    await start({
      pageSize: 3,
      before: (cluster) => {
        few(cluster);
        cluster.fault({ verb: 'list', continued: true, times: 2 }, { status: 410 });
      },
    });
    await rig.synced();
    await expectEqual();
  });

  test('after a watch fell silent: it is broken off, and goes on from where it was', async () => {
    await start({ before: few, silenceMs: 1500 });
    await rig.synced();
    await expect.poll(() => rig.cluster.openWatches()).toBe(2);
    const [before, watches] = [lists(), rig.cluster.count({ verb: 'watch' })];
    rig.cluster.watching.isSilent = true;
    rig.cluster.put(deployment('shop', 'web-1', 12));
    await expect.poll(() => rig.cluster.count({ verb: 'watch' }), { timeout: 30_000 }).toBeGreaterThan(watches);
    rig.cluster.watching.isSilent = false;
    await expectEqual();
    expect(lists()).toBe(before);
  });

  test('after a watch that stays silent: the second time the list is read again', async () => {
    await start({ before: few, silenceMs: 1000 });
    await rig.synced();
    const before = lists();
    rig.cluster.watching.isSilent = true;
    rig.cluster.put(deployment('shop', 'web-1', 13));
    await expectEqual();
    expect(lists()).toBeGreaterThan(before);
    rig.cluster.watching.isSilent = false;
  });

  test('after an object became unreadable, and readable again', async () => {
    await start({ before: few });
    await rig.synced();
    rig.cluster.put(deployment('shop', 'web-1', 'many' as never));
    await expect.poll(held).not.toContain('shop/web-1=1');
    expect(rig.world.health().detail['unreadableObjects']).toBe(1);
    expect(rig.lines).toContainEqual(
      expect.objectContaining({ level: 'warn', message: expect.stringMatching(/^Skipped/) }),
    );
    rig.cluster.put(deployment('shop', 'web-1', 3));
    await expectEqual();
  });

  test('where the server has only autoscaling/v1', async () => {
    await start({ before: few, cluster: { without: ['autoscaling/v2'] } });
    await rig.synced();
    await expectEqual();
    rig.cluster.put(hpa('shop', 'web-1', 6));
    await expectEqual();
  });

  test('after a line of more than four megabytes, by a new list', async () => {
    await start({ before: few });
    await rig.synced();
    const big = deployment('shop', 'web-1', 14);
    rig.cluster.put({ ...big, metadata: { ...big.metadata, annotations: { a: 'x'.repeat(5 * 1024 * 1024) } } });
    await expectEqual();
  });

  test('after any sequence of writes and faults', async () => {
    await start({ before: few, pageSize: 3, silenceMs: 2000, cluster: { bookmarkMs: 50 } });
    await rig.synced();
    const name = fc.integer({ min: 0, max: 9 }).map((number) => `web-${number}`);
    const step = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({ do: fc.constant('put' as const), name, replicas: fc.integer({ min: 0, max: 9 }) }),
      },
      {
        weight: 4,
        arbitrary: fc.record({
          do: fc.constant('hpa' as const),
          name,
          target: name,
          min: fc.integer({ min: 1, max: 5 }),
        }),
      },
      {
        weight: 3,
        arbitrary: fc.record({
          do: fc.constant('remove' as const),
          kind: fc.constantFrom('Deployment', 'HorizontalPodAutoscaler'),
          name,
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          do: fc.constant('close' as const),
          how: fc.constantFrom('end' as const, 'cut' as const),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          do: fc.constant('expire' as const),
          as: fc.constantFrom('status' as const, 'event' as const),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          do: fc.constant('fault' as const),
          verb: fc.constantFrom('list', 'watch'),
          status: fc.constantFrom(500, 503, 403, 410),
        }),
      },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('pause' as const), ms: fc.integer({ min: 0, max: 30 }) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
        for (const each of steps) await carryOut(each);
        await expectEqual();
      }),
      { numRuns: 12, endOnFailure: true },
    );
    expect(rig.cluster.faults).toEqual([]);
  });
});

type Step =
  | { do: 'put'; name: string; replicas: number }
  | { do: 'hpa'; name: string; target: string; min: number }
  | { do: 'remove'; kind: string; name: string }
  | { do: 'close'; how: 'end' | 'cut' }
  | { do: 'expire'; as: 'status' | 'event' }
  | { do: 'fault'; verb: string; status: number }
  | { do: 'pause'; ms: number };

async function carryOut(step: Step): Promise<void> {
  const { cluster } = rig;
  if (step.do === 'put') cluster.put(deployment('shop', step.name, step.replicas));
  if (step.do === 'hpa') cluster.put(hpa('shop', step.name, step.min, step.target));
  if (step.do === 'remove') cluster.remove(step.kind, 'shop', step.name);
  if (step.do === 'close') cluster.closeWatches(step.how);
  if (step.do === 'fault') cluster.fault({ verb: step.verb, times: 1 }, { status: step.status });
  if (step.do === 'pause') await new Promise((resolve) => setTimeout(resolve, step.ms));
  if (step.do === 'expire') {
    cluster.watching.expiredAs = step.as;
    cluster.expire();
    cluster.closeWatches('cut');
  }
}

describe('the API server', () => {
  test('that is down when the world starts is waited for, and then everything is there', async () => {
    await start({ before: (cluster) => cluster.down() });
    await expect.poll(() => rig.world.health().detail['trouble']).toBe('unreachable');
    expect(rig.world.synced()).toBe(false);
    expect(rig.world.ageSeconds()).toBeNull();
    few(rig.cluster);
    await rig.cluster.up();
    await rig.synced();
    await expectEqual();
    await expect.poll(() => rig.world.health().ok).toBe(true);
  });

  test('that goes down leaves the cache as it is, whose age grows', async () => {
    await start({ before: few });
    await rig.synced();
    const before = held();
    await rig.cluster.down();
    await expect.poll(() => rig.world.health().detail['trouble'], { timeout: 20_000 }).toBe('unreachable');
    await expect.poll(() => rig.world.ageSeconds() ?? 0, { timeout: 20_000 }).toBeGreaterThan(1);
    expect(held()).toEqual(before);
    expect(rig.world.synced()).toBe(true);
    await rig.cluster.up();
    await expect.poll(() => rig.world.ageSeconds() ?? 99, { timeout: 40_000 }).toBeLessThan(1);
  });

  test('that forbids listing is told in the log by the missing permission', async () => {
    await start({
      before: (cluster) => void cluster.fault({ verb: 'list', resource: 'deployments' }, { status: 403 }),
    });
    await expect
      .poll(() => rig.lines.map(({ fields }) => fields['detail']))
      .toContain('no permission to list deployments.apps: status 403 Forbidden');
    expect(rig.world.health()).toMatchObject({ ok: false, detail: { trouble: 'forbidden', synced: false } });
    rig.cluster.clearFaults();
    await rig.synced();
  });

  test('that closes each watch at once is not asked without a pause', async () => {
    await start({ before: few });
    rig.cluster.watching.closeAfterMs = 0;
    rig.cluster.watching.isSilent = true;
    await rig.synced();
    rig.cluster.closeWatches();
    await new Promise((resolve) => setTimeout(resolve, 2000));
    expect(rig.cluster.count({ verb: 'watch' })).toBeLessThan(20);
  });

  test('that says one word on each watch and closes it is not asked without a pause either', async () => {
    const bookmark = JSON.stringify({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '1' } } });
    await start({ before: (cluster) => void cluster.fault({ verb: 'watch' }, { text: `${bookmark}\n` }) });
    await rig.synced();
    rig.cluster.forget();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const asked = rig.cluster.count({ verb: 'watch' });
    expect(asked).toBeGreaterThan(1);
    expect(asked).toBeLessThan(30);
  });
});

test('a torrent of events leaves no memory behind', async () => {
  await start({ before: few });
  await rig.synced();
  const round = async () => {
    for (let number = 0; number < 20_000; number += 1) {
      rig.cluster.put(deployment('shop', `web-${number % 7}`, number % 50));
      if (number % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await expectEqual(60_000);
    rig.cluster.expire();
  };
  await round();
  expect(rig.world.health().detail['deployments']).toBe(7);
  expect(rig.world.health().detail['inFlight']).toBe(0);
  expect(lists()).toBe(2);
});
