import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '../../test/database.ts';
import { type Db, afterCommit, connect, migrateToLatest, toJson, together, transaction } from './index.ts';

let database: TestDatabase;
const opened: Db[] = [];
/** A pool of one connection, so that what one statement leaves behind the next one meets. */
function open(): Db {
  const db = connect(database.connection, { max: 1 });
  opened.push(db);
  return db;
}
beforeAll(async () => {
  database = await createTestDatabase();
  await sql`create table notes (text text primary key)`.execute(database.db);
});
afterEach(async () => {
  for (const db of opened.splice(0)) await db.destroy();
  await sql`truncate notes`.execute(database.db);
});
afterAll(() => database.drop());

async function notes(): Promise<readonly string[]> {
  const { rows } = await sql<{ text: string }>`select text from notes order by text`.execute(database.db);
  return rows.map(({ text }) => text);
}

describe('a transaction', () => {
  test('that fails leaves nothing, whichever of its statements it was', async () => {
    const db = open();
    for (const failing of [1, 2, 3]) {
      const attempt = transaction(db, async (trx) => {
        for (const place of [1, 2, 3]) {
          if (place === failing) await sql`select 1 / ${0}::int`.execute(trx);
          await sql`insert into notes values (${`${failing}-${place}`})`.execute(trx);
        }
      });
      await expect(attempt).rejects.toThrow('division by zero');
    }
    expect(await notes()).toEqual([]);
    await transaction(db, (trx) => sql`insert into notes values ('fine')`.execute(trx));
    expect(await notes()).toEqual(['fine']);
  });

  test('calls what waits for its commit when others can see it, and not when it is rolled back', async () => {
    const db = open();
    const seen = Promise.withResolvers<readonly string[]>();
    await transaction(db, async (trx) => {
      await sql`insert into notes values ('kept')`.execute(trx);
      expect(afterCommit(trx, () => void notes().then(seen.resolve))).toBe(true);
    });
    expect(await seen.promise).toEqual(['kept']);
    let called = false;
    const failing = transaction(db, (trx) => {
      afterCommit(trx, () => {
        called = true;
      });
      return Promise.reject(new Error('changed its mind'));
    });
    await expect(failing).rejects.toThrow('changed its mind');
    expect(called).toBe(false);
  });

  test('that was begun elsewhere promises no call', async () => {
    const promised = await open()
      .transaction()
      .execute((trx) => Promise.resolve(afterCommit(trx, () => {})));
    expect(promised).toBe(false);
  });

  test('throws the first failure of what was sent together, and only when all of it has ended', async () => {
    let ended = false;
    const slow = new Promise((resolve) => setTimeout(resolve, 30)).then(() => {
      ended = true;
    });
    const failing = together(Promise.reject(new Error('first')), slow, Promise.reject(new Error('second')));
    await expect(failing).rejects.toThrow('first');
    expect(ended).toBe(true);
    const db = open();
    const attempt = transaction(db, (trx) =>
      together(
        sql`insert into notes values ('one')`.execute(trx),
        sql`insert into notes values ('one')`.execute(trx),
        sql`insert into notes values ('two')`.execute(trx),
      ),
    );
    await expect(attempt).rejects.toThrow('duplicate key');
    expect(await notes()).toEqual([]);
  });
});

describe('a connection', () => {
  async function prepared(db: Db): Promise<number> {
    const { rows } = await sql<{ count: number }>`select count(*) as count from pg_prepared_statements`.execute(db);
    return rows[0]?.count ?? 0;
  }

  test('prepares a statement that is asked again and again, and each only once', async () => {
    const db = open();
    for (let turn = 0; turn < 2; turn += 1) {
      await sql`select ${turn}::int as seldom`.execute(db);
    }
    expect(await prepared(db)).toBe(0);
    for (let turn = 0; turn < 20; turn += 1) {
      const { rows } = await sql<{ often: number }>`select ${turn}::int as often`.execute(db);
      expect(rows).toEqual([{ often: turn }]);
    }
    expect(await prepared(db)).toBe(1);
  });

  test('answers the same statement many times at once', async () => {
    const answers = await transaction(open(), (trx) =>
      Promise.all(
        Array.from({ length: 20 }, async (_, turn) => {
          const { rows } = await sql<{ turn: number }>`select ${turn}::int as turn`.execute(trx);
          return rows[0]?.turn;
        }),
      ),
    );
    expect(answers).toEqual(Array.from({ length: 20 }, (_, turn) => turn));
  });

  test('goes on after another process has changed a table that it has prepared a statement for', async () => {
    const db = open();
    const ask = () => sql`select * from notes where text <> ${''}`.execute(db);
    for (let turn = 0; turn < 10; turn += 1) await ask();
    await sql`alter table notes add column stars int`.execute(database.db);
    await expect(ask()).rejects.toThrow('cached plan');
    expect((await ask()).rows).toEqual([]);
    await sql`alter table notes drop column stars`.execute(database.db);
  });
});

test('JSON for PostgreSQL holds neither U+0000 nor half a character', async () => {
  const whole = { nul: 'a\0b', half: '\ud83d', whole: '\ud83d\ude00', quoted: String.raw`\u0000`, list: ['\0'] };
  const value = { ...whole, keys: [{ 'a\0': { '\ud83d': 1 } }] };
  const { rows } = await sql<{ back: unknown }>`select ${toJson(value)}::jsonb as back`.execute(database.db);
  expect(rows[0]?.back).toEqual({
    nul: 'a\uFFFDb',
    half: '\uFFFD',
    whole: '\ud83d\ude00',
    quoted: String.raw`\u0000`,
    list: ['\uFFFD'],
    keys: [{ 'a\uFFFD': { '\uFFFD': 1 } }],
  });
});

test('a database that is up to date is not touched, one that is behind is brought up', async () => {
  const before = await sql`select name, timestamp from funade_migrations order by name`.execute(database.db);
  await migrateToLatest(database.db);
  const after = await sql`select name, timestamp from funade_migrations order by name`.execute(database.db);
  expect(after.rows).toEqual(before.rows);
  const fresh = await createTestDatabase();
  await sql`drop schema public cascade`.execute(fresh.db);
  await sql`create schema public`.execute(fresh.db);
  await migrateToLatest(fresh.db);
  const { rows } = await sql`select name from funade_migrations`.execute(fresh.db);
  expect(rows).toHaveLength(before.rows.length);
  await fresh.drop();
});
