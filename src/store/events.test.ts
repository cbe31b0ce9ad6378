import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '../../test/database.ts';
import { silentLogger } from '../kernel/index.ts';
import {
  type StoredEvent,
  appendEvent,
  connect,
  followEvents,
  lastEventPosition,
  readEvents,
  transaction,
} from './index.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

async function subjectsAfter(after: number): Promise<readonly string[]> {
  return (await readEvents(database.db, { after, limit: 10 })).map((row) => row.subject);
}

function event(subject: string) {
  return { kind: 'test.happened', subject, actor: 'tester' } as const;
}

test('a reader never skips a lower position that commits later', async () => {
  const { db } = database;
  const other = connect(database.connection, { max: 1 });
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let written = (): void => {};
  const begun = new Promise<void>((resolve) => {
    written = resolve;
  });
  const slow = transaction(other, async (trx) => {
    await appendEvent(trx, event('slow'));
    written();
    await held;
  });
  await begun;
  await transaction(db, (trx) => appendEvent(trx, event('fast')));
  expect((await readEvents(db, { after: 0, limit: 10 })).map((row) => row.subject)).toEqual([]);
  release();
  await slow;
  // Transactions of other databases of the same PostgreSQL hold events back as well.
  await expect.poll(() => subjectsAfter(0), { timeout: 10_000 }).toEqual(['slow', 'fast']);
  await other.destroy();
});

test('an event of an older transaction that was written later does not hide one that commits after it', async () => {
  const { db } = database;
  const after = await lastEventPosition(db);
  const other = connect(database.connection, { max: 1 });
  const older = Promise.withResolvers<void>();
  const younger = Promise.withResolvers<void>();
  const olderBegun = Promise.withResolvers<void>();
  const youngerWritten = Promise.withResolvers<void>();
  const first = transaction(db, async (trx) => {
    await sql`select pg_current_xact_id()`.execute(trx);
    olderBegun.resolve();
    await older.promise;
    await appendEvent(trx, event('older'));
  });
  await olderBegun.promise;
  const second = transaction(other, async (trx) => {
    await appendEvent(trx, event('younger'));
    youngerWritten.resolve();
    await younger.promise;
  });
  await youngerWritten.promise;
  older.resolve();
  await first;
  const seen = await readEvents(db, { after, limit: 10 });
  younger.resolve();
  await second;
  const rest = async () => [
    ...seen.map((row) => row.subject),
    ...(await subjectsAfter(seen.at(-1)?.position ?? after)),
  ];
  await expect.poll(rest, { timeout: 10_000 }).toEqual(['older', 'younger']);
  await other.destroy();
});

test('an event of a transaction that rolled back was never there', async () => {
  const { db } = database;
  const attempt = transaction(db, async (trx) => {
    await appendEvent(trx, event('undone'));
    throw new Error('no');
  });
  await expect(attempt).rejects.toThrow('no');
  expect(await readEvents(db, { after: 0, limit: 10, subject: 'undone' })).toEqual([]);
});

test('the database refuses to change or delete an event', async () => {
  await expect(sql`update events set actor = 'someone'`.execute(database.db)).rejects.toThrow('append-only');
  await expect(sql`delete from events`.execute(database.db)).rejects.toThrow('append-only');
});

test('a follower hands over every event once, in order, also across a nudge', async () => {
  const { db } = database;
  const after = await lastEventPosition(db);
  const seen: StoredEvent[] = [];
  const follower = followEvents(db, {
    after,
    pollMs: 20,
    logger: silentLogger,
    receive: (events) => void seen.push(...events),
  });
  for (let index = 0; index < 20; index += 1) {
    await transaction(db, (trx) => appendEvent(trx, event(`follow-${index}`)));
    follower.nudge();
  }
  const followed = () => seen.map((row) => row.subject).filter((subject) => subject.startsWith('follow-'));
  await expect.poll(() => followed().length, { timeout: 10_000 }).toBe(20);
  await follower.stop();
  expect(followed()).toEqual(Array.from({ length: 20 }, (_, index) => `follow-${index}`));
});
