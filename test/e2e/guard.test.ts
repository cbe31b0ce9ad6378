import { readdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Authority, type SecretVolume, createAuthority, createSecretVolume } from '../certificates.ts';
import { type FakeKubernetesApi, deployment, hpa, startKubernetesApi } from '../fakes/kubernetes-api.ts';
import { type GuardProcess, runGuard, startGuardProcess } from '../guard-process.ts';

let folder: string;
let authority: Authority;
let volume: SecretVolume;
let cluster: FakeKubernetesApi;
let guards: GuardProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'funade-guard-'));
  [authority, volume, cluster] = await Promise.all([createAuthority(), createSecretVolume(), startKubernetesApi()]);
  await volume.put(await authority.issue());
  await writeFile(join(folder, 'kubeconfig'), cluster.kubeconfig());
});

afterEach(async () => {
  for (const guard of guards) guard.process.kill('SIGKILL');
  guards = [];
  await Promise.all([cluster.close(), authority.remove(), volume.remove()]);
  await rm(folder, { recursive: true, force: true });
});

async function start(settings: Readonly<Record<string, string>> = {}): Promise<GuardProcess> {
  const guard = await startGuardProcess(
    {
      GUARD_SERVER_CERTIFICATES: volume.directory,
      GUARD_CLUSTER_KUBECONFIG: join(folder, 'kubeconfig'),
      GUARD_SERVER_ENDPOINT_DELAY: '1s',
      ...settings,
    },
    folder,
  );
  guards.push(guard);
  return guard;
}

async function statusOf(guard: GuardProcess, path: string): Promise<number> {
  return (await fetch(`${guard.health}${path}`)).status;
}

async function ready(guard: GuardProcess): Promise<void> {
  await expect.poll(() => statusOf(guard, '/readyz'), { timeout: 30_000 }).toBe(200);
}

/** The API server calls it from now on, as with `failurePolicy: Fail`. */
function attach(guard: GuardProcess): void {
  cluster.webhook({ url: guard.admission, ca: authority.cert, failurePolicy: 'Fail' });
}

test('a process of its own judges what the API server asks, and leaves nothing in its directory', async () => {
  cluster.put(deployment('shop', 'web', 1));
  const guard = await start();
  await ready(guard);
  attach(guard);
  const denied = await cluster.create(hpa('shop', 'web', 1));
  expect(denied.status).toBe(403);
  expect(denied.body.message).toContain('HorizontalPodAutoscaler "web"');
  expect(await cluster.create(hpa('shop', 'web', 2))).toMatchObject({ status: 201 });
  expect(await cluster.scale({ namespace: 'shop', name: 'web' }, 3)).toMatchObject({ status: 200 });
  expect(await guard.stop()).toBe(0);
  expect(guard.log()).toContain('"decision":"denied"');
  expect(guard.log()).not.toContain('nginx');
  expect(await readdir(folder)).toEqual(['kubeconfig']);
});

test('pairs at the same moment: never both on one replica', async () => {
  const guard = await start({ GUARD_MODE: 'seed' });
  await ready(guard);
  attach(guard);
  const both = await Promise.all(
    Array.from({ length: 100 }, (_, at) =>
      Promise.all([cluster.create(deployment('shop', `web-${at}`, 1)), cluster.create(hpa('shop', `web-${at}`, 2))]),
    ),
  );
  const admitted = both.map((pair) => pair.filter(({ status }) => status === 201).length);
  expect(admitted.filter((count) => count === 1)).toHaveLength(100);
});

test('SIGTERM under load: no request fails, and the process ends with 0', async () => {
  cluster.put(deployment('shop', 'web', 3));
  const guard = await start();
  const next = await start();
  await Promise.all([ready(guard), ready(next)]);
  attach(guard);
  const failed: unknown[] = [];
  let done = false;
  let count = 0;
  const load = Array.from({ length: 8 }, async () => {
    while (!done) {
      const { status, body } = await cluster.patch(
        'Deployment',
        { namespace: 'shop', name: 'web' },
        {
          metadata: { annotations: { at: String((count += 1)) } },
        },
      );
      // 409: two writes met in the API server.
      if (status !== 200 && status !== 409) failed.push(body);
    }
  });
  await expect.poll(() => count, { timeout: 30_000 }).toBeGreaterThan(50);
  const ended = guard.stop();
  await expect.poll(() => statusOf(guard, '/readyz')).toBe(503);
  attach(next); // as endpoints do, once it is not ready
  expect(await ended).toBe(0);
  const before = count;
  await expect.poll(() => count, { timeout: 30_000 }).toBeGreaterThan(before + 20);
  done = true;
  await Promise.all(load);
  expect(failed).toEqual([]);
});

test('started while the API server is down: alive, not ready, and well again without a restart', async () => {
  cluster.put(deployment('shop', 'web', 1));
  await cluster.down();
  const guard = await start();
  expect(await statusOf(guard, '/livez')).toBe(200);
  expect(await statusOf(guard, '/readyz')).toBe(503);
  await cluster.up();
  await ready(guard);
  attach(guard);
  expect((await cluster.create(hpa('shop', 'web', 1))).status).toBe(403);
});

test('five faults in its settings are told at once with their sources; it ends with 78 and listens nowhere', async () => {
  await writeFile(join(folder, 'guard.yaml'), 'mode: efective\npolicies:\n  rootContainer: maybe\n');
  const ended = await runGuard(
    {
      GUARD_SERVER_PORT: '84430',
      GUARD_SERVER_HEALTH_PORT: '18099',
      GUARD_KEDA: 'sometimes',
      GUARD_MODUS: 'seed',
      GUARD_SERVER_CERTIFICATES: volume.directory,
    },
    folder,
  );
  expect(ended.code).toBe(78);
  const told = `${ended.stdout}${ended.stderr}`;
  for (const part of ['guard.yaml', 'efective', 'maybe', 'GUARD_SERVER_PORT', 'GUARD_KEDA', 'GUARD_MODUS'])
    expect(told).toContain(part);
  await expect(reach(18_099)).rejects.toThrow('ECONNREFUSED');
});

function reach(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
  });
}
