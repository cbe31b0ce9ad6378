import { afterEach, describe, expect, test } from 'vitest';
import { type FakeKubernetesApi, deployment, hpa } from '../../../test/fakes/kubernetes-api.ts';
import { type FakeClusterOptions, prepareCluster } from '../../../test/guard-cluster.ts';
import { type Clock, createManualClock, systemClock } from '../../kernel/index.ts';
import { type Rig, type RigOptions, rulesOf, startRig } from '../cluster/testing.ts';
import { type Auditor, createAuditor } from './auditor.ts';

let rig: Rig<FakeKubernetesApi>;
let auditors: Auditor[] = [];
afterEach(async () => {
  await Promise.all(auditors.map((auditor) => auditor.stop()));
  auditors = [];
  await rig.close();
});

interface AuditOptions extends RigOptions, FakeClusterOptions {
  readonly intervalMs?: number;
  readonly auditClock?: Clock;
  readonly skipNamespaces?: readonly string[];
}

async function start(options: AuditOptions = {}): Promise<Auditor> {
  rig = await startRig(await prepareCluster(options), options);
  return audit(options);
}

function audit({
  intervalMs = 60_000,
  auditClock = systemClock,
  skipNamespaces = [],
  rules,
}: AuditOptions = {}): Auditor {
  const auditor = createAuditor({
    world: rig.world,
    api: rig.api,
    rules: rulesOf(rules),
    config: { enabled: true, intervalMs },
    logger: rig.logger,
    clock: auditClock,
    language: 'en',
    skipNamespaces,
  });
  auditors.push(auditor);
  auditor.start();
  return auditor;
}

function pair(cluster: FakeKubernetesApi, namespace = 'shop', name = 'web'): void {
  cluster.put(deployment(namespace, name, 1));
  cluster.put(hpa(namespace, name, 2));
}

function counts(auditor: Auditor): Readonly<Record<string, number>> {
  return Object.fromEntries(auditor.violations());
}

function events() {
  return rig.cluster.list('Event');
}

test('a pair that came past admission is found within five seconds, also when the watch lags, and told on both objects', async () => {
  const auditor = await start();
  await rig.synced();
  rig.cluster.watching.lagMs = 1500;
  pair(rig.cluster);
  await expect.poll(() => counts(auditor), { timeout: 5000 }).toEqual({ shop: 1 });
  await expect.poll(() => events().length, { timeout: 5000 }).toBe(2);
  expect(
    events()
      .map(({ involvedObject }) => `${involvedObject.kind}/${involvedObject.name}`)
      .sort(),
  ).toEqual(['Deployment/web', 'HorizontalPodAutoscaler/web']);
  const stored = rig.cluster.find('Deployment', 'shop', 'web');
  const told = events().find(({ involvedObject }) => involvedObject.kind === 'Deployment');
  expect(told).toMatchObject({
    type: 'Warning',
    reason: 'SingleReplicaUnderHpa',
    count: 1,
    involvedObject: { apiVersion: 'apps/v1', namespace: 'shop', uid: stored.metadata.uid },
    message: expect.stringMatching(/"web" has 1 replica.*Fix:/),
    source: { component: 'funade-guard' },
  });
  expect(rig.cluster.faults).toEqual([]);
});

test('what was there before is found by the first pass, and ends when it is mended', async () => {
  const auditor = await start({ before: (cluster) => pair(cluster) });
  await expect.poll(() => counts(auditor)).toEqual({ shop: 1 });
  rig.cluster.put(deployment('shop', 'web', 2));
  await expect.poll(() => counts(auditor)).toEqual({});
  expect(rig.lines.map(({ message }) => message)).toContain('A violation has ended.');
});

test('nothing is told of pairs that are right, of a paused Deployment, or of one that its HPA heals', async () => {
  const rules = { mode: 'effective' as const };
  const auditor = await start({
    rules,
    before: (cluster) => {
      cluster.put(deployment('shop', 'healed', 1));
      cluster.put(hpa('shop', 'healed', 2));
      cluster.put(deployment('shop', 'paused', 0));
      cluster.put(hpa('shop', 'paused', 1));
      cluster.put(deployment('shop', 'low', 1));
      cluster.put(hpa('shop', 'low', 1));
    },
  });
  await expect.poll(() => counts(auditor)).toEqual({ shop: 1 });
  await expect.poll(() => events().length).toBe(2);
  expect(new Set(events().map(({ involvedObject }) => involvedObject.name))).toEqual(new Set(['low']));
});

test('namespaces that are skipped are not looked at, and no more than 500 are named', async () => {
  const auditor = await start({
    skipNamespaces: ['kube-system'],
    before: (cluster) => {
      pair(cluster, 'kube-system');
      for (let number = 0; number < 510; number += 1) pair(cluster, `team-${number}`);
    },
  });
  await expect.poll(() => auditor.violations().size, { timeout: 10_000 }).toBe(501);
  expect(auditor.violations().get('_other')).toBe(10);
  expect(auditor.violations().has('kube-system')).toBe(false);
});

describe('Events', () => {
  test('of several guards are one', async () => {
    await start({ before: (cluster) => pair(cluster) });
    audit();
    audit();
    await expect.poll(() => rig.cluster.count({ verb: 'create', resource: 'events' }), { timeout: 10_000 }).toBe(6);
    expect(events()).toHaveLength(2);
    expect(events().map(({ count }) => count)).toEqual([1, 1]);
  });

  test('are counted up after an hour, as long as the violation stands', async () => {
    const auditClock = createManualClock(Date.now());
    await start({ before: (cluster) => pair(cluster), auditClock, intervalMs: 200 });
    await expect.poll(() => events().length).toBe(2);
    auditClock.advance(3_600_000);
    await expect.poll(() => events().map(({ count }) => count), { timeout: 10_000 }).toEqual([2, 2]);
    expect(events()[0].lastTimestamp).not.toBe(events()[0].firstTimestamp);
    expect(rig.cluster.faults).toEqual([]);
  });

  test('about many pairs at once are all there within five seconds, and later ones come no faster than five a second', async () => {
    await start({
      before: (cluster) => {
        for (let number = 0; number < 255; number += 1) pair(cluster, 'shop', `web-${number}`);
      },
    });
    await expect.poll(() => events().length, { timeout: 30_000 }).toBe(510);
    const made = rig.cluster.calls.filter(({ resource }) => resource === 'events').map(({ at }) => at);
    const first = made[0] ?? 0;
    // Five hundred go out at once; the last ten wait for their turn.
    expect((made[499] ?? Infinity) - first).toBeLessThan((made.at(-1) ?? 0) - first);
    expect((made.at(-1) ?? 0) - (made[500] ?? 0)).toBeGreaterThan(800);
  });

  test('that may not be written are told once, by the missing permission, and written once they may', async () => {
    const auditor = await start({
      intervalMs: 300,
      before: (cluster) => {
        pair(cluster);
        pair(cluster, 'bank');
        cluster.fault({ resource: 'events' }, { status: 403 });
      },
    });
    await expect.poll(() => rig.cluster.count({ resource: 'events' }), { timeout: 20_000 }).toBeGreaterThan(6);
    const told = rig.lines.filter(({ fields }) => String(fields['detail']).includes('events'));
    expect(told).toHaveLength(1);
    expect(told[0]?.fields['detail']).toMatch(/^no permission to create events in namespace (shop|bank): status 403/);
    expect(counts(auditor)).toEqual({ shop: 1, bank: 1 });
    rig.cluster.clearFaults();
    await expect.poll(() => events().length, { timeout: 20_000 }).toBe(4);
  });
});

test('a world that is not synced ends no violation and starts none', async () => {
  const auditor = await start({
    before: (cluster) => {
      pair(cluster);
      cluster.fault({ verb: 'list', resource: 'deployments' }, { status: 500 });
    },
  });
  await expect.poll(() => [...rig.world.hpas()].length).toBe(1);
  expect(counts(auditor)).toEqual({});
  rig.cluster.clearFaults();
  await expect.poll(() => counts(auditor), { timeout: 20_000 }).toEqual({ shop: 1 });
});
