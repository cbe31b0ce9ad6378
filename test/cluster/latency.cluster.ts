/** What a call costs more with the guard behind it; printed, not judged: machines differ, and this one may be busy. */
import { expect, test } from 'vitest';
import type { ControlPlane } from './control-plane.ts';
import { deployment, pathOf } from './objects.ts';
import { useCluster } from './use-cluster.ts';
import { createGuarded, register } from './webhook.ts';

const CALLS = 500;
const WARM_UP = 50;

let plane: ControlPlane;

useCluster(async (cluster) => {
  plane = cluster.plane;
  const guard = await cluster.startGuard({ name: 'guard', rules: { mode: 'seed' } });
  await register(plane, { name: 'guarded', guards: [guard], matchConditions: false });
});

test(`latency of ${CALLS} creations and ${CALLS} updates with and without the guard, in turn`, async () => {
  const [free, guarded] = [await plane.createNamespace('free'), await createGuarded(plane, 'guarded', 'guarded')];
  const times: Times = { free: { create: [], update: [] }, guarded: { create: [], update: [] } };
  await measure(free, 'warm', WARM_UP, { create: [], update: [] });
  await measure(guarded, 'warm', WARM_UP, { create: [], update: [] });
  for (let block = 0; block < CALLS / 10; block += 1) {
    await measure(free, `web-${block}`, 10, times.free);
    await measure(guarded, `web-${block}`, 10, times.guarded);
  }
  for (const act of ['create', 'update'] as const) {
    const [without, withGuard] = [times.free[act], times.guarded[act]];
    const told = [0.5, 0.9, 0.99].map((share) => {
      const [one, other] = [quantile(without, share), quantile(withGuard, share)];
      return `p${share * 100} ${one.toFixed(2)} -> ${other.toFixed(2)} ms (+${(other - one).toFixed(2)})`;
    });
    console.log(`latency of ${act}, without -> with the guard: ${told.join(', ')}`);
    expect(withGuard.length).toBe(CALLS);
  }
});

type Act = 'create' | 'update';
type Times = Record<'free' | 'guarded', Record<Act, number[]>>;

async function measure(namespace: string, prefix: string, count: number, into: Record<Act, number[]>): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const name = `${prefix}-${index}`;
    const started = performance.now();
    const made = await plane.developer.create(pathOf('deployment', namespace), deployment(name, { replicas: 2 }));
    into.create.push(performance.now() - started);
    const changed = { ...made.body, spec: { ...made.body['spec'], replicas: 3 } };
    const again = performance.now();
    const updated = await plane.developer.update(pathOf('deployment', namespace, name), changed);
    into.update.push(performance.now() - again);
    expect([made.status, updated.status]).toEqual([201, 200]);
  }
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
