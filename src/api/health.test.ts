import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Counter } from 'prom-client';
import { type TestApi, createTestApi } from '../../test/api.ts';
import { type TestDatabase, createTestDatabase } from '../../test/database.ts';
import { createMetrics } from './metrics.ts';
import type { ComponentHealth } from './port.ts';
import type { ApiOptions } from './server.ts';

let database: TestDatabase;
let open: TestApi[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(() => database.drop());

afterEach(async () => {
  await Promise.all(open.map((each) => each.close()));
  open = [];
});

async function start(options: Partial<ApiOptions> = {}): Promise<TestApi> {
  const started = await createTestApi(options, database);
  open.push(started);
  return started;
}

const DATABASE = { name: 'database', status: 'ok', detail: 'PostgreSQL 18 at a secret place' } as const;

function healthOf(components: readonly ComponentHealth[], reasons: readonly string[] = []): ApiOptions['health'] {
  return { ready: async () => ({ ready: reasons.length === 0, reasons }), components: async () => components };
}

test('liveness asks nobody', async () => {
  const never = { ready: () => new Promise<never>(() => {}), components: () => new Promise<never>(() => {}) };
  const { api } = await start({ health: never });
  expect((await api.app.inject({ url: '/livez' })).json()).toEqual({ status: 'ok' });
});

test('readiness is green, or red with its reasons', async () => {
  const green = await start({ health: healthOf([]) });
  expect((await green.api.app.inject({ url: '/readyz' })).json()).toEqual({ status: 'ready', reasons: [] });
  const red = await start({ health: healthOf([], ['the engine has not moved for 40 s']) });
  const answer = await red.api.app.inject({ url: '/readyz' });
  expect(answer.statusCode).toBe(503);
  expect(answer.json()).toEqual({ status: 'not_ready', reasons: ['the engine has not moved for 40 s'] });
});

test('checks that hang make the server not ready instead of hanging the probe', async () => {
  const never = { ready: () => new Promise<never>(() => {}), components: () => new Promise<never>(() => {}) };
  const { api } = await start({ health: never });
  const [ready, health] = await Promise.all([api.app.inject({ url: '/readyz' }), api.app.inject({ url: '/health' })]);
  expect(ready.statusCode).toBe(503);
  expect(ready.json().reasons).toEqual(['the checks took longer than 3000 ms']);
  expect(health.statusCode).toBe(503);
});

test('strangers see which components are well, those with a token also why', async () => {
  const queue = { name: 'queue', status: 'degraded', detail: '12 jobs wait' } as const;
  const { api, bearer } = await start({ health: healthOf([DATABASE, queue]) });
  for (const url of ['/healthz', '/api/v1/health']) {
    const stranger = await api.app.inject({ url });
    expect(stranger.statusCode).toBe(200);
    expect(stranger.json()).toEqual({
      status: 'degraded',
      version: '1.2.3',
      components: [
        { name: 'database', status: 'ok' },
        { name: 'queue', status: 'degraded' },
      ],
    });
  }
  const known = await api.app.inject({ url: '/healthz', headers: await bearer('viewer') });
  expect(known.json().components).toEqual([DATABASE, queue]);
});

test('the short form has status and version, and 503 when a component is down', async () => {
  const well = await start({ health: healthOf([DATABASE]) });
  expect((await well.api.app.inject({ url: '/health' })).json()).toEqual({ status: 'ok', version: '1.2.3' });
  const ill = await start({ health: healthOf([{ ...DATABASE, status: 'down' }]) });
  expect((await ill.api.app.inject({ url: '/health' })).statusCode).toBe(503);
});

test('metrics carry the process, the routes as templates, and what other rooms register', async () => {
  const metrics = createMetrics();
  new Counter({ name: 'funade_things_total', help: 'Things.', registers: [metrics.registry] }).inc(3);
  const { api, bearer } = await start({ metrics });
  const headers = await bearer('owner');
  await api.app.inject({ method: 'DELETE', url: '/api/v1/tokens/tok_1', headers });
  await api.app.inject({ method: 'DELETE', url: '/api/v1/tokens/tok_2', headers });
  const text = (await api.app.inject({ url: '/metrics' })).body;
  expect(text).toContain('funade_things_total 3');
  expect(text).toContain('process_resident_memory_bytes');
  expect(text).toContain(
    'http_request_duration_seconds_count{method="DELETE",route="/api/v1/tokens/:id",status="404"} 2',
  );
  expect(text).not.toContain('tok_1');
});

test('metrics are open to this machine only; through a proxy and from elsewhere they need a token', async () => {
  const { api, bearer } = await start();
  const local = await api.app.inject({ url: '/metrics' });
  expect(local.statusCode).toBe(200);
  expect(local.headers['content-type']).toContain('text/plain');
  const proxied = { 'x-forwarded-for': '127.0.0.1' };
  expect((await api.app.inject({ url: '/metrics', headers: proxied })).statusCode).toBe(401);
  const far = { url: '/metrics', remoteAddress: '203.0.113.9' };
  expect((await api.app.inject(far)).statusCode).toBe(401);
  expect((await api.app.inject({ ...far, headers: await bearer('viewer') })).statusCode).toBe(200);
});
