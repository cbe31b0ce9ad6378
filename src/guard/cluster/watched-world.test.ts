import { afterEach, describe, expect, test } from 'vitest';
import { type FakeKubernetesApi, deployment, hpa } from '../../../test/fakes/kubernetes-api.ts';
import { type FakeClusterOptions, prepareCluster } from '../../../test/guard-cluster.ts';
import { createManualClock } from '../../kernel/index.ts';
import type { Change, Deployment } from '../objects/state.ts';
import type { Need, Prepared } from '../world.ts';
import { deploymentTarget } from './sameness.ts';
import { type Rig, type RigOptions, startRig } from './testing.ts';

let rig: Rig<FakeKubernetesApi>;
afterEach(() => rig.close());

async function start(options: RigOptions & FakeClusterOptions = {}): Promise<void> {
  rig = await startRig(await prepareCluster(options), options);
}

const HPAS: Need = { weight: 'decides', kind: 'hpasOn', target: deploymentTarget({ namespace: 'shop', name: 'web' }) };
const WEB: Need = { weight: 'decides', kind: 'deployment', namespace: 'shop', name: 'web' };

function deadline(ms = 10_000): AbortSignal {
  return AbortSignal.timeout(ms);
}

async function prepare(needs: readonly Need[], ms?: number): Promise<Prepared> {
  return rig.world.prepare(needs, deadline(ms));
}

function replicasIn({ reads }: Pick<Prepared, 'reads'>): readonly number[] {
  return reads.deployment('shop', 'web').map(({ replicas }) => replicas);
}

function web(replicas: number): Deployment {
  return { namespace: 'shop', name: 'web', uid: null, replicas, bypass: null, podLabels: { app: 'web' } };
}

function toReplicas(replicas: number): Change {
  return { before: null, after: { kind: 'deployment', deployment: web(replicas), pod: null } };
}

const ALL_READS = ['get', 'list'];

function readCalls(): number {
  return ALL_READS.reduce((sum, verb) => sum + rig.cluster.count({ verb }), 0);
}

describe('once synced', () => {
  test('everything in the cache is answered at once, without a promise and without a call', async () => {
    await start({
      before: (cluster) => {
        cluster.put(deployment('shop', 'web', 3));
        cluster.put(hpa('shop', 'web', 2));
      },
    });
    await rig.synced();
    rig.cluster.forget();
    const prepared = rig.world.prepare([HPAS, WEB], deadline());
    expect(prepared).not.toBeInstanceOf(Promise);
    expect(prepared).toMatchObject({ unknown: [] });
    const known = prepared as Prepared;
    expect(replicasIn(known)).toEqual([3]);
    expect(known.reads.hpasOn(HPAS.kind === 'hpasOn' ? HPAS.target : never())).toMatchObject([
      { name: 'web', minReplicas: 2 },
    ]);
    expect(readCalls()).toBe(0);
    expect(rig.cluster.faults).toEqual([]);
  });

  test('an empty index is an answer', async () => {
    await start();
    await rig.synced();
    rig.cluster.forget();
    const prepared = rig.world.prepare([HPAS], deadline());
    expect(prepared).not.toBeInstanceOf(Promise);
    expect(readCalls()).toBe(0);
  });

  test('a Deployment that is not in the cache is asked for once by all who wait for it, and 404 means that there is none', async () => {
    await start();
    await rig.synced();
    rig.cluster.forget();
    rig.cluster.fault({ verb: 'get', times: 1 }, { slowMs: 200 });
    const all = await Promise.all(Array.from({ length: 20 }, () => prepare([WEB])));
    for (const prepared of all) {
      expect(prepared.unknown).toEqual([]);
      expect(replicasIn(prepared)).toEqual([]);
    }
    expect(rig.cluster.count({ verb: 'get' })).toBe(1);
    await prepare([WEB]);
    expect(rig.cluster.count({ verb: 'get' })).toBe(2);
  });

  test('one that the watch does not show yet is read, and counts for this decision', async () => {
    await start();
    await rig.synced();
    rig.cluster.watching.lagMs = 60_000;
    rig.cluster.put(deployment('shop', 'web', 1));
    const prepared = await prepare([WEB]);
    expect(replicasIn(prepared)).toEqual([1]);
    expect(rig.world.reads().deployment('shop', 'web')).toEqual([]);
  });

  test('a need that only informs never causes a call', async () => {
    await start();
    await rig.synced();
    rig.cluster.forget();
    expect(rig.world.prepare([{ ...WEB, weight: 'informs' }], deadline())).not.toBeInstanceOf(Promise);
    expect(readCalls()).toBe(0);
  });
});

describe('a change in flight', () => {
  test('of an HPA that is deleted ends with it: nothing holds the Deployment any more', async () => {
    await start({ before: (cluster) => void cluster.put(hpa('shop', 'web', 2)), inFlightMs: 60_000 });
    await rig.synced();
    const target = deploymentTarget({ namespace: 'shop', name: 'web' });
    const [stored] = rig.world.reads().hpasOn(target);
    if (stored === undefined) never();
    // Written without a change: the API server stores nothing then, and the watch never shows it.
    rig.world.reserve({ before: null, after: { kind: 'hpa', hpa: stored } });
    rig.cluster.remove('HorizontalPodAutoscaler', 'shop', 'web');
    await expect.poll(() => rig.world.reads().hpasOn(target)).toEqual([]);
  });

  test('is not shown, since it may never be stored', async () => {
    await start({ before: (cluster) => void cluster.put(deployment('shop', 'web', 3)), inFlightMs: 60_000 });
    await rig.synced();
    rig.world.reserve(toReplicas(1));
    expect(replicasIn({ reads: rig.world.reads() })).toEqual([3, 1]);
    expect(replicasIn({ reads: rig.world.shown() })).toEqual([3]);
  });

  test('counts at once, beside the state of the cache, until the watch shows it', async () => {
    await start({ before: (cluster) => void cluster.put(deployment('shop', 'web', 3)), inFlightMs: 60_000 });
    await rig.synced();
    rig.world.reserve(toReplicas(1));
    expect(replicasIn({ reads: rig.world.reads() })).toEqual([3, 1]);
    rig.cluster.put(deployment('shop', 'web', 1));
    await expect.poll(() => replicasIn({ reads: rig.world.reads() })).toEqual([1]);
    rig.cluster.put(deployment('shop', 'web', 4));
    await expect.poll(() => replicasIn({ reads: rig.world.reads() })).toEqual([4]);
  });

  test('is forgotten after its time', async () => {
    const clock = createManualClock();
    await start({ before: (cluster) => void cluster.put(deployment('shop', 'web', 3)), clock });
    await rig.synced();
    rig.world.reserve(toReplicas(1));
    clock.advance(1999);
    expect(replicasIn({ reads: rig.world.reads() })).toEqual([3, 1]);
    clock.advance(1);
    expect(replicasIn({ reads: rig.world.reads() })).toEqual([3]);
  });

  test('that was allowed while another waits for its answer is seen by that one', async () => {
    await start();
    await rig.synced();
    rig.cluster.fault({ verb: 'get', times: 1 }, { slowMs: 300 });
    const waiting = prepare([WEB]);
    rig.world.reserve(toReplicas(1));
    expect(replicasIn(await waiting)).toEqual([1]);
  });

  test('that disagrees with the cache makes a read decide which state the cache should have', async () => {
    await start({ before: (cluster) => void cluster.put(deployment('shop', 'web', 1)), inFlightMs: 60_000 });
    await rig.synced();
    rig.cluster.watching.lagMs = 60_000;
    rig.cluster.put(deployment('shop', 'web', 3));
    rig.world.reserve(toReplicas(3));
    expect(replicasIn(await prepare([WEB]))).toEqual([3]);
  });

  test('and the cache both count when the API server can not tell', async () => {
    await start({ before: (cluster) => void cluster.put(deployment('shop', 'web', 1)), inFlightMs: 60_000 });
    await rig.synced();
    rig.cluster.fault({ verb: 'get' }, { status: 500 });
    rig.world.reserve(toReplicas(3));
    const prepared = await prepare([WEB], 500);
    expect(prepared.unknown).toEqual([]);
    expect(replicasIn(prepared)).toEqual([1, 3]);
  });

  test('of a scale keeps what else is known of the Deployment', async () => {
    await start({
      before: (cluster) => void cluster.put(deployment('shop', 'web', 3)),
      rules: { policies: { disruptionBudgetNeverSatisfied: 'deny' } as never },
      inFlightMs: 60_000,
    });
    await rig.synced();
    rig.world.reserve({ before: null, after: { kind: 'scale', deployment: { ...web(1), podLabels: {} } } });
    expect(rig.world.reads().deploymentsIn('shop')).toMatchObject([
      { replicas: 3, podLabels: { app: 'web' } },
      { replicas: 1, podLabels: { app: 'web' } },
    ]);
  });

  test('of an HPA is found by its target', async () => {
    await start();
    await rig.synced();
    const target = deploymentTarget({ namespace: 'shop', name: 'web' });
    const one = { namespace: 'shop', name: 'h', uid: null, target, minReplicas: 2, keda: false, bypass: null };
    rig.world.reserve({ before: null, after: { kind: 'hpa', hpa: one } });
    expect(rig.world.reads().hpasOn(target)).toEqual([one]);
    expect(rig.world.reads().hpasOn({ ...target, group: 'example.com' })).toEqual([]);
  });
});

describe('before the lists were there', () => {
  test('HPAs of the namespace are listed page by page', async () => {
    await start({
      start: false,
      pageSize: 2,
      before: (cluster) => {
        for (const name of ['a', 'b', 'c', 'd']) cluster.put(hpa('shop', name, 2, 'web'));
        cluster.put(hpa('shop', 'other', 2, 'other'));
        cluster.put(hpa('elsewhere', 'e', 2, 'web'));
      },
    });
    const { reads: known, unknown } = await prepare([HPAS]);
    expect(unknown).toEqual([]);
    const target = deploymentTarget({ namespace: 'shop', name: 'web' });
    expect(known.hpasOn(target).map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd']);
    expect(rig.cluster.count({ verb: 'list', namespace: 'shop' })).toBe(3);
    expect(rig.cluster.faults).toEqual([]);
  });

  test('a server without autoscaling/v2 is asked for v1', async () => {
    await start({
      start: false,
      cluster: { without: ['autoscaling/v2'] },
      before: (cluster) => void cluster.put(hpa('shop', 'web', 2)),
    });
    const { reads: known, unknown } = await prepare([HPAS]);
    expect(unknown).toEqual([]);
    expect(known.hpasOn(deploymentTarget({ namespace: 'shop', name: 'web' }))).toHaveLength(1);
  });
});

describe('what can not be learnt', () => {
  test.each([
    [{ status: 403 }, 'forbidden', 'no permission to get deployments.apps in namespace shop: status 403 Forbidden'],
    [{ status: 500 }, 'server_error', 'get deployments.apps in namespace shop: status 500 InternalError'],
    [{ status: 429, retryAfterSeconds: 60 }, 'server_error', 'status 429 TooManyRequests'],
    ['drop', 'unreachable', 'get deployments.apps in namespace shop: ECONNRESET'],
    ['hang', 'timeout', 'get deployments.apps in namespace shop: '],
    [{ text: 'hello' }, 'server_error', 'the answer is no JSON object'],
  ] as const)('%j is %s', async (how, reason, detail) => {
    await start({ start: false });
    rig.cluster.fault({ verb: 'get' }, how);
    const began = performance.now();
    const { unknown } = await prepare([WEB], 1000);
    expect(performance.now() - began).toBeLessThan(6000);
    expect(unknown).toMatchObject([{ need: WEB, uncertainty: { reason } }]);
    expect(unknown[0]?.uncertainty.detail).toContain(detail);
  });

  test('a missing permission is not asked for again, other trouble is until it is over', async () => {
    await start({ start: false, before: (cluster) => void cluster.put(deployment('shop', 'web', 2)) });
    rig.cluster.fault({ verb: 'get', times: 1 }, { status: 403 });
    expect((await prepare([WEB])).unknown).toHaveLength(1);
    expect(rig.cluster.count({ verb: 'get' })).toBe(1);
    rig.cluster.fault({ verb: 'get', times: 3 }, { status: 500 });
    const { unknown, reads: known } = await prepare([WEB]);
    expect(unknown).toEqual([]);
    expect(replicasIn({ reads: known })).toEqual([2]);
    expect(rig.cluster.count({ verb: 'get' })).toBe(5);
  });

  test('a connection that hangs is given up while there is time for another', async () => {
    await start({ start: false, before: (cluster) => void cluster.put(deployment('shop', 'web', 2)) });
    rig.cluster.fault({ verb: 'get', times: 1 }, 'hang');
    const { unknown } = await prepare([WEB], 20_000);
    expect(unknown).toEqual([]);
  });

  test('without a control plane nothing is known of releases', async () => {
    await start();
    const need: Need = { weight: 'decides', kind: 'released', image: 'a', digest: 'sha256:a' };
    expect((await prepare([need])).unknown).toMatchObject([{ uncertainty: { reason: 'ledger' } }]);
  });
});

test('the ledger is asked once for what was released, and after ten seconds again for what was not', async () => {
  const clock = createManualClock();
  const asked: string[] = [];
  const isReleased = (digest: string) => {
    asked.push(digest);
    if (digest === 'sha256:broken') return Promise.reject(new Error('status 500'));
    return Promise.resolve(digest === 'sha256:good');
  };
  await start({ start: false, clock, ledger: { isReleased } });
  const need = (digest: string): Need => ({ weight: 'decides', kind: 'released', image: 'a', digest });
  for (let round = 0; round < 3; round += 1) {
    const { reads: known } = await prepare([need('sha256:good'), need('sha256:bad')]);
    expect([known.released('sha256:good'), known.released('sha256:bad')]).toEqual([true, false]);
  }
  expect(asked).toEqual(['sha256:good', 'sha256:bad']);
  clock.advance(10_001);
  await prepare([need('sha256:good'), need('sha256:bad')]);
  expect(asked).toEqual(['sha256:good', 'sha256:bad', 'sha256:bad']);
  expect((await prepare([need('sha256:broken')])).unknown).toMatchObject([
    { uncertainty: { reason: 'ledger', detail: 'status 500' } },
  ]);
});

function never(): never {
  throw new Error('not reached');
}
