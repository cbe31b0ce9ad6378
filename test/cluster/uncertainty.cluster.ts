/** A guard whose account may not look: what it does not know is a decision, and the log says which permission lacks. */
import { expect, test } from 'vitest';
import type { ControlPlane } from './control-plane.ts';
import type { GuardProcess } from './guard-process.ts';
import { deployment, hpa, pathOf } from './objects.ts';
import { useCluster } from './use-cluster.ts';
import { createGuarded, register } from './webhook.ts';

/** Nothing about HPAs. */
const HALF = [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'list', 'watch'] }];

let plane: ControlPlane;
let denying: GuardProcess;
let allowing: GuardProcess;

useCluster(async (cluster) => {
  plane = cluster.plane;
  denying = await cluster.createGuard({ name: 'denying', rules: { mode: 'seed', onUncertain: 'deny' }, rights: HALF });
  allowing = await cluster.createGuard({
    name: 'allowing',
    rules: { mode: 'seed', onUncertain: 'allow' },
    rights: HALF,
  });
  await denying.start('alive');
  await allowing.start('alive');
  await register(plane, { name: 'denying', guards: [denying], matchConditions: false });
  await register(plane, { name: 'allowing', guards: [allowing], matchConditions: false });
});

test('a guard without rights is alive and not ready', async () => {
  expect(await denying.status('/livez')).toBe(200);
  expect(await denying.status('/readyz')).toBe(503);
});

test('onUncertain deny: 503 that asks to try again, not a denial', async () => {
  const namespace = await createGuarded(plane, 'denying', 'unknown');
  const answer = await plane.developer.create(pathOf('deployment', namespace), deployment('web', { replicas: 1 }));
  expect(answer.status).toBe(503);
  expect(answer.message).not.toMatch(/127\.0\.0\.1|forbidden: User/);
  expect(await denying.count('webhook_requests_total', { decision: 'uncertain' })).toBeGreaterThan(0);
});

test('onUncertain allow: allowed with a warning', async () => {
  const namespace = await createGuarded(plane, 'allowing', 'unknown-allowed');
  const answer = await plane.developer.create(pathOf('deployment', namespace), deployment('web', { replicas: 1 }));
  expect(answer.status).toBe(201);
  expect(answer.warnings).not.toEqual([]);
});

test('what needs no HPA is decided all the same', async () => {
  const namespace = await createGuarded(plane, 'denying', 'known');
  const two = await plane.developer.create(pathOf('deployment', namespace), deployment('web', { replicas: 2 }));
  expect(two.status).toBe(201);
  const paths = { one: deployment('one', { replicas: 2 }), scaler: hpa('web', { min: 2 }) };
  expect((await plane.developer.create(pathOf('deployment', namespace), paths.one)).status).toBe(201);
  expect((await plane.developer.create(pathOf('hpa', namespace), paths.scaler)).status).toBe(201);
});

test('the log names the verb and the resource that lack, and no object', async () => {
  const lines = denying
    .output()
    .split('\n')
    .filter((line) => line.includes('horizontalpodautoscalers'));
  expect(lines.some((line) => /\blist\b/.test(line))).toBe(true);
  expect(denying.output()).not.toContain('registry.example.com');
});
