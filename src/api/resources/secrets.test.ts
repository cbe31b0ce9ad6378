import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestApi, createTestApi } from '../../../test/api.ts';
import { type TestDatabase, createTestDatabase } from '../../../test/database.ts';
import { type Logger, createManualClock, silentLogger } from '../../kernel/index.ts';
import { createSecretStore } from '../../store/index.ts';
import { type Role, pageOf, problemView, secretView } from '../contract/index.ts';
import { registerSecrets } from './secrets.ts';

const VALUE = 'hunter2-and-then-some';
const lines: string[] = [];

let database: TestDatabase;
let started: TestApi;
const bearers = new Map<Role, Readonly<Record<string, string>>>();
beforeAll(async () => {
  database = await createTestDatabase();
  const secrets = createSecretStore({ db: database.db, key: Buffer.alloc(32, 1), clock: createManualClock() });
  const write = (...line: unknown[]) => void lines.push(JSON.stringify(line));
  const logger: Logger = { ...silentLogger, debug: write, info: write, warn: write, error: write };
  started = await createTestApi({ logger, resources: [(app) => registerSecrets(app, { secrets })] }, database);
  for (const role of ['viewer', 'deployer', 'approver', 'owner'] as const)
    bearers.set(role, await started.bearer(role));
});
afterAll(async () => {
  await started.close();
  await database.drop();
});

function send(call: string, role: Role, payload?: object | string) {
  const [method = 'GET', path = ''] = call.split(' ');
  const headers = { ...bearers.get(role), ...(payload === undefined ? {} : { 'content-type': 'application/json' }) };
  return started.api.app.inject({
    method: method as 'GET',
    url: `/api/v1${path}`,
    headers,
    ...(payload === undefined ? {} : { payload }),
  });
}

test('a secret is set, listed without its value, and removed', async () => {
  const set = await send('PUT /apps/greeter/secrets/TOKEN', 'approver', { value: VALUE });
  expect([set.statusCode, secretView.strict().parse(set.json())]).toMatchObject([
    200,
    { name: 'TOKEN', environment: null, version: 1, setBy: 'a-approver' },
  ]);
  const local = await send('PUT /apps/greeter/secrets/TOKEN', 'owner', { value: VALUE, environment: 'production' });
  expect(local.json()).toMatchObject({ environment: 'production', version: 1 });
  const listed = await send('GET /apps/greeter/secrets', 'deployer');
  const { items } = pageOf(secretView.strict()).parse(listed.json());
  expect(items.map(({ environment }) => environment)).toEqual([null, 'production']);
  const removal = await send('DELETE /apps/greeter/secrets/TOKEN?environment=production', 'approver');
  expect([removal.statusCode, removal.body]).toEqual([204, '']);
  const left = await send('GET /apps/greeter/secrets', 'deployer');
  expect(left.json().items).toHaveLength(1);
});

test('a function that stands alone has secrets of its own under its name', async () => {
  const set = await send('PUT /apps/nodejs-calc_1/secrets/api_key', 'owner', { value: VALUE });
  expect(set.statusCode).toBe(200);
});

test('setting and removing are events of the application, without the value', async () => {
  await send('PUT /apps/shop/secrets/TOKEN', 'approver', { value: VALUE, environment: 'staging' });
  await send('DELETE /apps/shop/secrets/TOKEN?environment=staging', 'owner');
  const { rows } = await sql<object>`
    select kind, environment, subject, actor, data from events where app = 'shop' order by position`.execute(
    database.db,
  );
  expect(rows).toEqual([
    { kind: 'secret.set', environment: 'staging', subject: 'TOKEN', actor: 'a-approver', data: { version: 1 } },
    { kind: 'secret.removed', environment: 'staging', subject: 'TOKEN', actor: 'a-owner', data: {} },
  ]);
});

test.each([
  ['GET /apps/greeter/secrets', 'viewer', 'deployer'],
  ['PUT /apps/greeter/secrets/TOKEN', 'deployer', 'approver'],
  ['DELETE /apps/greeter/secrets/TOKEN', 'deployer', 'approver'],
] as const)('%s is not for a %s', async (call, role, needed) => {
  const answer = await send(call, role, call.startsWith('PUT') ? { value: VALUE } : undefined);
  const { code, detail } = problemView.parse(answer.json());
  expect([answer.statusCode, code]).toEqual([403, 'FUN_FORBIDDEN']);
  expect(detail).toContain(`it needs ${needed}`);
});

test('what is not there is not removed, and the fix says where to look', async () => {
  const answer = await send('DELETE /apps/greeter/secrets/NONE?environment=production', 'owner');
  const { code, detail, fix } = problemView.parse(answer.json());
  expect([answer.statusCode, code]).toEqual([404, 'FUN_NOT_FOUND']);
  expect(detail).toBe("Can't find secret NONE (production).");
  expect(fix).toContain('funade secret list greeter');
});

test.each([
  ['no value', 'TOKEN', {}, 'value'],
  ['an empty value', 'TOKEN', { value: '' }, 'value'],
  ['a value that is no text', 'TOKEN', { value: [VALUE] }, 'value'],
  ['a value that is too large', 'TOKEN', { value: VALUE.repeat(3200) }, 'value'],
  ['a value that is too large in bytes', 'TOKEN', { value: `${VALUE}${'✔'.repeat(22_000)}` }, 'value'],
  ['a value that no variable can hold', 'TOKEN', { value: `${VALUE}\0` }, 'value'],
  ['half a character', 'TOKEN', { value: `${VALUE}\uD83D` }, 'value'],
  ['a name that no shell accepts', 'API-KEY', { value: VALUE }, 'params.name'],
  ['a name with the value inside', `TOKEN=${VALUE}`, { value: VALUE }, 'params.name'],
  ['a reserved name', 'FUNADE_TOKEN', { value: VALUE }, 'params.name'],
  ['a name that is too long', 'A'.repeat(65), { value: VALUE }, 'params.name'],
  ['an environment that is none', 'TOKEN', { value: VALUE, environment: `${VALUE} ` }, 'environment'],
])('%s is refused without showing the value', async (_, name, body, path) => {
  const answer = await send(`PUT /apps/greeter/secrets/${encodeURIComponent(name)}`, 'owner', body);
  const { code, errors } = problemView.parse(answer.json());
  expect([answer.statusCode, code, errors.map((error) => error.path)]).toEqual([400, 'FUN_BAD_REQUEST', [path]]);
  expect(answer.body).not.toContain(VALUE);
});

test.each([
  ['not JSON', `{"value": "${VALUE}"`],
  ['JSON with something behind it', `{"value": "x"} ${VALUE}`],
  ['a bare value', VALUE],
  ['larger than any body', `{"value": "${VALUE}${'x'.repeat(1_100_000)}"}`],
])('a body that is %s is refused without showing the value', async (_, payload) => {
  const answer = await send('PUT /apps/greeter/secrets/TOKEN', 'owner', payload);
  expect(answer.statusCode).toBeGreaterThanOrEqual(400);
  expect(answer.statusCode).toBeLessThan(500);
  expect(answer.body).not.toContain('hunter2');
});

test('a value of 64 KB passes', async () => {
  const answer = await send('PUT /apps/greeter/secrets/LARGE', 'owner', { value: 'x'.repeat(65_536) });
  expect(answer.statusCode).toBe(200);
});

test('no value is in the log or in the events', async () => {
  await send('PUT /apps/greeter/secrets/TOKEN', 'owner', { value: VALUE });
  const { rows } = await sql<{ row: string }>`select e::text as row from events e`.execute(database.db);
  expect(lines.join('\n')).toContain('/api/v1/apps/:app/secrets/:name');
  expect([...lines, ...rows.map(({ row }) => row)].join('\n')).not.toContain(VALUE);
});
