import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Authority, type SecretVolume, createAuthority, createSecretVolume } from '../../test/certificates.ts';
import { type FakeKubernetesApi, deployment, hpa, startKubernetesApi } from '../../test/fakes/kubernetes-api.ts';
import { RULES, SERVER } from '../../test/guard-server-rig.ts';
import type { GuardConfig } from '../config/index.ts';
import { createLogger } from '../kernel/index.ts';
import { type GuardServer, serveGuard } from './guard.ts';

const WITHIN = { timeout: 30_000, interval: 50 };

let cluster: FakeKubernetesApi;
let authority: Authority;
let volume: SecretVolume;
let guard: GuardServer | null;
let lines: string[];

beforeEach(async () => {
  [cluster, authority, volume] = await Promise.all([startKubernetesApi(), createAuthority(), createSecretVolume()]);
  await volume.put(await authority.issue());
  lines = [];
  guard = null;
});
afterEach(async () => {
  await guard?.stop();
  await cluster.close();
  await Promise.all([authority.remove(), volume.remove()]);
});

async function configOf(over: Partial<GuardConfig> = {}): Promise<GuardConfig> {
  const kubeconfig = join(volume.directory, 'kubeconfig');
  await writeFile(kubeconfig, cluster.kubeconfig());
  return {
    profile: 'production',
    language: 'en',
    logLevel: 'info',
    rules: { ...RULES, mode: 'seed' },
    skipNamespaces: ['sandbox'],
    namespace: 'funade-guard',
    bypassGroups: [],
    server: { ...SERVER, certificates: volume.directory },
    cluster: { url: null, kubeconfig, silenceMs: 10_000, inFlightMs: 2000, pageSize: 500 },
    audit: { enabled: true, intervalMs: 60_000 },
    funade: { url: null, token: null },
    webhook: { replicas: 2, failurePolicy: 'Fail', timeoutSeconds: 5 },
    origins: {},
    ...over,
  };
}

async function serve(over?: Partial<GuardConfig>): Promise<GuardServer> {
  const logger = createLogger('info', { write: (line) => void lines.push(line) });
  guard = await serveGuard({ config: await configOf(over), logger, inCluster: null });
  return guard;
}

function statusOf(path: string): Promise<number> {
  return fetch(`${guard?.healthAddress}${path}`).then(({ status }) => status);
}

function useWebhook(): void {
  const port = new URL(guard?.admissionAddress ?? '').port;
  cluster.webhook({ url: `https://localhost:${port}/validate?timeout=5s`, ca: authority.cert });
}

test('stands before an API server, and asks it nothing for a decision', async () => {
  cluster.put(deployment('shop', 'web', 3));
  cluster.put(hpa('shop', 'web', 2));
  cluster.put(hpa('shop', 'lonely', 2));
  await serve();
  await expect.poll(() => statusOf('/readyz'), WITHIN).toBe(200);
  useWebhook();
  cluster.forget();
  expect(await cluster.create(deployment('shop', 'lonely', 1))).toMatchObject({ status: 403 });
  expect((await cluster.create(deployment('shop', 'free', 1))).status).toBe(201);
  expect((await cluster.scale({ namespace: 'shop', name: 'web' }, 1)).status).toBe(403);
  expect((await cluster.create(deployment('sandbox', 'lonely', 1))).status).toBe(201);
  expect(cluster.count({ verb: 'get' })).toBe(0);
  expect(cluster.faults).toEqual([]);
  const metrics = await (await fetch(`${guard?.healthAddress}/metrics`)).text();
  expect(metrics).toContain('webhook_requests_total{operation="CREATE",kind="Deployment",decision="denied"} 1');
  expect(metrics).toContain('guard_bypasses_total{reason="namespace"} 1');
  expect(metrics).toMatch(/^guard_cache_age_seconds \d/m);
  expect(metrics).toMatch(/^guard_api_calls_total\{verb="list",outcome="[a-z]+"\} \d/m);
  const health = (await (await fetch(`${guard?.healthAddress}/healthz`)).json()) as {
    components: Record<string, unknown>;
  };
  expect(Object.keys(health.components)).toEqual(
    expect.arrayContaining(['certificate', 'cluster', 'audit']) as string[],
  );
});

test('starts while the API server is down: alive, not ready, uncertain, and well again without a restart', async () => {
  cluster.put(hpa('shop', 'lonely', 2));
  await cluster.down();
  await serve();
  expect([await statusOf('/livez'), await statusOf('/readyz'), await statusOf('/healthz')]).toEqual([200, 503, 503]);
  await cluster.up();
  await expect.poll(() => statusOf('/readyz'), WITHIN).toBe(200);
  useWebhook();
  expect((await cluster.create(deployment('shop', 'lonely', 1))).status).toBe(403);
  await cluster.down();
  expect(await statusOf('/readyz')).toBe(200);
  await cluster.up();
});

test('credentials that are not there stop the start, and nothing listens', async () => {
  const config = await configOf();
  const broken = { ...config.cluster, kubeconfig: join(volume.directory, 'none') };
  await expect(serve({ cluster: broken })).rejects.toMatchObject({
    code: 'FUN_GUARD_CONFIG_INVALID',
    faults: [{ path: 'cluster.kubeconfig' }],
  });
});
