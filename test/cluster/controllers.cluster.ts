/** The guard beside the controllers that it must not disturb: deployments, the garbage collector and the HPA controller. */
import { expect, test } from 'vitest';
import { readAssets, assetsDirectory } from './assets.ts';
import type { Child } from './child.ts';
import { until } from './child.ts';
import type { ControlPlane } from './control-plane.ts';
import type { GuardProcess } from './guard-process.ts';
import { deployment, hpa, pathOf } from './objects.ts';
import { useCluster } from './use-cluster.ts';
import { type Registration, createGuarded, putUnderGuard, register } from './webhook.ts';

const { controllerManager } = await readAssets(assetsDirectory() ?? '');
if (controllerManager === null) {
  console.warn('!! SKIPPED: no kube-controller-manager in KUBEBUILDER_ASSETS, the HPA controller was NOT tested.');
}

let plane: ControlPlane;
let seedGuard: GuardProcess;
let seed: Registration;
let controllers: Child;

useCluster(async (cluster) => {
  if (controllerManager === null) return;
  plane = cluster.plane;
  seedGuard = await cluster.startGuard({ name: 'seed', rules: { mode: 'seed' } });
  const effective = await cluster.startGuard({ name: 'effective', rules: { mode: 'effective' } });
  seed = { name: 'seed', guards: [seedGuard], matchConditions: false };
  await register(plane, seed);
  await register(plane, { name: 'effective', guards: [effective], matchConditions: false });
  controllers = await plane.startControllers();
});

async function replicasOf(namespace: string, name: string): Promise<number> {
  return (await plane.developer.get(pathOf('deployment', namespace, name))).body['spec']?.replicas;
}

function untilReplicas(namespace: string, name: string, wanted: number): Promise<boolean> {
  return until(
    `${namespace}/${name} has ${wanted} replicas`,
    async () => (await replicasOf(namespace, name)) === wanted,
  );
}

async function createBoth(
  namespace: string,
  replicas: number,
  limits: { readonly min: number; readonly max?: number },
) {
  const made = [
    await plane.developer.create(pathOf('deployment', namespace), deployment('web', { replicas })),
    await plane.developer.create(pathOf('hpa', namespace), hpa('web-scaler', { target: 'web', ...limits })),
  ];
  expect(made.map(({ status, message }) => [status, message])).toEqual([
    [201, ''],
    [201, ''],
  ]);
}

test.skipIf(controllerManager === null)(
  'effective: the HPA controller raises the one replica that was allowed to the minimum',
  async () => {
    const namespace = await createGuarded(plane, 'effective', 'healed');
    const first = await plane.developer.create(pathOf('hpa', namespace), hpa('web-scaler', { target: 'web', min: 2 }));
    const second = await plane.developer.create(pathOf('deployment', namespace), deployment('web', { replicas: 1 }));
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.warnings).not.toEqual([]);
    await untilReplicas(namespace, 'web', 2);
  },
);

test.skipIf(controllerManager === null)(
  'a pair of before is healed by raising the minimum: the controller raises the Deployment',
  async () => {
    const namespace = await plane.createNamespace('raised');
    await createBoth(namespace, 1, { min: 1 });
    await putUnderGuard(plane, seed, namespace);
    const raised = await plane.developer.patch(pathOf('hpa', namespace, 'web-scaler'), { spec: { minReplicas: 2 } });
    expect(raised.status).toBe(200);
    await untilReplicas(namespace, 'web', 2);
  },
);

test.skipIf(controllerManager === null)(
  'the HPA controller scales down to one under the guard, and everything goes on there',
  async () => {
    const namespace = await createGuarded(plane, 'seed', 'scaled-down');
    const before = await seedGuard.count('guard_bypasses_total');
    await createBoth(namespace, 3, { min: 1, max: 1 });
    await untilReplicas(namespace, 'web', 1);
    expect(await seedGuard.count('guard_bypasses_total')).toBeGreaterThan(before);
    const image = {
      spec: { template: { spec: { containers: [{ name: 'main', image: 'registry.example.com/web:2' }] } } },
    };
    const answer = await plane.developer.patch(pathOf('deployment', namespace, 'web'), image);
    expect(answer.status).toBe(200);
    expect(answer.warnings.join('\n')).toContain('web-scaler');
    // The deployment controller writes the annotation of the second revision onto a Deployment that is in breach.
    await until('the second revision', async () => {
      const { body } = await plane.developer.get(pathOf('deployment', namespace, 'web'));
      return body['metadata'].annotations?.['deployment.kubernetes.io/revision'] === '2';
    });
  },
);

test.skipIf(controllerManager === null)(
  'a deletion in the foreground goes through: the garbage collector removes pods, sets and finalizer',
  async () => {
    const namespace = await plane.createNamespace('collected');
    await createBoth(namespace, 1, { min: 1 });
    await until('a pod', async () => (await itemsOf('pod', namespace)).length > 0);
    await putUnderGuard(plane, seed, namespace);
    const path = pathOf('deployment', namespace, 'web');
    const asked = (await plane.developer.delete(path, 'Foreground')).status;
    expect([200, 202]).toContain(asked);
    await until('the Deployment is gone', async () => (await plane.developer.get(path)).status === 404);
    expect(await itemsOf('replicaSet', namespace)).toEqual([]);
    expect(await itemsOf('pod', namespace)).toEqual([]);
  },
);

test.skipIf(controllerManager === null)('a namespace under the guard can be deleted with what is in it', async () => {
  const namespace = await createGuarded(plane, 'seed', 'leaving');
  await createBoth(namespace, 3, { min: 1, max: 1 });
  await untilReplicas(namespace, 'web', 1);
  expect((await plane.admin.delete(`/api/v1/namespaces/${namespace}`)).status).toBe(200);
  await until(
    'the namespace is gone',
    async () => (await plane.admin.get(`/api/v1/namespaces/${namespace}`)).status === 404,
  );
});

test.skipIf(controllerManager === null)('none of the controllers was refused anything by the guard', () => {
  expect(controllers.hasEnded()).toBe(false);
  const refused = controllers
    .output()
    .split('\n')
    .filter((line) => line.includes('denied the request'));
  expect(refused).toEqual([]);
});

async function itemsOf(kind: 'pod' | 'replicaSet', namespace: string): Promise<readonly string[]> {
  const { body } = await plane.admin.get(pathOf(kind, namespace));
  return (body['items'] as { readonly metadata: { readonly name: string } }[]).map(({ metadata }) => metadata.name);
}
