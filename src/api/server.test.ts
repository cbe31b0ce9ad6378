import type { InjectOptions } from 'fastify';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { type TestApi, createTestApi } from '../../test/api.ts';
import { type TestDatabase, createTestDatabase } from '../../test/database.ts';
import { FunadeError, type Logger, createManualClock, silentLogger } from '../kernel/index.ts';
import { readEvents } from '../store/index.ts';
import type { ApiApp } from './app.ts';
import { identityOf, requireRole } from './guard.ts';
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
  const started = await createTestApi({ resources: [registerProbes], ...options }, database);
  open.push(started);
  return started;
}

function registerProbes(app: ApiApp): void {
  app.post(
    '/probes/:id/pause',
    {
      onRequest: requireRole('deployer', 'pause a probe'),
      schema: {
        params: z.object({ id: z.string() }),
        querystring: z.object({ limit: z.coerce.number().optional() }),
        body: z.object({ reason: z.string().optional(), weight: z.number().max(100).optional(), name: z.string() }),
        response: { 200: z.object({ by: z.string() }) },
      },
    },
    (request) => ({ by: identityOf(request).user }),
  );
  app.post('/probes/free', { schema: { body: z.object({ reason: z.string().optional() }) } }, () => ({ ok: true }));
  app.get('/probes/:kind', { schema: { params: z.object({ kind: z.string() }) } }, (request) => {
    if (request.params.kind === 'full') throw Object.assign(new Error('no space'), { code: '53100' });
    if (request.params.kind === 'away') throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    if (request.params.kind === 'faulty') {
      const next = [{ command: 'funade status' }];
      const faults = [
        { message: 'one', path: 'a' },
        { message: 'two', path: 'b', line: 3 },
      ];
      throw new FunadeError('FUN_CONFIG_INVALID', { file: 'funade.yaml', count: 2 }, { faults, next });
    }
    throw new Error('secret detail of /etc/passwd');
  });
}

test('every address below /api/v1 needs credentials, and says so as a problem', async () => {
  const { api } = await start();
  for (const url of [
    '/api/v1/tokens',
    '/api/v1/session',
    '/api/v1/events',
    '/api/v1/openapi.json',
    '/api/v1/probes/x',
  ]) {
    const answer = await api.app.inject({ url });
    expect(answer.statusCode, url).toBe(401);
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="funade"');
    expect(answer.json()).toMatchObject({
      code: 'FUN_UNAUTHENTICATED',
      status: 401,
      title: 'Unauthorized',
      errors: [],
    });
  }
});

test('a lower role is refused before its body is read, and the refused act is an event', async () => {
  const { api, bearer } = await start();
  const answer = await api.app.inject({
    method: 'POST',
    url: '/api/v1/probes/p1/pause?token=hidden',
    headers: { ...(await bearer('viewer')), 'content-type': 'application/json' },
    payload: 'not json',
  });
  expect(answer.statusCode).toBe(403);
  expect(answer.json().detail).toBe("Can't pause a probe as a-viewer (viewer): it needs deployer.");
  // An event shows only when no older transaction of the whole server runs any more.
  const denials = () => readEvents(database.db, { after: 0, limit: 10, subject: 'a-viewer' });
  await expect
    .poll(denials, { timeout: 15_000 })
    .toMatchObject([
      { kind: 'access.denied', actor: 'a-viewer', data: { needed: 'deployer', path: '/api/v1/probes/p1/pause' } },
    ]);
});

test('a role that is high enough reaches the handler under its own name', async () => {
  const { api, bearer } = await start();
  const request = { method: 'POST', url: '/api/v1/probes/p1/pause', payload: { name: 'x' } } as const;
  const answer = await api.app.inject({ ...request, headers: await bearer('approver') });
  expect(answer.json()).toEqual({ by: 'a-approver' });
});

test('a bad body is answered with all its faults and their paths', async () => {
  const { api, bearer } = await start();
  const headers = await bearer('deployer');
  const url = '/api/v1/probes/p1/pause';
  const bad = await api.app.inject({ method: 'POST', url, headers, payload: { reason: 1, weight: 101 } });
  expect(bad.statusCode).toBe(400);
  expect(bad.json()).toMatchObject({ code: 'FUN_BAD_REQUEST', detail: "Can't read the request: 3 fault(s)." });
  expect(bad.json().errors.map((fault: { path: string }) => fault.path)).toEqual(['reason', 'weight', 'name']);
  const query = await api.app.inject({ method: 'POST', url: `${url}?limit=x`, headers, payload: { name: 'x' } });
  expect(query.json().errors).toMatchObject([{ path: 'query.limit' }]);
});

test('a missing body counts as one without fields', async () => {
  const { api, bearer } = await start();
  const headers = await bearer('deployer');
  const pause = { method: 'POST', url: '/api/v1/probes/p1/pause' } as const;
  expect((await api.app.inject({ ...pause, headers })).json().errors).toMatchObject([{ path: 'name' }]);
  const free = { method: 'POST', url: '/api/v1/probes/free' } as const;
  expect((await api.app.inject({ ...free, headers })).statusCode).toBe(200);
  const typed = { ...headers, 'content-type': 'application/json' };
  expect((await api.app.inject({ ...free, headers: typed, payload: '' })).statusCode).toBe(200);
});

test.each([
  { what: 'broken JSON', type: 'application/json', payload: '{', status: 400, code: 'FUN_BAD_REQUEST' },
  { what: 'a form', type: 'application/x-www-form-urlencoded', payload: 'a=b', status: 415, code: 'FUN_MEDIA_TYPE' },
  {
    what: 'more than 1 MiB',
    type: 'application/json',
    payload: JSON.stringify({ reason: 'x'.repeat(1024 * 1024) }),
    status: 413,
    code: 'FUN_BODY_TOO_LARGE',
  },
  {
    what: 'a poisoned prototype',
    type: 'application/json',
    payload: '{"__proto__":{"admin":true}}',
    status: 400,
    code: 'FUN_BAD_REQUEST',
  },
])('$what is refused with $code', async ({ type, payload, status, code }) => {
  const { api, bearer } = await start();
  const headers = { ...(await bearer('deployer')), 'content-type': type };
  const answer = await api.app.inject({ method: 'POST', url: '/api/v1/probes/free', headers, payload });
  expect(answer.statusCode).toBe(status);
  expect(answer.json().code).toBe(code);
});

test('faults and next commands of an error are in the answer, in the language that was asked for', async () => {
  const { api, bearer } = await start();
  const headers = { ...(await bearer('viewer')), 'accept-language': 'fr, ja;q=0.9, en;q=0.8' };
  const answer = await api.app.inject({ url: '/api/v1/probes/faulty', headers });
  expect(answer.statusCode).toBe(422);
  expect(answer.headers['content-language']).toBe('ja');
  expect(answer.json()).toMatchObject({
    detail: 'funade.yaml を使えません。誤りが 2 件あります。',
    errors: [
      { message: 'one', path: 'a' },
      { message: 'two', path: 'b', line: 3 },
    ],
    next: [{ command: 'funade status' }],
  });
});

test('what was not expected is logged with its stack under an id, and the answer has only the id', async () => {
  const lines: Readonly<Record<string, unknown>>[] = [];
  const logger: Logger = { ...silentLogger, error: (fields) => void lines.push(fields) };
  const { api, bearer } = await start({ logger });
  const answer = await api.app.inject({ url: '/api/v1/probes/boom', headers: await bearer('viewer') });
  expect(answer.statusCode).toBe(500);
  expect(answer.body).not.toContain('secret detail');
  expect(answer.body).not.toContain('.ts:');
  expect(lines).toMatchObject([{ code: 'FUN_INTERNAL', route: 'GET /api/v1/probes/:kind' }]);
  expect(lines[0]?.['stack']).toContain('secret detail');
  expect(answer.json().detail).toContain(lines[0]?.['errorId']);
});

test.each([
  { kind: 'full', code: 'FUN_STORAGE_FULL' },
  { kind: 'away', code: 'FUN_UNAVAILABLE' },
])('a database that is $kind is a 503 that may be tried again', async ({ kind, code }) => {
  const { api, bearer } = await start();
  const answer = await api.app.inject({ url: `/api/v1/probes/${kind}`, headers: await bearer('viewer') });
  expect(answer.statusCode).toBe(503);
  expect(answer.headers['retry-after']).toBe('5');
  expect(answer.json().code).toBe(code);
});

test('an unknown address is a 404 problem, a wrong method a 405 that names the right ones', async () => {
  const { api, bearer } = await start();
  const headers = await bearer('viewer');
  const missing = await api.app.inject({ url: '/api/v1/nothing', headers });
  expect(missing.statusCode).toBe(404);
  expect(missing.json().code).toBe('FUN_NOT_FOUND');
  const wrong = await api.app.inject({ method: 'PUT', url: '/api/v1/tokens', headers });
  expect(wrong.statusCode).toBe(405);
  expect(wrong.headers['allow']).toBe('GET, HEAD, POST');
  const head = await api.app.inject({ method: 'HEAD', url: '/api/v1/events', headers });
  expect(head.statusCode).toBe(405);
  expect((await api.app.inject({ url: '/%zz' })).json().code).toBe('FUN_BAD_REQUEST');
});

test('a request keeps the id it came with, or gets one', async () => {
  const { api } = await start();
  const given = await api.app.inject({ url: '/livez', headers: { 'x-request-id': 'abc-123' } });
  expect(given.headers['x-request-id']).toBe('abc-123');
  const odd = await api.app.inject({ url: '/livez', headers: { 'x-request-id': 'a b\tc' } });
  expect(odd.headers['x-request-id']).toMatch(/^req_/);
});

test('the 21st wrong token of an address within a minute is a 429, and a valid one still passes', async () => {
  const clock = createManualClock();
  const { api, bearer } = await start({ clock });
  const good = await bearer('viewer');
  const bad = { authorization: `Bearer fun_${'x'.repeat(43)}` };
  const url = '/api/v1/session';
  for (let index = 0; index < 20; index += 1) {
    expect((await api.app.inject({ url, headers: bad })).statusCode).toBe(401);
  }
  clock.advance(10_000);
  const limited = await api.app.inject({ url, headers: bad });
  expect(limited.statusCode).toBe(429);
  expect(limited.headers['retry-after']).toBe('50');
  expect((await api.app.inject({ url, headers: good })).statusCode).toBe(200);
  const elsewhere = { ...bad, 'x-forwarded-for': '203.0.113.9' };
  expect((await api.app.inject({ url, headers: elsewhere })).statusCode).toBe(401);
  clock.advance(50_000);
  expect((await api.app.inject({ url, headers: bad })).statusCode).toBe(401);
});

test('an owner makes, lists and revokes tokens; nobody else does', async () => {
  const { api, bearer } = await start();
  const owner = await bearer('owner');
  const made = await api.app.inject({
    method: 'POST',
    url: '/api/v1/tokens',
    headers: owner,
    payload: { name: 'mika', role: 'approver' },
  });
  expect(made.statusCode).toBe(201);
  expect(made.json()).toMatchObject({ name: 'mika', role: 'approver', token: expect.stringMatching(/^fun_/) });
  const mika = { authorization: `Bearer ${made.json().token}` };
  expect((await api.app.inject({ url: '/api/v1/session', headers: mika })).json()).toEqual({
    user: 'mika',
    role: 'approver',
  });
  const listed = await api.app.inject({ url: '/api/v1/tokens', headers: owner });
  const names = listed.json().items.map((token: { name: string }) => token.name);
  expect(names).toEqual(expect.arrayContaining(['a-owner', 'mika']));
  expect(listed.body).not.toContain(made.json().token);
  const url = `/api/v1/tokens/${made.json().id}`;
  expect((await api.app.inject({ method: 'DELETE', url, headers: mika })).statusCode).toBe(403);
  expect((await api.app.inject({ url: '/api/v1/tokens', headers: mika })).statusCode).toBe(403);
  expect((await api.app.inject({ method: 'DELETE', url, headers: owner })).json().revokedAt).toBeTypeOf('number');
  expect((await api.app.inject({ url: '/api/v1/session', headers: mika })).statusCode).toBe(401);
});

async function logIn(started: TestApi, extra: InjectOptions['headers'] = {}) {
  const { token } = await started.access.createToken({ name: 'rin', role: 'owner', by: 'owner' });
  const request = { method: 'POST', url: '/api/v1/session', payload: { token } } as const;
  return started.api.app.inject({ ...request, headers: { host: 'funade.test', ...extra } });
}

test('a session cookie is for the API only, out of reach of scripts and other sites, and ends on request', async () => {
  const started = await start();
  const { app } = started.api;
  const answer = await logIn(started);
  expect(answer.json()).toEqual({ user: 'rin', role: 'owner' });
  const [cookie] = answer.cookies;
  expect(cookie).toMatchObject({ name: 'funade_session', path: '/api', httpOnly: true, sameSite: 'Strict' });
  expect(cookie?.secure).toBeUndefined();
  const cookies = { funade_session: cookie?.value ?? '' };
  expect((await app.inject({ url: '/api/v1/session', cookies })).json()).toEqual({ user: 'rin', role: 'owner' });
  expect((await app.inject({ method: 'DELETE', url: '/api/v1/session', cookies })).statusCode).toBe(204);
  const after = await app.inject({ url: '/api/v1/session', cookies });
  expect(after.statusCode).toBe(401);
  expect(after.cookies[0]).toMatchObject({ name: 'funade_session', value: '' });
});

test('behind a TLS proxy on this machine the cookie is for TLS only', async () => {
  const answer = await logIn(await start(), { 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.9' });
  expect(answer.cookies[0]?.secure).toBe(true);
});

test('a wrong token opens no session', async () => {
  const { api } = await start();
  const answer = await api.app.inject({ method: 'POST', url: '/api/v1/session', payload: { token: 'fun_nope' } });
  expect(answer.statusCode).toBe(401);
  expect(answer.cookies).toEqual([]);
});

test.each([
  { from: 'the dashboard', headers: { 'sec-fetch-site': 'same-origin' }, status: 201 },
  { from: 'the dashboard in an older browser', headers: { origin: 'http://funade.test' }, status: 201 },
  { from: 'another site', headers: { 'sec-fetch-site': 'cross-site', origin: 'https://evil.test' }, status: 403 },
  { from: 'another port of the host', headers: { 'sec-fetch-site': 'same-site' }, status: 403 },
  { from: 'another site in an older browser', headers: { origin: 'http://evil.test' }, status: 403 },
  { from: 'a page without an origin', headers: { origin: 'null' }, status: 403 },
  { from: 'who knows where', headers: {}, status: 403 },
])('an act with a cookie from $from gets $status', async ({ headers, status }) => {
  const started = await start();
  const cookies = { funade_session: (await logIn(started)).cookies[0]?.value ?? '' };
  const answer = await started.api.app.inject({
    method: 'POST',
    url: '/api/v1/tokens',
    headers: { host: 'funade.test', ...headers },
    cookies,
    payload: { name: 'noa', role: 'viewer' },
  });
  expect(answer.statusCode).toBe(status);
});

test('another site can not log a visitor in', async () => {
  const answer = await logIn(await start(), { 'sec-fetch-site': 'cross-site' });
  expect(answer.json().code).toBe('FUN_CROSS_ORIGIN');
});
