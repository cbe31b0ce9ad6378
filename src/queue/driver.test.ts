import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '../../test/database.ts';
import { newId, silentLogger, systemClock } from '../kernel/index.ts';
import { transaction } from '../store/index.ts';
import { type Driver, type Lease, type Queue, createDriver, createMemoryQueue, createPgBossQueue } from './index.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const kinds = {
  memory: () => createMemoryQueue(silentLogger),
  'pg-boss': () =>
    createPgBossQueue({ connection: database.connection, queues: ['drive-thing', 'mail'], logger: silentLogger }),
} as const;

function driverOf(
  queue: Queue,
  round: (lease: Lease) => Promise<number | null>,
  extra: { owner?: string; leaseMs?: number; sweepMs?: number } = {},
): Driver {
  return createDriver({
    db: database.db,
    queue,
    clock: systemClock,
    logger: silentLogger,
    kind: 'thing',
    round,
    concurrency: 4,
    ...extra,
  });
}

describe.each(Object.keys(kinds) as (keyof typeof kinds)[])('queue %s', (kind) => {
  test('a job that is sent reaches a worker', async () => {
    const queue = kinds[kind]();
    await queue.start();
    const seen: unknown[] = [];
    await queue.work('mail', {}, (job) => Promise.resolve(void seen.push(job.data)));
    await transaction(database.db, (trx) => queue.send(trx, 'mail', [{ data: { letter: 1 } }]));
    await expect.poll(() => seen, { timeout: 5000 }).toEqual([{ letter: 1 }]);
    await queue.stop();
  });

  test('a scheduled thing gets its round, and its next one at the time it asked for', async () => {
    const queue = kinds[kind]();
    await queue.start();
    const rounds: number[] = [];
    const id = newId('thing');
    const driver = driverOf(queue, (lease) => {
      if (lease.id === id) rounds.push(Date.now());
      return Promise.resolve(rounds.length < 3 ? Date.now() + 60 : null);
    });
    await driver.start({ alone: true });
    await transaction(database.db, (trx) => driver.schedule(trx, id));
    await expect.poll(() => rounds.length, { timeout: 5000 }).toBe(3);
    expect((rounds[1] ?? 0) - (rounds[0] ?? 0)).toBeGreaterThanOrEqual(55);
    await driver.stop();
    await queue.stop();
  });
});

test('the commit is hint enough where this process drives; for others there is a job', async () => {
  const jobs: string[] = [];
  const memory = createMemoryQueue(silentLogger);
  const queue: Queue = {
    ...memory,
    send: (trx, name, sent) => {
      jobs.push(...sent.map(({ singleton = '' }) => singleton));
      return memory.send(trx, name, sent);
    },
  };
  const seen: string[] = [];
  const driver = driverOf(queue, (lease) => Promise.resolve(void seen.push(lease.id)).then(() => null), {
    sweepMs: 60_000,
  });
  const [before, rolledBack, after] = [newId('thing'), newId('thing'), newId('thing')];
  await transaction(database.db, (trx) => driver.schedule(trx, before));
  expect(jobs).toEqual([before]);
  await driver.start({ alone: true });
  await expect.poll(() => seen, { timeout: 5000 }).toContain(before);
  const failing = transaction(database.db, async (trx) => {
    await driver.schedule(trx, rolledBack);
    throw new Error('changed its mind');
  });
  await expect(failing).rejects.toThrow('changed its mind');
  await transaction(database.db, (trx) => driver.schedule(trx, [after, before]));
  await expect.poll(() => seen.filter((id) => id === before).length, { timeout: 5000 }).toBe(2);
  await expect.poll(() => seen, { timeout: 5000 }).toContain(after);
  expect(seen).not.toContain(rolledBack);
  expect(jobs).toEqual([before]);
  await driver.stop();
});

test('two processes never hold the same thing at once, and the fence rises with every claim', async () => {
  const queue = createMemoryQueue(silentLogger);
  const id = newId('thing');
  let inside = 0;
  let most = 0;
  const fences: number[] = [];
  async function round(lease: Lease): Promise<number | null> {
    if (lease.id !== id) return null;
    inside += 1;
    most = Math.max(most, inside);
    fences.push(lease.fence);
    await new Promise((resolve) => setTimeout(resolve, 5));
    inside -= 1;
    return fences.length < 40 ? Date.now() : null;
  }
  const drivers = [driverOf(queue, round, { sweepMs: 3 }), driverOf(queue, round, { sweepMs: 3 })];
  for (const driver of drivers) await driver.start({ alone: false });
  await transaction(database.db, (trx) => drivers[0]!.schedule(trx, id));
  await expect.poll(() => fences.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(40);
  for (const driver of drivers) await driver.stop();
  expect(most).toBe(1);
  expect(fences).toEqual([...fences].toSorted((a, b) => a - b));
  expect(new Set(fences).size).toBe(fences.length);
});

test('a holder that stops renewing is replaced, and is told that its lease is lost', async () => {
  const queue = createMemoryQueue(silentLogger);
  const id = newId('thing');
  let lostFirst = false;
  let release = (): void => {};
  const stuck = new Promise<void>((resolve) => {
    release = resolve;
  });
  const first = driverOf(
    queue,
    async (lease) => {
      lease.signal.addEventListener('abort', () => {
        lostFirst = true;
      });
      await stuck;
      return null;
    },
    { leaseMs: 300, sweepMs: 20 },
  );
  await first.start({ alone: false });
  await transaction(database.db, (trx) => first.schedule(trx, id));
  await new Promise((resolve) => setTimeout(resolve, 50));
  const taken: number[] = [];
  const second = driverOf(queue, (lease) => Promise.resolve(void taken.push(lease.fence)).then(() => null), {
    leaseMs: 300,
    sweepMs: 20,
  });
  await second.start({ alone: true }); // frees the lease as a process would that holds the data directory alone
  await expect.poll(() => taken.length, { timeout: 5000 }).toBe(1);
  await expect.poll(() => lostFirst, { timeout: 5000 }).toBe(true);
  release();
  await first.stop();
  await second.stop();
});

test('a successor takes over at once what a process of its name held, and leaves the leases of others alone', async () => {
  const queue = createMemoryQueue(silentLogger);
  const [mine, theirs] = [newId('thing'), newId('thing')];
  let release = (): void => {};
  const killed = new Promise<null>((resolve) => {
    release = () => resolve(null);
  });
  const begun: string[] = [];
  const holderOf = (owner: string) =>
    driverOf(queue, (lease) => (begun.push(lease.id), killed), { owner, sweepMs: 60_000 });
  const [predecessor, other] = [holderOf('host:/a'), holderOf('host:/b')];
  await transaction(database.db, (trx) => predecessor.schedule(trx, mine));
  await predecessor.start({ alone: false });
  await expect.poll(() => begun, { timeout: 5000 }).toEqual([mine]);
  await other.start({ alone: false });
  await transaction(database.db, (trx) => other.schedule(trx, theirs));
  await expect.poll(() => begun, { timeout: 5000 }).toEqual([mine, theirs]);

  const taken: string[] = [];
  const take = (lease: Lease) => Promise.resolve(taken.push(lease.id)).then(() => null);
  const successor = driverOf(queue, take, { owner: 'host:/a', sweepMs: 60_000 });
  const started = performance.now();
  await successor.start({ alone: false });
  await expect.poll(() => taken, { timeout: 5000 }).toContain(mine);
  expect(performance.now() - started).toBeLessThan(4000); // leases last 6 s
  expect(taken).not.toContain(theirs);
  release();
  for (const driver of [predecessor, other, successor]) await driver.stop();
});

test('a round that throws is tried again and its reason is kept', async () => {
  const queue = createMemoryQueue(silentLogger);
  const id = newId('thing');
  let tries = 0;
  const driver = driverOf(
    queue,
    (lease) => {
      if (lease.id !== id) return Promise.resolve(null);
      tries += 1;
      return tries < 3 ? Promise.reject(new Error('not yet')) : Promise.resolve(null);
    },
    { sweepMs: 20 },
  );
  await driver.start({ alone: true });
  await transaction(database.db, (trx) => driver.schedule(trx, id));
  await expect.poll(() => tries, { timeout: 5000 }).toBeGreaterThanOrEqual(3);
  await driver.stop();
});

test('work that nobody takes is reported as overdue', async () => {
  const driver = driverOf(createMemoryQueue(silentLogger), () => Promise.resolve(null));
  await transaction(database.db, (trx) => driver.schedule(trx, newId('thing'), Date.now() - 5000));
  expect((await driver.progress()).overdue).toBeGreaterThanOrEqual(5000);
});
