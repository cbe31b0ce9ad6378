import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { type TestApi, createTestApi } from '../../test/api.ts';
import type { ApiApp } from './app.ts';
import { type Role, type Scope, createTokenAnswer, pageOf, problemView, tokenView } from './contract/index.ts';
import { requireRole, requireScope } from './guard.ts';

const done = z.object({ done: z.literal(true) });

/** Routes that stand for those about functions, and for all others. */
function registerProbes(app: ApiApp): void {
  const schema = { response: { 200: done } };
  const answer = () => ({ done: true }) as const;
  app.get('/probes', { onRequest: requireScope('read:functions', 'list functions'), schema }, answer);
  app.post(
    '/probes/:language',
    {
      onRequest: requireScope(
        (request) => `execute:${(request.params as { language: 'rust' }).language}`,
        (request) => `run a function in ${(request.params as { language: string }).language}`,
      ),
      schema,
    },
    answer,
  );
  app.get('/probes/any', { onRequest: requireScope(null, 'look at anything'), schema }, answer);
  app.post('/probes/act', { onRequest: requireRole('viewer', 'act'), schema }, answer);
}

let started: TestApi;
beforeAll(async () => {
  started = await createTestApi({ resources: [registerProbes] });
});
afterAll(() => started.close());

async function bearer(role: Role, scopes?: readonly Scope[]) {
  const { token } = await started.access.createToken({ name: `a-${role}`, role, by: 'owner', scopes });
  return { authorization: `Bearer ${token}` };
}

function send(call: string, headers: Readonly<Record<string, string>>, payload?: object) {
  const [method = 'GET', path = ''] = call.split(' ');
  const url = path.startsWith('/api') ? path : `/api/v1${path}`;
  return started.api.app.inject({
    method: method as 'GET',
    url,
    headers,
    ...(payload === undefined ? {} : { payload }),
  });
}

async function denials(): Promise<readonly object[]> {
  const { rows } = await sql<{ data: object }>`
    select data from events where kind = 'access.denied' order by position`.execute(started.database.db);
  return rows.map(({ data }) => data);
}

test.each([
  ['viewer', undefined, 200, 403],
  ['deployer', undefined, 200, 200],
  ['owner', ['read:functions'], 200, 403],
  ['viewer', ['execute:rust'], 403, 200],
  ['viewer', ['execute:nodejs'], 403, 403],
  ['owner', ['execute:all'], 403, 200],
] as const)('%s with scopes %j: %i for reading, %i for running Rust', async (role, scopes, reading, running) => {
  const headers = await bearer(role, scopes);
  expect((await send('GET /probes', headers)).statusCode).toBe(reading);
  expect((await send('POST /probes/rust', headers)).statusCode).toBe(running);
});

test('where the scope shows only later, any will do, and none will not', async () => {
  expect((await send('GET /probes/any', await bearer('owner', ['execute:rust']))).statusCode).toBe(200);
  expect((await send('GET /probes/any', await bearer('viewer'))).statusCode).toBe(200);
  const refused = await send('GET /probes/any', await bearer('owner', []));
  expect(refused.json().detail).toBe(
    "Can't look at anything as a-owner (owner, no scopes): it needs a scope of functions.",
  );
});

test('a refusal names the scope that is needed and those that are there; a refused act is written down', async () => {
  const before = (await denials()).length;
  const headers = await bearer('owner', ['read:functions']);
  const answer = await send('POST /probes/rust', headers);
  const problem = problemView.parse(answer.json());
  expect(problem.code).toBe('FUN_FORBIDDEN');
  expect(problem.detail).toBe(
    "Can't run a function in rust as a-owner (owner, scopes: read:functions): it needs the scope execute:rust.",
  );
  const told = { action: 'run a function in rust', needed: 'the scope execute:rust', scopes: ['read:functions'] };
  expect((await denials()).slice(before)).toMatchObject([{ ...told, role: 'owner', path: '/api/v1/probes/rust' }]);
});

test('scopes open functions and nothing else, whatever the role', async () => {
  const before = (await denials()).length;
  const headers = await bearer('owner', ['execute:all', 'read:functions']);
  const answer = await send('POST /probes/act', headers);
  expect(answer.statusCode).toBe(403);
  expect(answer.json().detail).toContain('it needs viewer with a token without scopes');
  expect((await send('GET /tokens', headers)).statusCode).toBe(403);
  expect((await send('GET /events', headers)).statusCode).toBe(403);
  expect(await denials()).toHaveLength(before + 1);
});

test('who has scopes logs into no dashboard, and sees of health what everybody sees', async () => {
  const headers = await bearer('owner', ['execute:all']);
  const token = headers.authorization.replace('Bearer ', '');
  const session = await send('POST /session', {}, { token });
  expect([session.statusCode, session.json().code, session.cookies]).toEqual([403, 'FUN_FORBIDDEN', []]);
  const proxied = { 'x-forwarded-for': '203.0.113.9' };
  const metrics = (authorization: string) =>
    started.api.app.inject({ url: '/metrics', headers: { ...proxied, authorization } });
  expect((await metrics(headers.authorization)).statusCode).toBe(401);
  expect((await metrics((await bearer('viewer')).authorization)).statusCode).toBe(200);
});

test('an owner makes a token with scopes, an end and an access key, and sees the first two again', async () => {
  const headers = await bearer('owner');
  const body = { name: 'ci', role: 'deployer', scopes: ['execute:nodejs'], expiresIn: '30d' };
  const made = createTokenAnswer.parse((await send('POST /tokens', headers, body)).json());
  expect(made).toMatchObject({ scopes: ['execute:nodejs'], expiresAt: expect.any(Number) });
  expect(made.expiresAt! - Date.now()).toBeGreaterThan(29 * 86_400_000);
  const { items } = pageOf(tokenView).parse((await send('GET /tokens', headers)).json());
  const { scopes, expiresAt } = made;
  expect(items.find(({ id }) => id === made.id)).toMatchObject({ scopes, expiresAt });
});

test.each([
  ['no scope at all', { scopes: [] }, 'scopes'],
  ['an unknown scope', { scopes: ['execute:php'] }, 'scopes.0'],
  ['a scope twice', { scopes: ['execute:all', 'execute:all'] }, 'scopes'],
  ['a time that is none', { expiresIn: 'soon' }, 'expiresIn'],
  ['no time', { expiresIn: '0s' }, 'expiresIn'],
  ['a time beyond all calendars', { expiresIn: '99999999999d' }, 'expiresIn'],
  ['an access key where there are none', { aws: true }, 'aws'],
])('a token with %s is not made', async (_, change, path) => {
  const answer = await send('POST /tokens', await bearer('owner'), { name: 'ci', role: 'deployer', ...change });
  const { code, errors } = problemView.parse(answer.json());
  expect([answer.statusCode, code, errors.map((error) => error.path)]).toEqual([400, 'FUN_BAD_REQUEST', [path]]);
});
