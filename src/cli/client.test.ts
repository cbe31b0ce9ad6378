import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { type ControlPlane, TOKEN, startControlPlane } from '../../test/fakes/control-plane.ts';
import type { FunadeError } from '../kernel/index.ts';
import { ProblemError, createClient } from './client.ts';

let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane();
});
afterAll(() => plane.close());

const thing = z.object({ name: z.string() });

function client(overrides: { readonly server?: string; readonly token?: string | null } = {}) {
  return createClient({ server: plane.address, token: TOKEN, language: 'ja', ...overrides });
}

test('a request carries the token, the language and only the query that was given', async () => {
  plane.route('GET /api/v1/things', { json: { name: 'a' } });
  const answer = await client().get('/api/v1/things', thing, { app: 'greeter', limit: 5, cursor: undefined });
  expect(answer).toEqual({ name: 'a' });
  const [request] = plane.seen.slice(-1);
  expect(request?.query).toEqual({ app: 'greeter', limit: '5' });
  expect(request?.headers).toMatchObject({ authorization: `Bearer ${TOKEN}`, 'accept-language': 'ja' });
});

test('an act sends JSON and its answer is checked', async () => {
  plane.route('POST /api/v1/things', (request) => ({ json: request.body }));
  expect(await client().post('/api/v1/things', { name: 'b' }, thing)).toEqual({ name: 'b' });
  expect(plane.seen.at(-1)?.headers['content-type']).toBe('application/json');
});

test('problem details become an error with the exit code of the catalogue', async () => {
  plane.route('GET /api/v1/forbidden', {
    problem: { status: 403, code: 'FUN_FORBIDDEN', detail: "Can't approve.", next: [{ command: 'funade status' }] },
  });
  const thrown = await client()
    .get('/api/v1/forbidden', thing)
    .catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(ProblemError);
  const { exitCode, problem } = thrown as ProblemError;
  expect(exitCode).toBe(6);
  expect(problem.next).toEqual([{ command: 'funade status' }]);
});

test.each([
  [400, 2],
  [401, 6],
  [403, 6],
  [404, 2],
  [409, 1],
  [500, 1],
  [503, 7],
])('a problem of an unknown code with status %i ends with exit code %i', async (status, exitCode) => {
  plane.route('GET /api/v1/new', { problem: { status, code: 'FUN_OF_A_NEWER_SERVER' } });
  const thrown = await client()
    .get('/api/v1/new', thing)
    .catch((error: unknown) => error);
  expect((thrown as ProblemError).exitCode).toBe(exitCode);
});

test.each([
  [502, 'function', 1],
  [503, 'platform', 1],
  [400, 'caller', 2],
])(
  'a call that failed with %i by its %s ends with exit code %i: the server was reached',
  async (status, by, exitCode) => {
    plane.route('GET /api/v1/call', { problem: { status, code: 'INIT_ERROR', details: { by } } });
    const thrown = await client()
      .get('/api/v1/call', thing)
      .catch((error: unknown) => error);
    expect((thrown as ProblemError).exitCode).toBe(exitCode);
  },
);

test('a source that the server can not fetch ends with exit code 1', async () => {
  plane.route('POST /api/v1/apps', { problem: { status: 502, code: 'FUN_GIT_UNREACHABLE' } });
  const thrown = await client()
    .post('/api/v1/apps', {}, thing)
    .catch((error: unknown) => error);
  expect((thrown as ProblemError).exitCode).toBe(1);
});

test('a wrong token is refused with exit code 6', async () => {
  const thrown = await client({ token: 'wrong' })
    .get('/api/v1/things', thing)
    .catch((error: unknown) => error);
  expect((thrown as ProblemError).exitCode).toBe(6);
});

test('without a token none is sent', async () => {
  await client({ token: null })
    .get('/api/v1/things', thing)
    .catch(() => {});
  expect(plane.seen.at(-1)?.headers.authorization).toBeUndefined();
});

test('an answer of another shape is an error that names the field', async () => {
  plane.route('GET /api/v1/odd', { json: { name: 7 } });
  const thrown = await client()
    .get('/api/v1/odd', thing)
    .catch((error: unknown) => error);
  expect((thrown as FunadeError).code).toBe('FUN_SERVER_ANSWER_UNREADABLE');
  expect((thrown as FunadeError).message).toContain('name');
});

test('an answer that is not JSON is an error, whatever its status', async () => {
  plane.route('GET /api/v1/page', { text: ['<html>'] });
  const thrown = await client()
    .get('/api/v1/page', thing)
    .catch((error: unknown) => error);
  expect((thrown as FunadeError).code).toBe('FUN_SERVER_ANSWER_UNREADABLE');
});

test('a server that is not there ends with exit code 7 and says how to start one', async () => {
  const gone = await startControlPlane();
  await gone.close();
  const thrown = await client({ server: gone.address })
    .get('/api/v1/things', thing)
    .catch((error: unknown) => error);
  expect((thrown as FunadeError).exitCode).toBe(7);
  expect((thrown as FunadeError).message).toContain('ECONNREFUSED');
  expect((thrown as FunadeError).next[0]?.command).toBe('npm start');
});

test('probe takes the body of an unhealthy answer', async () => {
  plane.route('GET /healthz', { json: { name: 'down' }, status: 503 });
  expect(await client().probe('/healthz', thing)).toEqual({ name: 'down' });
});
