import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Authority, type SecretVolume, createAuthority, createSecretVolume } from '../../test/certificates.ts';
import { type FakeKubernetesApi, deployment, hpa, startKubernetesApi } from '../../test/fakes/kubernetes-api.ts';
import { RULES, SERVER } from '../../test/guard-server-rig.ts';
import type { GuardConfig, Origin } from '../config/index.ts';
import { type FunadeError, createLogger } from '../kernel/index.ts';
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

test('nothing that says where the API server is: told with the names that do, in the language of the reader', async () => {
  const config = await configOf({ cluster: { ...(await configOf()).cluster, kubeconfig: null } });
  const logger = createLogger('info', { write: () => {} });
  const faultsIn = async (language: 'en' | 'ja') => {
    const thrown: unknown = await serveGuard({ config, logger, inCluster: null, language }).catch(
      (one: unknown) => one,
    );
    return (thrown as FunadeError).faults;
  };
  const [english] = await faultsIn('en');
  for (const name of ['--kubeconfig', 'GUARD_CLUSTER_KUBECONFIG', 'GUARD_CLUSTER_URL']) {
    expect(english?.fix).toContain(name);
  }
  expect(english?.message).toContain('KUBECONFIG is not read');
  const [japanese] = await faultsIn('ja');
  expect(japanese?.message).toContain('環境変数 KUBECONFIG は読みません');
  expect(japanese?.fix).toContain('GUARD_CLUSTER_KUBECONFIG');
});

test.each<[string, Origin, object]>([
  ['a variable', { source: 'environment', name: 'GUARD_CLUSTER_KUBECONFIG' }, { label: 'GUARD_CLUSTER_KUBECONFIG' }],
  ['a flag', { source: 'flag', name: '--kubeconfig' }, { label: '--kubeconfig' }],
  ['a mounted file', { source: 'directory', file: '/etc/x/kube' }, { label: '/etc/x/kube' }],
  ['a file', { source: 'file', file: 'g.yaml', line: 3 }, { label: 'cluster.kubeconfig', file: 'g.yaml', line: 3 }],
])('a fault of a kubeconfig that %s names tells so', async (_, origin, { label, ...place }: { label?: string }) => {
  const config = await configOf();
  const kubeconfig = join(volume.directory, 'none');
  const faulty = { cluster: { ...config.cluster, kubeconfig }, origins: { 'cluster.kubeconfig': [origin] } };
  const message = `${label}: ${kubeconfig} can't be read (ENOENT).`;
  await expect(serve(faulty)).rejects.toMatchObject({ faults: [{ message, ...place }] });
  await expect(serve({ ...faulty, language: 'ja' })).rejects.toMatchObject({
    faults: [{ message: `${label}: ${kubeconfig} を読めません(ENOENT)。`, ...place }],
  });
});

test.each(['198.51.100.7', 'no-such-host.invalid'])(
  'a host that this machine does not have (%s) is a fault',
  async (host) => {
    const { server } = await configOf();
    const origins: GuardConfig['origins'] = { 'server.host': [{ source: 'environment', name: 'GUARD_SERVER_HOST' }] };
    await expect(serve({ server: { ...server, host }, origins })).rejects.toMatchObject({
      code: 'FUN_GUARD_CONFIG_INVALID',
      exitCode: 78,
      faults: [
        {
          path: 'server.host',
          message: `GUARD_SERVER_HOST is "${host}", and this machine has no such address.`,
          fix: expect.stringContaining('server.host'),
        },
      ],
    });
  },
);

test('credentials that are not there stop the start, and nothing listens', async () => {
  const config = await configOf();
  const broken = { ...config.cluster, kubeconfig: join(volume.directory, 'none') };
  await expect(serve({ cluster: broken })).rejects.toMatchObject({
    code: 'FUN_GUARD_CONFIG_INVALID',
    faults: [{ path: 'cluster.kubeconfig' }],
  });
});
