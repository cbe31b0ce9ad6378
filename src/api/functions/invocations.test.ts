/** What a token may see of calls in the background, and how often it may look and call. */
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FunctionApiRig, createFunctionApiRig } from '../../../test/functions/api-rig.ts';
import { until } from '../../../test/functions/test-host.ts';

let rig: FunctionApiRig;
beforeAll(async () => {
  rig = await createFunctionApiRig({ limits: { execute: 4, read: 3 }, functions: { eventPauses: [20, 20] } });
  const code = { source: `export const handler = async () => { throw new Error('a\\0b'); };` };
  await rig.send('PUT /functions/failing', { body: { config: { runtime: 'nodejs' }, code } });
});
afterAll(() => rig.close());

async function tokenOf(name: string): Promise<{ readonly token: string; readonly id: string }> {
  const scopes = ['execute:all', 'read:functions'] as const;
  return rig.access.createToken({ name, role: 'deployer', scopes, by: 'owner' });
}

const overLambda = (token: string, headers: Readonly<Record<string, string>> = {}) =>
  fetch(`${rig.url}/2015-03-31/functions/failing/invocations`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, ...headers },
    body: '{"large":true}',
  });

test('a list has no events in it, one call has; a failure and a context with U+0000 hold nothing up', async () => {
  const { token } = await tokenOf('lister');
  const context = Buffer.from(String.raw`{"a\u0000":"\u0000"}`).toString('base64');
  const taken = await overLambda(token, { 'x-amz-invocation-type': 'Event', 'x-amz-client-context': context });
  expect(taken.status).toBe(202);
  const id = taken.headers.get('x-amzn-requestid') ?? '';
  const dead = await until(
    () => rig.host.functions.events.get(id),
    ({ state }) => state === 'dead',
  );
  expect(dead.failure?.message).toBe('a\uFFFDb');
  const list = await rig.send('GET /functions/failing/invocations?state=dead', { as: { token } });
  expect(list.body.items).toEqual([
    expect.objectContaining({
      id,
      state: 'dead',
      attempts: 3,
      failure: expect.objectContaining({ errorType: 'Error' }),
    }),
  ]);
  expect(list.text).not.toContain('payload');
  const one = await rig.send(`GET /functions/failing/invocations/${id}`, { as: { token } });
  expect(one.body.payload).toBe('{"large":true}');
});

test('a page of 200 calls with 1 MB each does not read their events', async () => {
  await sql`
    insert into function_invocations (id, name, payload, requested_by, state, finished_at)
    select gen_random_uuid()::text, 'large', decode(repeat('61', 1048576), 'hex'), 't', 'dead', now()
    from generate_series(1, 200)`.execute(rig.database.db);
  const list = await rig.send('GET /functions/large/invocations?limit=200', { as: 'viewer' });
  expect(list.body.items).toHaveLength(200);
  expect(list.text.length).toBeLessThan(100_000);
});

test('looks at calls in the background are counted', async () => {
  const { token } = await tokenOf('looker');
  const look = (path: string) => rig.send(`GET /functions/failing/invocations${path}`, { as: { token } });
  const nothing = '/00000000-0000-4000-8000-000000000000';
  const seen = [await look(''), await look(nothing), await look(''), await look(''), await look(nothing)];
  expect(seen.map(({ status }) => status)).toEqual([200, 404, 200, 429, 429]);
  expect(Number(seen.at(-1)?.headers.get('retry-after'))).toBeGreaterThan(0);
});

test('calls over both APIs count together', async () => {
  const { token } = await tokenOf('caller');
  const call = () => rig.send('POST /functions/failing/invocations', { as: { token }, body: {} });
  const statuses = [await call(), await overLambda(token), await call(), await overLambda(token)].map(
    (each) => each.status,
  );
  expect(statuses).toEqual([422, 200, 422, 200]);
  const refused = await overLambda(token);
  expect([refused.status, refused.headers.get('x-amzn-errortype')]).toEqual([429, 'TooManyRequestsException']);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await call()).status).toBe(429);
});
