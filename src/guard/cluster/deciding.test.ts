import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { type FakeKubernetesApi, deployment, hpa } from '../../../test/fakes/kubernetes-api.ts';
import { type FakeClusterOptions, prepareCluster } from '../../../test/guard-cluster.ts';
import { createAuditor } from '../audit/auditor.ts';
import { createDecider } from '../decide.ts';
import type { Decider } from '../port.ts';
import { answerOf } from '../review/answer.ts';
import { parseReview } from '../review/parse-review.ts';
import type { World } from '../world.ts';
import { systemClock } from '../../kernel/index.ts';
import { type Rig, type RigOptions, rulesOf, startRig } from './testing.ts';

let rig: Rig<FakeKubernetesApi>;
const ends: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  await rig.close();
});

async function start(options: RigOptions & FakeClusterOptions = {}): Promise<void> {
  rig = await startRig(await prepareCluster(options), { inFlightMs: 10_000, ...options });
}

function deciderOf(world: World): Decider {
  return createDecider({
    config: { rules: rulesOf(), skipNamespaces: [], namespace: 'funade', bypassGroups: [], language: 'en' },
    world,
  });
}

/** The fake API server asks these deciders in turn, as a Service does. */
async function guardWith(...deciders: readonly Decider[]): Promise<void> {
  let turn = 0;
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const review = parseReview(JSON.parse(Buffer.concat(pieces).toString()));
    if (!review.ok) throw new Error(review.error.message);
    turn += 1;
    const decider = deciders[turn % deciders.length];
    const decision = await decider?.decide(review.value, AbortSignal.timeout(4000));
    if (decision === undefined) throw new Error('there is no decider');
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answerOf(review.value, decision)));
  }
  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  const { port } = server.address() as AddressInfo;
  rig.cluster.webhook({ url: `http://127.0.0.1:${port}/validate`, ca: null, timeoutSeconds: 10 });
}

const PAIRS = Array.from({ length: 200 }, (_, number) => `web-${number}`);

/** Names of which both halves were stored. */
async function createPairs(): Promise<readonly string[]> {
  await Promise.all(
    PAIRS.flatMap((name, number) => {
      const halves = [
        () => rig.cluster.create(deployment('shop', name, 1)),
        () => rig.cluster.create(hpa('shop', name, 2)),
      ];
      return (number % 2 === 0 ? halves : halves.reverse()).map((create) => create());
    }),
  );
  return PAIRS.filter(
    (name) =>
      rig.cluster.find('Deployment', 'shop', name) !== undefined &&
      rig.cluster.find('HorizontalPodAutoscaler', 'shop', name) !== undefined,
  );
}

describe('200 pairs at the same moment', () => {
  test.each([0, 3000])('with a watch that is %i ms behind: no pair is admitted on one replica', async (lagMs) => {
    await start();
    await rig.synced();
    rig.cluster.watching.lagMs = lagMs;
    await guardWith(deciderOf(rig.world));
    expect(await createPairs()).toEqual([]);
    expect(rig.cluster.list('Deployment').length + rig.cluster.list('HorizontalPodAutoscaler').length).toBe(200);
  });

  test('also while reads are slow and fail now and then', async () => {
    await start();
    await rig.synced();
    rig.cluster.fault({ verb: 'get', times: 60 }, { slowMs: 150 });
    rig.cluster.fault({ verb: 'get', times: 40 }, { status: 500 });
    await guardWith(deciderOf(rig.world));
    expect(await createPairs()).toEqual([]);
  });

  test('what two replicas let through is found by the auditor within five seconds', async () => {
    await start();
    const other = rig.another();
    other.start();
    ends.push(() => other.stop());
    await rig.synced();
    await expect.poll(() => other.synced()).toBe(true);
    const auditor = createAuditor({
      world: rig.world,
      api: rig.api,
      rules: rulesOf(),
      config: { enabled: true, intervalMs: 60_000 },
      logger: rig.logger,
      clock: systemClock,
      language: 'en',
      skipNamespaces: [],
    });
    auditor.start();
    ends.push(() => auditor.stop());
    rig.cluster.watching.lagMs = 1000;
    await guardWith(deciderOf(rig.world), deciderOf(other));
    const through = await createPairs();
    expect(through.length).toBeGreaterThan(0);
    await expect.poll(() => auditor.violations().get('shop') ?? 0, { timeout: 5000 }).toBe(through.length);
  });
});

describe('with the API server down', () => {
  test('decisions go on from the cache', async () => {
    await start({
      before: (cluster) => {
        cluster.put(deployment('shop', 'web', 3));
        cluster.put(hpa('shop', 'web', 2));
      },
    });
    await rig.synced();
    await guardWith(deciderOf(rig.world));
    await rig.cluster.down();
    const place = { namespace: 'shop', name: 'web' };
    expect(await rig.cluster.scale(place, 1)).toMatchObject({ status: 403 });
    expect(await rig.cluster.scale(place, 4)).toMatchObject({ status: 200 });
    expect(await rig.cluster.create(deployment('shop', 'other', 1))).toMatchObject({ status: 201 });
    expect(await rig.cluster.create(hpa('shop', 'other', 2))).toMatchObject({ status: 403 });
  });

  test('what the cache does not have is uncertain', async () => {
    await start();
    await rig.synced();
    await guardWith(deciderOf(rig.world));
    await rig.cluster.down();
    expect(await rig.cluster.create(hpa('shop', 'web', 2))).toMatchObject({ status: 503 });
  });
});

test('once synced, what is in the cache is decided without a call', async () => {
  await start({ before: (cluster) => void cluster.put(deployment('shop', 'web', 3)) });
  await rig.synced();
  await guardWith(deciderOf(rig.world));
  rig.cluster.forget();
  const place = { namespace: 'shop', name: 'web' };
  expect(await rig.cluster.create(hpa('shop', 'web', 2))).toMatchObject({ status: 201 });
  expect(await rig.cluster.scale(place, 1)).toMatchObject({ status: 403 });
  expect(await rig.cluster.patch('HorizontalPodAutoscaler', place, { spec: { minReplicas: 3 } })).toMatchObject({
    status: 200,
  });
  expect(await rig.cluster.create(deployment('shop', 'new', 1))).toMatchObject({ status: 201 });
  expect(rig.cluster.calls.filter(({ verb }) => verb !== 'watch')).toEqual([]);
});
