/** What goes on when one of the two is gone: the API server for the guard, the guard for the API server. */
import { describe, expect, test } from 'vitest';
import { until } from './child.ts';
import type { ControlPlane } from './control-plane.ts';
import type { GuardProcess } from './guard-process.ts';
import { deployment, hpa, pathOf } from './objects.ts';
import { creation } from './reviews.ts';
import { useCluster } from './use-cluster.ts';
import { createGuarded, register } from './webhook.ts';

let plane: ControlPlane;
let guard: GuardProcess;

useCluster(async (cluster) => {
  plane = cluster.plane;
  guard = await cluster.startGuard({ name: 'guard', rules: { mode: 'seed' } });
  await register(plane, { name: 'fail', guards: [guard], failurePolicy: 'Fail', matchConditions: false });
  await register(plane, { name: 'ignore', guards: [guard], failurePolicy: 'Ignore', matchConditions: false });
});

async function allows(namespace: string, object: ReturnType<typeof deployment>): Promise<boolean> {
  const { status, body } = await guard.review(creation(namespace, object));
  expect(status).toBe(200);
  return body['response'].allowed;
}

describe('the API server is gone', () => {
  const one = deployment('web', { replicas: 1 });

  test('killed: decisions go on from the cache, and readiness stays', async () => {
    const namespace = await createGuarded(plane, 'fail', 'outage');
    await plane.developer.create(pathOf('hpa', namespace), hpa('web', { min: 2 }));
    expect(await allows(namespace, one)).toBe(false);
    await plane.apiServer.kill();
    for (let round = 0; round < 20; round += 1) {
      expect(await allows(namespace, one)).toBe(false);
      expect(await allows(namespace, deployment('web', { replicas: 2 }))).toBe(true);
    }
    expect(await guard.status('/livez')).toBe(200);
    expect(await guard.status('/readyz')).toBe(200);
    expect(await guard.count('guard_cache_age_seconds')).toBeGreaterThan(0);
  });

  test('a guard that starts meanwhile is alive and not ready, and recovers without a restart', async () => {
    await guard.stop();
    await guard.start('alive');
    expect(await guard.status('/readyz')).toBe(503);
    await plane.apiServer.start();
    await until('the guard is ready', async () => (await guard.status('/readyz')) === 200);
    expect(await allows('outage', one)).toBe(false);
  });

  test('restarted while objects changed: the watch recovers, and decisions equal a fresh list', async () => {
    const namespace = await createGuarded(plane, 'fail', 'restarts');
    const names = Array.from({ length: 10 }, (_, index) => `web-${index}`);
    for (const name of names) await plane.developer.create(pathOf('hpa', namespace), hpa(name, { min: 2 }));
    for (let round = 0; round < 3; round += 1) {
      await plane.apiServer.kill();
      await plane.apiServer.start();
      // Right after the start, before the guard can have come back by itself.
      const [gone, come] = [names[round] ?? '', `new-${round}`];
      expect((await plane.admin.delete(pathOf('hpa', namespace, gone))).status).toBe(200);
      expect((await plane.admin.get(pathOf('hpa', namespace, gone))).status).toBe(404);
      await until('the API server asks the guard again', async () => {
        return (await plane.admin.create(pathOf('hpa', namespace), hpa(come, { min: 2 }))).status === 409;
      });
    }
    const { body } = await plane.admin.get(pathOf('hpa', namespace));
    const targets = new Set(body['items'].map((item: ReturnType<typeof hpa>) => item['spec'].scaleTargetRef.name));
    const asked = [...names, 'new-0', 'new-1', 'new-2', 'never'];
    await until('the cache equals the list', async () => {
      const decisions = await Promise.all(asked.map((name) => allows(namespace, deployment(name, { replicas: 1 }))));
      return decisions.every((allowed, index) => allowed !== targets.has(asked[index]));
    });
  });
});

describe('the guard is gone', () => {
  test('killed: with Fail the API server refuses, with Ignore it lets pass; started again, it works at once', async () => {
    const [strict, lenient] = [
      await createGuarded(plane, 'fail', 'strict'),
      await createGuarded(plane, 'ignore', 'lenient'),
    ];
    await guard.kill();
    const refused = await plane.developer.create(pathOf('deployment', strict), deployment('web', { replicas: 2 }));
    expect(refused.status).toBe(500);
    expect(refused.message).toContain('failed calling webhook');
    const passed = await plane.developer.create(pathOf('deployment', lenient), deployment('web', { replicas: 1 }));
    expect(passed.status).toBe(201);
    await guard.start();
    const again = await plane.developer.create(pathOf('deployment', strict), deployment('web', { replicas: 2 }));
    expect(again.status).toBe(201);
    const denied = await plane.developer.create(pathOf('hpa', lenient), hpa('web', { min: 2 }));
    expect(denied.status).toBe(403);
  });

  test('stopped with SIGTERM under load: everything that arrives before its end is answered', async () => {
    const namespace = await createGuarded(plane, 'fail', 'stopping');
    const statuses: number[] = [];
    const load = { on: true };
    const workers = Array.from({ length: 8 }, async () => {
      while (load.on) {
        const { body } = await guard.review(creation(namespace, deployment('web', { replicas: 2 })));
        statuses.push(body['response'].allowed ? 200 : 403);
      }
    });
    await until('some load', () => statuses.length > 50);
    const stopping = guard.stop();
    // The endpoint delay: the API server still sends, since it doesn't know yet.
    await until('the guard says that it leaves', async () => (await guard.status('/readyz')) === 503);
    load.on = false;
    await Promise.all(workers);
    expect(await stopping).toBe(0);
    expect(new Set(statuses)).toEqual(new Set([200]));
    await guard.start();
  });
});
