import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '../../../test/database.ts';
import { createManualClock } from '../../kernel/index.ts';
import { type SecretStore, createSecretStore } from './index.ts';

const KEY = randomBytes(32);
const APP = 'greeter';
const EVERYWHERE = { app: APP, environment: null };
const PRODUCTION = { app: APP, environment: 'production' };

let database: TestDatabase;
let secrets: SecretStore;
const clock = createManualClock();
beforeEach(async () => {
  database = await createTestDatabase();
  secrets = storeWith(KEY);
});
afterEach(() => database.drop());

function storeWith(key: Buffer): SecretStore {
  return createSecretStore({ db: database.db, key, clock });
}

function set(name: string, value: string, scope: typeof EVERYWHERE | typeof PRODUCTION = EVERYWHERE) {
  return secrets.set({ ...scope, name, value, by: 'mika' });
}

async function current(name: string, scope: typeof EVERYWHERE | typeof PRODUCTION = EVERYWHERE) {
  return (await secrets.resolve(APP, await secrets.pin(scope, [name]))).get(name);
}

async function events() {
  const { rows } = await sql<object>`
    select kind, app, environment, subject, actor, data from events order by position`.execute(database.db);
  return rows;
}

test('a value is stored under the next version, and read back as it was', async () => {
  expect(await set('TOKEN', 'one')).toEqual({
    name: 'TOKEN',
    environment: null,
    version: 1,
    setBy: 'mika',
    setAt: clock.now(),
  });
  expect(await set('TOKEN', 'two')).toMatchObject({ version: 2 });
  expect(await current('TOKEN')).toBe('two');
  const value = `-----BEGIN KEY-----\n${'✔ ナ 🚢'.repeat(1000)}\r\n`;
  await set('TOKEN', value);
  expect(await current('TOKEN')).toBe(value);
});

test('the same value again keeps the version, and is no event', async () => {
  await set('TOKEN', 'one');
  clock.advance(1000);
  const again = await secrets.set({ ...EVERYWHERE, name: 'TOKEN', value: 'one', by: 'rin' });
  expect(again).toMatchObject({ version: 1, setBy: 'mika' });
  expect(await events()).toHaveLength(1);
  await set('TOKEN', 'two');
  expect(await set('TOKEN', 'one')).toMatchObject({ version: 3 });
});

test('simultaneous values get versions of their own', async () => {
  const entries = await Promise.all(Array.from({ length: 8 }, (_, index) => set('TOKEN', `value ${index}`)));
  expect(entries.map(({ version }) => version).toSorted()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});

test('a list has the newest versions, of this application only', async () => {
  await set('TOKEN', 'one');
  await set('TOKEN', 'two');
  await set('TOKEN', 'three', PRODUCTION);
  await set('A', 'x');
  await secrets.set({ app: 'other', environment: null, name: 'OTHER', value: 'x', by: 'mika' });
  expect(await secrets.list({ app: APP })).toMatchObject([
    { name: 'A', environment: null, version: 1 },
    { name: 'TOKEN', environment: null, version: 2 },
    { name: 'TOKEN', environment: 'production', version: 1 },
  ]);
  expect(await secrets.list({ app: 'none' })).toEqual([]);
});

test('setting and removing are events in the name of who did it, without the value', async () => {
  await set('TOKEN', 'hunter2', PRODUCTION);
  await secrets.remove({ ...PRODUCTION, name: 'TOKEN', by: 'rin' });
  const common = { app: APP, environment: 'production', subject: 'TOKEN' };
  expect(await events()).toEqual([
    { ...common, kind: 'secret.set', actor: 'mika', data: { version: 1 } },
    { ...common, kind: 'secret.removed', actor: 'rin', data: {} },
  ]);
});

describe('pins', () => {
  test('prefer the secret of the environment to that of all, and stay with their version', async () => {
    await set('TOKEN', 'of all');
    await set('TOKEN', 'of production', PRODUCTION);
    await set('LEVEL', 'debug');
    const pins = await secrets.pin(PRODUCTION, ['TOKEN', 'LEVEL']);
    expect(pins).toEqual({
      TOKEN: { environment: 'production', version: 1 },
      LEVEL: { environment: null, version: 1 },
    });
    expect(await secrets.pin({ app: APP, environment: 'staging' }, ['TOKEN'])).toEqual({
      TOKEN: { environment: null, version: 1 },
    });
    await set('TOKEN', 'newer', PRODUCTION);
    expect(await secrets.resolve(APP, JSON.parse(JSON.stringify(pins)))).toEqual(
      new Map([
        ['TOKEN', 'of production'],
        ['LEVEL', 'debug'],
      ]),
    );
  });

  test('of a function that stands alone see no environment', async () => {
    await set('TOKEN', 'of production', PRODUCTION);
    await expect(secrets.pin(EVERYWHERE, ['TOKEN'])).rejects.toMatchObject({ code: 'FUN_SECRET_MISSING' });
  });

  test('name everything that is missing at once, with the command for each', async () => {
    await set('B', 'x');
    await expect(secrets.pin(PRODUCTION, ['A', 'B', 'C'])).rejects.toMatchObject({
      code: 'FUN_SECRET_MISSING',
      message: "Can't find secrets of greeter (production): A, C.",
      next: [{ command: 'funade secret set greeter A' }, { command: 'funade secret set greeter C' }],
    });
  });

  test('of no names need nothing', async () => {
    expect(await secrets.pin(PRODUCTION, [])).toEqual({});
    expect(await secrets.resolve(APP, {})).toEqual(new Map());
  });

  test('do not reach into another application', async () => {
    await set('TOKEN', 'mine');
    const pins = await secrets.pin(EVERYWHERE, ['TOKEN']);
    await expect(secrets.resolve('other', pins)).rejects.toMatchObject({ code: 'FUN_SECRET_GONE' });
  });
});

describe('a secret that was removed', () => {
  test('is in no list and in no new pin, and stays readable for what was pinned before', async () => {
    await set('TOKEN', 'one');
    const pins = await secrets.pin(EVERYWHERE, ['TOKEN']);
    await secrets.remove({ ...EVERYWHERE, name: 'TOKEN', by: 'mika' });
    expect(await secrets.list({ app: APP })).toEqual([]);
    await expect(secrets.pin(EVERYWHERE, ['TOKEN'])).rejects.toMatchObject({ code: 'FUN_SECRET_MISSING' });
    expect(await secrets.resolve(APP, pins)).toEqual(new Map([['TOKEN', 'one']]));
  });

  test('gives way to that of all environments', async () => {
    await set('TOKEN', 'of all');
    await set('TOKEN', 'of production', PRODUCTION);
    await secrets.remove({ ...PRODUCTION, name: 'TOKEN', by: 'mika' });
    expect(await current('TOKEN', PRODUCTION)).toBe('of all');
  });

  test('comes back under a new version, also with the same value', async () => {
    await set('TOKEN', 'one');
    await secrets.remove({ ...EVERYWHERE, name: 'TOKEN', by: 'mika' });
    expect(await set('TOKEN', 'one')).toMatchObject({ version: 2 });
    expect(await current('TOKEN')).toBe('one');
  });

  test.each(['NEVER_SET', 'TWICE'])('is removed once: %s is not found', async (name) => {
    if (name === 'TWICE') {
      await set(name, 'x');
      await secrets.remove({ ...EVERYWHERE, name, by: 'mika' });
    }
    const removal = secrets.remove({ ...EVERYWHERE, name, by: 'mika' });
    await expect(removal).rejects.toMatchObject({
      code: 'FUN_NOT_FOUND',
      values: { list: 'funade secret list greeter' },
    });
  });
});

test('a version that is not in the database any more is told as gone', async () => {
  await set('TOKEN', 'one');
  const pins = await secrets.pin(EVERYWHERE, ['TOKEN']);
  await sql`delete from app_secrets`.execute(database.db);
  await expect(secrets.resolve(APP, pins)).rejects.toMatchObject({ code: 'FUN_SECRET_GONE' });
});

describe('the key', () => {
  test('that everything was encrypted with passes', async () => {
    await secrets.verifyKey();
    await set('TOKEN', 'one');
    await expect(storeWith(KEY).verifyKey()).resolves.toBeUndefined();
  });

  test('is refused when it is another one, for reading and for setting, with the fix', async () => {
    await set('TOKEN', 'one');
    const other = storeWith(randomBytes(32));
    const refusal = { code: 'FUN_SECRETS_KEY_CHANGED', values: { count: 1 } };
    await expect(other.verifyKey()).rejects.toMatchObject(refusal);
    await expect(other.set({ ...EVERYWHERE, name: 'B', value: 'x', by: 'mika' })).rejects.toMatchObject(refusal);
    const pins = await other.pin(EVERYWHERE, ['TOKEN']);
    await expect(other.resolve(APP, pins)).rejects.toMatchObject({ code: 'FUN_SECRET_UNREADABLE' });
    await secrets.verifyKey();
  });

  test('may change as long as nothing was encrypted with it', async () => {
    await secrets.verifyKey();
    await storeWith(randomBytes(32)).verifyKey();
    await expect(set('TOKEN', 'one')).resolves.toMatchObject({ version: 1 });
  });

  test('of another length is none', () => {
    expect(() => storeWith(randomBytes(16))).toThrow('32 bytes');
  });
});

describe('a row that somebody changed', () => {
  test.each([
    ['its bytes', sql`set ciphertext = set_byte(ciphertext, 40, get_byte(ciphertext, 40) # 1)`],
    ['its length', sql`set ciphertext = substring(ciphertext for 20)`],
    ['its form', sql`set ciphertext = set_byte(ciphertext, 0, 2)`],
    ['its application', sql`set app = 'thief'`],
    ['its environment', sql`set environment = 'production'`],
    ['its version', sql`set version = 7`],
    ['its name', sql`set name = 'PUBLIC'`],
  ])('in %s is not read', async (_, change) => {
    await set('TOKEN', 'a value that is long enough');
    await sql`update app_secrets ${change}`.execute(database.db);
    const { rows } = await sql<{ app: string; environment: string; name: string; version: number }>`
      select * from app_secrets`.execute(database.db);
    const { app = '', environment = '', name = '', version = 0 } = rows[0] ?? {};
    const pins = { [name]: { environment: environment === '' ? null : environment, version } };
    await expect(secrets.resolve(app, pins)).rejects.toMatchObject({ code: 'FUN_SECRET_UNREADABLE' });
  });

  test('does not keep a new value from being set', async () => {
    await set('TOKEN', 'one');
    await sql`update app_secrets set ciphertext = '\\x00'`.execute(database.db);
    expect(await set('TOKEN', 'one')).toMatchObject({ version: 2 });
  });
});

test('no value is anywhere in the database', async () => {
  const value = 'hunter2-and-then-some';
  await set('TOKEN', value);
  await set('TOKEN', `${value}!`, PRODUCTION);
  await secrets.remove({ ...EVERYWHERE, name: 'TOKEN', by: 'mika' });
  const dump = await dumpOf(database);
  expect(dump).toContain('secret.removed');
  for (const encoding of ['utf8', 'hex', 'base64', 'base64url'] as const) {
    expect(dump).not.toContain(Buffer.from(value).toString(encoding).replace(/=+$/, ''));
    expect(dump).not.toContain(KEY.toString(encoding));
  }
});

/** Every row of every table as text. */
async function dumpOf({ db }: TestDatabase): Promise<string> {
  const tables = await sql<{ name: string }>`
    select format('%I.%I', schemaname, tablename) as name from pg_tables
    where schemaname not in ('pg_catalog', 'information_schema')`.execute(db);
  const dumps = tables.rows.map(({ name }) =>
    sql<{ row: string }>`select t::text as row from ${sql.raw(name)} t`.execute(db),
  );
  return (await Promise.all(dumps)).flatMap(({ rows }) => rows.map(({ row }) => row)).join('\n');
}
