/** Pairs at the same moment, which neither of the two requests could see of the other. */
import { expect, test } from 'vitest';
import type { ApiAnswer, Json } from './api.ts';
import { until } from './child.ts';
import type { ControlPlane } from './control-plane.ts';
import type { GuardProcess } from './guard-process.ts';
import { deployment, hpa, pathOf } from './objects.ts';
import { startRoundRobin } from './round-robin.ts';
import { useCluster } from './use-cluster.ts';
import { createGuarded, register } from './webhook.ts';

const PAIRS = 200;
const FOUND_WITHIN = 5000;
// 400 new TLS connections at once, on a machine that may be busy: what is judged is who passes, not how fast.
const TIMEOUT_SECONDS = 30;
const PATIENT = { GUARD_WEBHOOK_TIMEOUT_SECONDS: '30', GUARD_SERVER_DEADLINE: '28s' };

let plane: ControlPlane;
let replicas: readonly GuardProcess[];

useCluster(async (cluster) => {
  plane = cluster.plane;
  const one = await cluster.startGuard({ name: 'single', rules: { mode: 'seed' }, env: PATIENT });
  const first = await cluster.startGuard({ name: 'first', rules: { mode: 'seed' }, env: PATIENT });
  const second = await cluster.startGuard({ name: 'second', rules: { mode: 'seed' }, env: PATIENT, like: first });
  const front = await startRoundRobin([first.port, second.port]);
  cluster.onEnd(front.close);
  replicas = [first, second];
  await register(plane, { name: 'single', guards: [one], timeoutSeconds: TIMEOUT_SECONDS });
  await register(plane, { name: 'several', guards: replicas, port: front.port, timeoutSeconds: TIMEOUT_SECONDS });
});

/** Statuses of both requests of each pair. */
async function createPairs(namespace: string, pairs: number): Promise<readonly (readonly [number, number])[]> {
  // The connections of the client are there before: the pairs are to meet at the guard, not one after the other.
  await Promise.all(Array.from({ length: pairs * 2 }, () => plane.developer.get(pathOf('hpa', namespace))));
  return await Promise.all(
    Array.from({ length: pairs }, async (_, index) => {
      const name = `web-${index}`;
      const makeDeployment = () =>
        plane.developer.create(pathOf('deployment', namespace), deployment(name, { replicas: 1 }));
      const makeHpa = () => plane.developer.create(pathOf('hpa', namespace), hpa(name, { min: 2 }));
      // Either of the two is a little earlier in half of the pairs.
      const both = index % 2 === 0 ? [makeDeployment(), makeHpa()] : [makeHpa(), makeDeployment()];
      const [one, other] = await Promise.all(both as [Promise<ApiAnswer>, Promise<ApiAnswer>]);
      return [one.status, other.status] as const;
    }),
  );
}

test(`${PAIRS} pairs at the same time with one guard: of each pair exactly one is admitted`, async () => {
  const namespace = await createGuarded(plane, 'single', 'single-pairs');
  const started = performance.now();
  const seen = await createPairs(namespace, PAIRS);
  const told = seen.map((pair) => pair.toSorted().join(' and '));
  console.log(
    `${PAIRS} pairs with one guard: ${JSON.stringify(countsOf(told))} in ${Math.round(performance.now() - started)} ms`,
  );
  expect(countsOf(told)).toEqual({ '201 and 403': PAIRS });
});

test(`${PAIRS} pairs at the same time with two guards: the auditor tells each admitted pair within five seconds`, async () => {
  const namespace = await createGuarded(plane, 'several', 'several-pairs');
  const seen = await createPairs(namespace, PAIRS);
  const admitted = seen.flatMap(([one, other], index) => (one === 201 && other === 201 ? [`web-${index}`] : []));
  const told = countsOf(seen.map((pair) => pair.toSorted().join(' and ')));
  console.log(`${PAIRS} pairs with two guards: ${JSON.stringify(told)}`);
  // None was refused by both, and nothing failed.
  expect(Object.keys(told).every((pair) => ['201 and 201', '201 and 403'].includes(pair))).toBe(true);
  await expectFound(namespace, admitted);
});

test('pairs that no webhook saw are told within five seconds as well', async () => {
  const namespace = await plane.createNamespace('unseen-pairs');
  await createPairs(namespace, 20);
  await expectFound(
    namespace,
    Array.from({ length: 20 }, (_, index) => `web-${index}`),
  );
});

function countsOf(words: readonly string[]): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Map.groupBy(words, (word) => word)
      .entries()
      .map(([word, of]) => [word, of.length]),
  );
}

/** Events on both objects of each pair and of no other, and the gauge of every replica. */
async function expectFound(namespace: string, names: readonly string[]): Promise<void> {
  const wanted = names.flatMap((name) => [`Deployment/${name}`, `HorizontalPodAutoscaler/${name}`]).sort();
  const started = performance.now();
  await until(
    `Events on ${wanted.length} objects`,
    async () => {
      const told = await toldIn(namespace);
      return wanted.every((object) => told.has(object));
    },
    { within: FOUND_WITHIN },
  );
  for (const guard of replicas) {
    await until(
      `guard_violations of ${guard.name}`,
      async () => (await guard.count('guard_violations', { namespace })) === names.length,
      { within: FOUND_WITHIN },
    );
  }
  console.log(`${names.length} pairs told after ${Math.round(performance.now() - started)} ms`);
  expect([...(await toldIn(namespace))].sort()).toEqual(wanted);
}

async function toldIn(namespace: string): Promise<ReadonlySet<string>> {
  const { body } = await plane.admin.get(pathOf('event', namespace));
  const events = (body['items'] as Json[]).filter((event) => event['type'] === 'Warning');
  return new Set(events.map(({ involvedObject: object }) => `${object.kind}/${object.name}`));
}
