import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Authority, type Leaf, createAuthority } from '../../../test/certificates.ts';
import { type FakeKubernetesApi, deployment, startKubernetesApi } from '../../../test/fakes/kubernetes-api.ts';
import { createManualClock, silentLogger } from '../../kernel/index.ts';
import { type ApiClient, type ApiClientOptions, createApiClient } from './api-client.ts';
import { readKubeconfig } from './kubeconfig.ts';
import type { ApiTrouble } from './trouble.ts';

let authority: Authority;
let leaf: Leaf;
beforeAll(async () => {
  authority = await createAuthority();
  leaf = await authority.issue();
});
afterAll(() => authority.remove());

let folder = '';
let cluster: FakeKubernetesApi;
let client: ApiClient | null = null;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'funade-guard-'));
  cluster = await startKubernetesApi({ tls: leaf });
  cluster.put(deployment('shop', 'web', 3));
});
afterEach(async () => {
  client?.close();
  client = null;
  await cluster.close();
  await rm(folder, { recursive: true });
});

const WEB = '/apis/apps/v1/namespaces/shop/deployments/web';

function connect(options: Partial<ApiClientOptions>): ApiClient {
  client = createApiClient({
    url: null,
    kubeconfig: null,
    inCluster: null,
    logger: silentLogger,
    metrics: null,
    ...options,
  });
  return client;
}

async function write(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

async function pod(): Promise<{ host: string; port: number; directory: string }> {
  await write('token', `${cluster.token}\n`);
  await write('ca.crt', authority.cert);
  return { host: 'localhost', port: Number(new URL(cluster.url).port), directory: folder };
}

function signal(ms = 10_000): AbortSignal {
  return AbortSignal.timeout(ms);
}

function get(): Promise<unknown> {
  return client?.get(WEB, { signal: signal() }) ?? Promise.reject(new Error('no client'));
}

async function troubleOf(call: Promise<unknown> = get()): Promise<ApiTrouble> {
  const thrown: unknown = await call.then(
    () => null,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(Error);
  return thrown as ApiTrouble;
}

describe('the credentials of a pod', () => {
  test('are its token and certificate authority', async () => {
    connect({ inCluster: await pod() });
    await expect(get()).resolves.toMatchObject({ status: 200, body: { metadata: { name: 'web' } } });
    expect(client?.health()).toMatchObject({ ok: true });
  });

  test('are read anew when the token is not accepted any more', async () => {
    connect({ inCluster: await pod() });
    await get();
    cluster.token = 'exchanged';
    await write('token', 'exchanged');
    await expect(get()).resolves.toMatchObject({ status: 200 });
  });

  test('are read anew each minute', async () => {
    const clock = createManualClock();
    connect({ inCluster: await pod(), clock });
    await get();
    const old = cluster.token;
    await write('token', 'next');
    await get();
    clock.advance(60_000);
    cluster.forget();
    cluster.token = 'next';
    await get();
    expect(cluster.count({ verb: 'get' })).toBe(1);
    expect(old).not.toBe('next');
  });

  test('that are not accepted are a missing permission', async () => {
    connect({ inCluster: await pod() });
    cluster.token = 'other';
    expect(await troubleOf()).toMatchObject({ reason: 'forbidden', status: 401 });
  });

  test('that are not there are told at the start, with what to do', async () => {
    connect({ inCluster: { host: 'localhost', port: 1, directory: join(folder, 'none') } });
    await expect(client?.ready()).rejects.toMatchObject({
      message: expect.stringContaining('ENOENT'),
      fix: expect.stringContaining('automountServiceAccountToken'),
    });
    expect(await troubleOf()).toMatchObject({ reason: 'unreachable' });
  });
});

describe('a kubeconfig', () => {
  test('names server, authority and token, in the file or beside it', async () => {
    await write('ca.pem', authority.cert);
    await write('token', cluster.token);
    const text = `
current-context: here
contexts: [{ name: here, context: { cluster: c, user: u } }]
clusters: [{ name: c, cluster: { server: "${cluster.url}/", certificate-authority: ca.pem } }]
users: [{ name: u, user: { tokenFile: token } }]
`;
    connect({ kubeconfig: await write('config', text) });
    await expect(get()).resolves.toMatchObject({ status: 200 });
  });

  test('may hold everything itself', async () => {
    connect({ kubeconfig: await write('config', cluster.kubeconfig(authority.cert)) });
    await expect(get()).resolves.toMatchObject({ status: 200 });
  });

  test('without the authority of the server does not connect, unless it says that nothing is checked', async () => {
    const text = cluster.kubeconfig();
    connect({ kubeconfig: await write('config', text) });
    const trouble = await troubleOf();
    expect(trouble).toMatchObject({ reason: 'unreachable' });
    expect(trouble.message).not.toContain('localhost');
    const config = JSON.parse(text);
    config.clusters[0].cluster['insecure-skip-tls-verify'] = true;
    connect({ kubeconfig: await write('insecure', JSON.stringify(config)) });
    await expect(get()).resolves.toMatchObject({ status: 200 });
  });

  const here = 'current-context: here\ncontexts: [{ name: here, context: { cluster: c, user: u } }]\n';
  const server = 'clusters: [{ name: c, cluster: { server: "https://localhost:1" } }]\n';
  test.each([
    ['exec', `${here}${server}users: [{ name: u, user: { exec: { command: aws } } }]`, 'from a program (exec)'],
    ['auth-provider', `${here}${server}users: [{ name: u, user: { auth-provider: { name: gcp } } }]`, 'auth-provider'],
    ['password', `${here}${server}users: [{ name: u, user: { username: a, password: b } }]`, 'username and password'],
    [
      'proxy',
      `${here}clusters: [{ name: c, cluster: { server: "https://x", proxy-url: "http://p" } }]\nusers: [{ name: u, user: {} }]`,
      'proxy-url',
    ],
    ['no context', server, 'no current-context'],
    ['no cluster', `${here}users: [{ name: u, user: {} }]`, 'clusters has no entry "c"'],
    ['no server', `${here}clusters: [{ name: c, cluster: {} }]\nusers: [{ name: u, user: {} }]`, 'has no server'],
    ['no YAML', '{ secret: [', 'is no kubeconfig'],
    [
      'a file that is away',
      `${here}${server}users: [{ name: u, user: { tokenFile: none } }]`,
      "none can't be read (ENOENT)",
    ],
  ])('with %s is refused, with what to do', async (_, text, message) => {
    const path = await write('config', text);
    await expect(readKubeconfig(path)).rejects.toMatchObject({
      name: 'AccessFault',
      message: expect.stringContaining(message),
      fix: expect.stringMatching(/.{10}/),
    });
  });
});

test('credentials are not sent over a connection that anybody can read', async () => {
  const config = {
    ...JSON.parse(cluster.kubeconfig()),
    clusters: [{ name: 'fake', cluster: { server: 'http://example.org' } }],
  };
  connect({ kubeconfig: await write('config', JSON.stringify(config)) });
  await expect(client?.ready()).rejects.toMatchObject({ name: 'AccessFault' });
});

describe('a call', () => {
  beforeEach(async () => {
    connect({ inCluster: await pod() });
  });

  test.each([
    ['/apis/apps/v1/deployments?limit=1', 'no permission to list deployments.apps: status 403 Forbidden'],
    ['/api/v1/namespaces/shop/events?limit=1', 'no permission to list events in namespace shop: status 403 Forbidden'],
    [`${WEB}/scale`, 'no permission to get deployments/scale.apps in namespace shop: status 403 Forbidden'],
  ])('%s without permission tells which one', async (path, message) => {
    cluster.fault({}, { status: 403 });
    expect(await troubleOf(client?.get(path, { signal: signal() }))).toMatchObject({ reason: 'forbidden', message });
  });

  test.each([
    [404, 'not_found'],
    [409, 'conflict'],
    [410, 'gone'],
    [422, 'refused'],
    [429, 'server_error'],
    [500, 'server_error'],
    [503, 'server_error'],
  ])('with the answer %i is %s', async (status, reason) => {
    cluster.fault({}, { status, retryAfterSeconds: 3 });
    expect(await troubleOf()).toMatchObject({ reason, status, retryAfterMs: 3000 });
  });

  test('ends in its time, and with its signal', async () => {
    cluster.fault({}, 'hang');
    expect(await troubleOf(client?.get(WEB, { signal: signal(), timeoutMs: 100 }))).toMatchObject({
      reason: 'timeout',
    });
    expect(await troubleOf(client?.get(WEB, { signal: signal(100) }))).toMatchObject({ reason: 'timeout' });
    expect(await troubleOf(client?.get(WEB, { signal: AbortSignal.abort() }))).toMatchObject({ reason: 'timeout' });
  });

  test('does not take an answer of any size', async () => {
    cluster.fault({}, { text: `{"a":"${'x'.repeat(33 * 1024 * 1024)}"}` });
    expect(await troubleOf()).toMatchObject({ reason: 'too_large' });
  });

  test('uses connections again', async () => {
    await get();
    await get();
    await get();
    expect(cluster.calls).toHaveLength(3);
    expect(cluster.connections()).toBe(1);
  });

  test('of a watch has its time only until the watch is open', async () => {
    const options = { signal: signal(), timeoutMs: 300, silenceMs: 10_000 };
    const query = 'watch=1&allowWatchBookmarks=true&timeoutSeconds=300&resourceVersion=1000';
    cluster.watching.bookmarkMs = 60_000;
    const lines: string[] = [];
    const began = performance.now();
    for await (const line of client?.watch(`/apis/apps/v1/deployments?${query}`, options) ?? []) {
      lines.push(line.type);
      if (lines.length === 2) break;
      setTimeout(() => cluster.put(deployment('shop', 'web', 4)), 900);
    }
    expect(lines).toEqual(['ADDED', 'MODIFIED']);
    expect(performance.now() - began).toBeGreaterThan(800);
    await expect.poll(() => cluster.openWatches()).toBe(0);
  });
});
