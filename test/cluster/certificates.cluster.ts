/** Certificates are swapped below the guard while the API server asks it without pause. */
import { expect, test } from 'vitest';
import type { Leaf } from './authority.ts';
import { until } from './child.ts';
import type { ControlPlane } from './control-plane.ts';
import type { GuardProcess } from './guard-process.ts';
import { deployment, pathOf } from './objects.ts';
import { useCluster } from './use-cluster.ts';
import { createGuarded, register } from './webhook.ts';
import { connect } from 'node:tls';
import { once } from 'node:events';

const SWAPS = 20;
const WORKERS = 6;

let plane: ControlPlane;
let guard: GuardProcess;

useCluster(async (cluster) => {
  plane = cluster.plane;
  guard = await cluster.startGuard({ name: 'guard', rules: { mode: 'seed' } });
  await register(plane, { name: 'guarded', guards: [guard], failurePolicy: 'Fail', matchConditions: false });
});

/** The serial of the certificate that a new connection gets, checked against the authority. */
async function servedSerial(): Promise<string> {
  const socket = connect({
    host: '127.0.0.1',
    port: guard.port,
    ca: guard.authority.certificate,
    servername: 'localhost',
  });
  await once(socket, 'secureConnect');
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

/** Answers of the API server while `act` runs: Fail makes each trouble with the guard an error. */
async function underLoad(namespace: string, act: () => Promise<void>): Promise<ReadonlyMap<number, number>> {
  const statuses = new Map<number, number>();
  const load = { on: true };
  const workers = Array.from({ length: WORKERS }, async (_, worker) => {
    for (let round = 0; load.on; round += 1) {
      const object = deployment(`web-${worker}-${round}`, { replicas: 2 });
      const { status } = await plane.developer.create(pathOf('deployment', namespace), object, { dryRun: true });
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  });
  try {
    await until('some load', () => (statuses.get(201) ?? 0) > WORKERS);
    await act();
  } finally {
    load.on = false;
    await Promise.all(workers);
  }
  return statuses;
}

test(`${SWAPS} swaps under load: no request fails, and each new serial is served within a second`, async () => {
  const namespace = await createGuarded(plane, 'guarded', 'swapping');
  const times: number[] = [];
  const leaves: Leaf[] = [];
  for (let swap = 0; swap < SWAPS; swap += 1) leaves.push(await guard.issue());
  const statuses = await underLoad(namespace, async () => {
    for (const leaf of leaves) {
      const started = performance.now();
      await guard.certificates.swap(leaf);
      await until('the new serial', async () => (await servedSerial()) === leaf.serial, { within: 20_000, every: 20 });
      times.push(performance.now() - started);
    }
  });
  const [slowest = 0] = times.toSorted((one, other) => other - one);
  console.log(`${SWAPS} swaps: slowest ${Math.round(slowest)} ms; answers ${JSON.stringify([...statuses])}`);
  expect([...statuses.keys()]).toEqual([201]);
  expect(slowest).toBeLessThan(1000);
  expect(await guard.count('guard_certificate_reloads_total', { outcome: 'loaded' })).toBeGreaterThanOrEqual(SWAPS);
});

test('garbage and a key of another certificate are refused: the old one is served on, and the next good one is taken', async () => {
  const namespace = await createGuarded(plane, 'guarded', 'garbage');
  const [one, other, good] = [await guard.issue(), await guard.issue(), await guard.issue()];
  const before = await servedSerial();
  const refusals = () => guard.count('guard_certificate_reloads_total', { outcome: 'refused' });
  const statuses = await underLoad(namespace, async () => {
    for (const bad of [
      { ...one, key: other.key },
      { ...one, certificate: 'garbage' },
    ]) {
      const seen = await refusals();
      await guard.certificates.swap(bad);
      await until('the refusal', async () => (await refusals()) > seen);
      expect(await servedSerial()).toBe(before);
    }
    await guard.certificates.swap(good);
    await until('the good one', async () => (await servedSerial()) === good.serial);
  });
  expect([...statuses.keys()]).toEqual([201]);
});
