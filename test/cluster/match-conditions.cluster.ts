/** The match conditions of deploy/guard as a ratchet in the API server: an outage touches only what could introduce a violation. */
import { expect, test } from 'vitest';
import { assetsDirectory, readAssets } from './assets.ts';
import type { ControlPlane } from './control-plane.ts';
import type { GuardProcess } from './guard-process.ts';
import { deployment, hpa, pathOf } from './objects.ts';
import { useCluster } from './use-cluster.ts';
import { MATCH_CONDITIONS_SINCE, type Registration, createGuarded, putUnderGuard, register } from './webhook.ts';

const { version, minor } = await readAssets(assetsDirectory() ?? '');
const isServed = minor >= MATCH_CONDITIONS_SINCE;
if (!isServed) console.warn(`!! SKIPPED: ${version} knows no match conditions (from 1.${MATCH_CONDITIONS_SINCE} on).`);

let plane: ControlPlane;
let guard: GuardProcess;
let registration: Registration;
let count = 0;

useCluster(async (cluster) => {
  if (!isServed) return;
  plane = cluster.plane;
  guard = await cluster.startGuard({ name: 'guard', rules: { mode: 'seed' } });
  registration = { name: 'guarded', guards: [guard], failurePolicy: 'Fail', matchConditions: true };
  await register(plane, registration);
});

async function under(): Promise<string> {
  count += 1;
  const namespace = await createGuarded(plane, 'guarded', `conditions-${count}`);
  await plane.developer.create(pathOf('deployment', namespace), deployment('three', { replicas: 3 }));
  await plane.developer.create(pathOf('hpa', namespace), hpa('three', { min: 2 }));
  return namespace;
}

/** A pair of before the guard. */
async function breached(): Promise<string> {
  count += 1;
  const namespace = await plane.createNamespace(`conditions-${count}`);
  await plane.developer.create(
    pathOf('deployment', namespace),
    deployment('one', { replicas: 1, finalizers: ['example.com/hold'] }),
  );
  await plane.developer.create(pathOf('hpa', namespace), hpa('one', { min: 1 }));
  await putUnderGuard(plane, registration, namespace);
  return namespace;
}

interface Act {
  readonly what: string;
  act(namespace: string): Promise<{ readonly status: number; readonly message: string }>;
}

const dev = () => plane.developer;
const merge = { kind: 'merge' } as const;

const COULD: readonly Act[] = [
  {
    what: 'a new Deployment with one replica',
    act: (ns) => dev().create(pathOf('deployment', ns), deployment('new', { replicas: 1 })),
  },
  { what: 'a new Deployment without a number', act: (ns) => dev().create(pathOf('deployment', ns), deployment('new')) },
  {
    what: 'an update from three to one',
    act: (ns) => dev().patch(pathOf('deployment', ns, 'three'), { spec: { replicas: 1 } }),
  },
  {
    what: 'a scale to one by a person',
    act: (ns) => dev().patch(`${pathOf('deployment', ns, 'three')}/scale`, { spec: { replicas: 1 } }, merge),
  },
  { what: 'a new HPA', act: (ns) => dev().create(pathOf('hpa', ns), hpa('new', { min: 2 })) },
  { what: 'a lower minimum', act: (ns) => dev().patch(pathOf('hpa', ns, 'three'), { spec: { minReplicas: 1 } }) },
  {
    what: 'another target',
    act: (ns) => dev().patch(pathOf('hpa', ns, 'three'), { spec: { scaleTargetRef: { name: 'other' } } }),
  },
];

const COULD_NOT: readonly Act[] = [
  {
    what: 'a new Deployment with two',
    act: (ns) => dev().create(pathOf('deployment', ns), deployment('two', { replicas: 2 })),
  },
  {
    what: 'an update from three to two',
    act: (ns) => dev().patch(pathOf('deployment', ns, 'three'), { spec: { replicas: 2 } }),
  },
  {
    what: 'a pause at zero',
    act: (ns) => dev().patch(`${pathOf('deployment', ns, 'three')}/scale`, { spec: { replicas: 0 } }, merge),
  },
  { what: 'a raised minimum', act: (ns) => dev().patch(pathOf('hpa', ns, 'three'), { spec: { minReplicas: 3 } }) },
  {
    what: 'a scale to one by the HPA controller',
    act: async (ns) => {
      const path = `${pathOf('deployment', ns, 'three')}/scale`;
      const { body } = await plane.hpaController.get(path);
      return plane.hpaController.update(path, { ...body, spec: { replicas: 1 } });
    },
  },
];

const COULD_NOT_IN_BREACH: readonly Act[] = [
  {
    what: 'an annotation',
    act: (ns) => dev().patch(pathOf('deployment', ns, 'one'), { metadata: { annotations: { a: 'b' } } }),
  },
  { what: 'a raised minimum', act: (ns) => dev().patch(pathOf('hpa', ns, 'one'), { spec: { minReplicas: 2 } }) },
  {
    what: 'a label of the HPA',
    act: (ns) => dev().patch(pathOf('hpa', ns, 'one'), { metadata: { labels: { a: 'b' } } }),
  },
  {
    what: 'the finalizer of a terminating Deployment',
    act: async (ns) => {
      await dev().delete(pathOf('deployment', ns, 'one'));
      return dev().patch(pathOf('deployment', ns, 'one'), { metadata: { finalizers: null } }, merge);
    },
  },
];

test.skipIf(!isServed).each(COULD)('$what is sent to the guard', async ({ act }) => {
  const namespace = await under();
  const before = await guard.count('webhook_requests_total');
  await act(namespace);
  expect(await guard.count('webhook_requests_total')).toBe(before + 1);
});

test.skipIf(!isServed)('nothing else is sent to it', async () => {
  const [namespace, old] = [await under(), await breached()];
  const before = await guard.count('webhook_requests_total');
  for (const { what, act } of COULD_NOT) expect([what, (await act(namespace)).status < 300]).toEqual([what, true]);
  for (const { what, act } of COULD_NOT_IN_BREACH) expect([what, (await act(old)).status < 300]).toEqual([what, true]);
  expect(await guard.count('webhook_requests_total')).toBe(before);
});

test.skipIf(!isServed)(
  'while the guard is down, Fail refuses what could introduce a violation and nothing else',
  async () => {
    const [namespace, old] = [await under(), await breached()];
    await guard.kill();
    for (const { what, act } of COULD) {
      const { status, message } = await act(namespace);
      expect([what, status, message.includes('failed calling webhook')]).toEqual([what, 500, true]);
    }
    for (const { what, act } of COULD_NOT) expect([what, (await act(namespace)).status < 300]).toEqual([what, true]);
    for (const { what, act } of COULD_NOT_IN_BREACH)
      expect([what, (await act(old)).status < 300]).toEqual([what, true]);
    await guard.start();
  },
);
