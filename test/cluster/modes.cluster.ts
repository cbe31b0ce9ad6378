/** What the modes `strict` and `effective`, and the switches beside them, change. */
import { expect, test } from 'vitest';
import type { ApiAnswer } from './api.ts';
import type { ControlPlane } from './control-plane.ts';
import { deployment, hpa, pathOf } from './objects.ts';
import { useCluster } from './use-cluster.ts';
import { type Registration, createGuarded, putUnderGuard, register } from './webhook.ts';

let plane: ControlPlane;
let frozen: Registration;
let count = 0;

useCluster(async (cluster) => {
  plane = cluster.plane;
  const strict = await cluster.startGuard({ name: 'strict', rules: { mode: 'strict' } });
  const effective = await cluster.startGuard({ name: 'effective', rules: { mode: 'effective' } });
  const denying = await cluster.startGuard({ name: 'frozen', rules: { mode: 'seed', existingViolations: 'deny' } });
  frozen = { name: 'frozen', guards: [denying], matchConditions: false };
  await register(plane, { name: 'strict', guards: [strict], matchConditions: false });
  await register(plane, { name: 'effective', guards: [effective], matchConditions: false });
  await register(plane, frozen);
});

function under(mode: string): Promise<string> {
  count += 1;
  return createGuarded(plane, mode, `${mode}-${count}`);
}

function told({ status, message, warnings }: ApiAnswer) {
  return { status, denied: message.includes('denied the request'), warned: warnings.length > 0 };
}

test('strict: an HPA without a minimum, or with one below two, is refused even where there is no Deployment', async () => {
  const namespace = await under('strict');
  const [without, one] = [hpa('web'), hpa('web', { min: 1 })];
  for (const object of [without, one]) {
    const answer = await plane.developer.create(pathOf('hpa', namespace), object);
    expect(told(answer)).toEqual({ status: 403, denied: true, warned: false });
    expect(answer.message).toContain('minReplicas');
  }
  const answer = await plane.developer.create(pathOf('hpa', namespace), hpa('web', { min: 2 }));
  expect(told(answer)).toEqual({ status: 201, denied: false, warned: false });
});

test('strict: lowering a minimum below two is refused, raising it is not', async () => {
  const namespace = await under('strict');
  await plane.developer.create(pathOf('hpa', namespace), hpa('web', { min: 3 }));
  const path = pathOf('hpa', namespace, 'web');
  expect((await plane.developer.patch(path, { spec: { minReplicas: 1 } })).status).toBe(403);
  expect((await plane.developer.patch(path, { spec: { minReplicas: 4 } })).status).toBe(200);
  expect((await plane.developer.patch(path, { spec: { minReplicas: 2 } })).status).toBe(200);
});

test('effective: one replica under HPAs that all want two is allowed with a warning', async () => {
  const namespace = await under('effective');
  await plane.developer.create(pathOf('hpa', namespace), hpa('web-scaler', { target: 'web', min: 2 }));
  const answer = await plane.developer.create(pathOf('deployment', namespace), deployment('web', { replicas: 1 }));
  expect(told(answer)).toEqual({ status: 201, denied: false, warned: true });
});

test('effective: one replica under an HPA that may stay at one is refused, in both orders', async () => {
  const [one, other] = [await under('effective'), await under('effective')];
  await plane.developer.create(pathOf('hpa', one), hpa('web-scaler', { target: 'web', min: 1 }));
  const late = await plane.developer.create(pathOf('deployment', one), deployment('web', { replicas: 1 }));
  expect(told(late)).toEqual({ status: 403, denied: true, warned: false });
  await plane.developer.create(pathOf('deployment', other), deployment('web', { replicas: 1 }));
  const early = await plane.developer.create(pathOf('hpa', other), hpa('web-scaler', { target: 'web', min: 1 }));
  expect(told(early)).toEqual({ status: 403, denied: true, warned: false });
});

test('effective: lowering the minimum on a Deployment at one replica is refused', async () => {
  const namespace = await under('effective');
  await plane.developer.create(pathOf('hpa', namespace), hpa('web-scaler', { target: 'web', min: 2 }));
  await plane.developer.create(pathOf('deployment', namespace), deployment('web', { replicas: 1 }));
  const answer = await plane.developer.patch(pathOf('hpa', namespace, 'web-scaler'), { spec: { minReplicas: 1 } });
  expect(told(answer)).toEqual({ status: 403, denied: true, warned: false });
});

test('existingViolations deny: an update of what was in breach is refused, what mends it is not', async () => {
  const namespace = await plane.createNamespace('frozen-before');
  await plane.developer.create(pathOf('hpa', namespace), hpa('web-scaler', { target: 'web', min: 1 }));
  await plane.developer.create(pathOf('deployment', namespace), deployment('web', { replicas: 1 }));
  await putUnderGuard(plane, frozen, namespace);
  const path = pathOf('deployment', namespace, 'web');
  const annotate = { metadata: { annotations: { note: 'x' } } };
  expect(told(await plane.developer.patch(path, annotate)).denied).toBe(true);
  expect((await plane.developer.patch(path, { spec: { replicas: 2 } })).status).toBe(200);
  expect((await plane.developer.patch(path, annotate)).status).toBe(200);
});
