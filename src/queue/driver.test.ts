import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '../../test/database.ts';
import { newId, silentLogger, sleep, systemClock } from '../kernel/index.ts';
import { connect, transaction } from '../store/index.ts';
import {
  type Driver,
  type DriverOptions,
  type Job,
  type Lease,
  type Queue,
  UnreadableJob,
  createDriver,
  createMemoryQueue,
  createPgBossQueue,
} from './index.ts';

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
  extra: Partial<DriverOptions> = {},
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

test('what takes no time has places of its own when all others are taken', async () => {
  const ended = Promise.withResolvers<null>();
  const seen: string[] = [];
  const [kind, quick] = [newId('kind'), newId('quick')];
  const driver = driverOf(
    createMemoryQueue(silentLogger),
    ({ id }) => (seen.push(id), id.startsWith('quick') ? Promise.resolve(null) : ended.promise),
    {
      ...{ kind, concurrency: 2, sweepMs: 20 },
      reserve: { places: 1, quick: (ids) => Promise.resolve(ids.filter((id) => id.startsWith('quick'))) },
    },
  );
  await driver.start({ alone: true });
  const slow = [newId('slow'), newId('slow'), newId('slow')];
  await transaction(database.db, (trx) => driver.schedule(trx, slow));
  await expect.poll(() => seen.length, { timeout: 10_000 }).toBe(2);
  await transaction(database.db, (trx) => driver.schedule(trx, quick));
  await expect.poll(() => seen, { timeout: 10_000 }).toContain(quick);
  expect(seen.filter((id) => id.startsWith('slow'))).toHaveLength(2);
  ended.resolve(null);
  await expect.poll(() => seen.length, { timeout: 10_000 }).toBe(4);
  await driver.stop();
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

/** A queue whose jobs the test hands over. */
function queueInHand(): { readonly queue: Queue; readonly sent: string[]; deliver(data: object): Promise<void> } {
  const sent: string[] = [];
  let handler: (job: Job<never>) => Promise<void> = () => Promise.reject(new Error('nobody works'));
  return {
    sent,
    deliver: (data) => handler({ id: newId('job'), data: data as never, signal: new AbortController().signal }),
    queue: {
      start: () => Promise.resolve(),
      stop: () => Promise.resolve(),
      send: (_trx, _queue, jobs) => {
        sent.push(...jobs.map(({ singleton = '' }) => singleton));
        return Promise.resolve();
      },
      work: (_queue, _options, given) => {
        handler = given as typeof handler;
        return Promise.resolve({ roomChanged: () => {} });
      },
    },
  };
}

interface WorkRow {
  readonly owner: string | null;
  readonly fence: number;
  readonly wake_at: Date | null;
}

async function rowOf(id: string): Promise<WorkRow | undefined> {
  const { rows } = await sql<WorkRow>`select owner, fence, wake_at from work where id = ${id}`.execute(database.db);
  return rows[0];
}

/** Rounds that last until the test says so. */
function heldRounds(): { readonly begun: string[]; round(lease: Lease): Promise<null>; end(): void } {
  const begun: string[] = [];
  let end = (): void => {};
  const ended = new Promise<null>((resolve) => {
    end = () => resolve(null);
  });
  return {
    begun,
    round: (lease) => {
      begun.push(lease.id);
      return ended;
    },
    end: () => end(),
  };
}

describe('a job', () => {
  test('is done with when the thing is claimed, not when its round has ended', async () => {
    const { queue, deliver } = queueInHand();
    const { begun, round, end } = heldRounds();
    const driver = driverOf(queue, round, { kind: 'claimed', owner: 'me', hint: 'queue', sweepMs: 60_000 });
    await driver.start({ alone: false });
    const id = newId('thing');
    await transaction(database.db, (trx) => driver.schedule(trx, id));
    await deliver({ id });
    expect(await rowOf(id)).toMatchObject({ owner: 'me', fence: 1 });
    await expect.poll(() => begun).toEqual([id]);
    end();
    await driver.stop();
    expect(await rowOf(id)).toMatchObject({ owner: null, fence: 1 });
  });

  test('that comes twice, or late, or for what is not there, makes no second round', async () => {
    const { queue, sent, deliver } = queueInHand();
    const rounds: number[] = [];
    const driver = driverOf(queue, ({ fence }) => Promise.resolve(void rounds.push(fence)).then(() => null), {
      kind: 'twice',
      hint: 'queue',
      sweepMs: 60_000,
    });
    await driver.start({ alone: false });
    const id = newId('thing');
    await transaction(database.db, (trx) => driver.schedule(trx, id));
    expect(sent).toEqual([id]);
    await Promise.all([deliver({ id }), deliver({ id })]);
    await expect.poll(async () => (await rowOf(id))?.owner).toBeNull();
    await deliver({ id });
    await deliver({ id: newId('thing') });
    await driver.stop();
    expect(rounds).toEqual([1]);
  });

  test('without an id is a dead letter', async () => {
    const { queue, deliver } = queueInHand();
    const driver = driverOf(queue, () => Promise.resolve(null), { kind: 'nameless' });
    await driver.start({ alone: false });
    for (const data of [{}, { id: 7 }, { id: null }]) await expect(deliver(data)).rejects.toThrow(UnreadableJob);
    await driver.stop();
  });
});

describe('places', () => {
  test('limit what a process takes: the rest stays free for others, and the oldest goes first', async () => {
    const kind = 'limited';
    const ids = Array.from({ length: 5 }, () => newId('thing'));
    const first = heldRounds();
    const full = driverOf(createMemoryQueue(silentLogger), first.round, { kind, concurrency: 2, sweepMs: 20 });
    for (const id of ids) {
      await transaction(database.db, (trx) => full.schedule(trx, id));
    }
    await full.start({ alone: false });
    await expect.poll(() => first.begun.toSorted(), { timeout: 10_000 }).toEqual(ids.slice(0, 2).toSorted());
    const second = heldRounds();
    const other = driverOf(createMemoryQueue(silentLogger), second.round, { kind, concurrency: 2, sweepMs: 20 });
    await other.start({ alone: false });
    await expect.poll(() => second.begun.toSorted(), { timeout: 10_000 }).toEqual(ids.slice(2, 4).toSorted());
    expect((await rowOf(ids[4] ?? ''))?.owner).toBeNull();
    second.end();
    await expect.poll(() => second.begun[2], { timeout: 10_000 }).toBe(ids[4]);
    first.end();
    await Promise.all([full.stop(), other.stop()]);
  });

  test('that get free are taken at once, without waiting for a sweep', async () => {
    const ids = Array.from({ length: 20 }, () => newId('thing'));
    const done: string[] = [];
    const round = async ({ id }: Lease) => {
      await sleep(5);
      done.push(id);
      return null;
    };
    const options = { kind: 'quick', concurrency: 2, sweepMs: 60_000 };
    const driver = driverOf(createMemoryQueue(silentLogger), round, options);
    await driver.start({ alone: false });
    await transaction(database.db, (trx) => driver.schedule(trx, ids));
    await expect.poll(() => done.length, { timeout: 20_000 }).toBe(20);
    expect(new Set(done).size).toBe(20);
    await driver.stop();
  });

  test('of two processes share fifty things evenly', async () => {
    const done = new Map<string, number>([
      ['a', 0],
      ['b', 0],
    ]);
    const drivers = [...done.keys()].map((name) =>
      driverOf(
        createMemoryQueue(silentLogger),
        async () => {
          await sleep(50);
          done.set(name, (done.get(name) ?? 0) + 1);
          return null;
        },
        { kind: 'shared', concurrency: 2, sweepMs: 100 },
      ),
    );
    for (const driver of drivers) await driver.start({ alone: false });
    const ids = Array.from({ length: 50 }, () => newId('thing'));
    await transaction(database.db, (trx) => drivers[0]!.schedule(trx, ids));
    await expect.poll(() => [...done.values()].reduce((sum, each) => sum + each), { timeout: 60_000 }).toBe(50);
    expect(Math.min(...done.values())).toBeGreaterThanOrEqual(15);
    await Promise.all(drivers.map((driver) => driver.stop()));
  });
});

test('a stop waits for rounds as long as it was told, and the lease of one that goes on runs out', async () => {
  const kind = 'drained';
  const { begun, round, end } = heldRounds();
  let aborted = false;
  const stubborn = driverOf(
    createMemoryQueue(silentLogger),
    (lease) => {
      lease.signal.addEventListener('abort', () => {
        aborted = true;
      });
      return round(lease);
    },
    { kind, drainMs: 200, leaseMs: 1500 },
  );
  await stubborn.start({ alone: false });
  const id = newId('thing');
  await transaction(database.db, (trx) => stubborn.schedule(trx, id));
  await expect.poll(() => begun, { timeout: 10_000 }).toEqual([id]);
  const from = performance.now();
  await stubborn.stop();
  expect(performance.now() - from).toBeLessThan(5000);
  expect(aborted).toBe(true);
  const taken: number[] = [];
  const next = driverOf(
    createMemoryQueue(silentLogger),
    ({ fence }) => Promise.resolve(void taken.push(fence)).then(() => null),
    { kind, sweepMs: 50 },
  );
  await next.start({ alone: false });
  await expect.poll(() => taken, { timeout: 20_000 }).toEqual([2]);
  end();
  await next.stop();
});

test('who gets no answer from the database for as long as a lease lasts is told that it is lost', async () => {
  const own = connect(database.connection, { max: 1 });
  let lostAt = 0;
  let begunAt = 0;
  const driver = createDriver({
    ...{ db: own, queue: createMemoryQueue(silentLogger), clock: systemClock, logger: silentLogger, concurrency: 1 },
    kind: 'hung',
    leaseMs: 600,
    sweepMs: 60_000,
    round: async ({ signal }) => {
      begunAt = performance.now();
      signal.addEventListener('abort', () => {
        lostAt = performance.now();
      });
      // The one connection answers neither to this nor to the renewals behind it.
      await sql`select pg_sleep(8)`.execute(own);
      return null;
    },
  });
  await driver.start({ alone: false });
  await transaction(own, (trx) => driver.schedule(trx, newId('thing')));
  await expect.poll(() => lostAt, { timeout: 20_000 }).toBeGreaterThan(0);
  expect(lostAt - begunAt).toBeLessThan(5000);
  await driver.stop();
  await own.destroy();
});

test('who can’t prolong a lease for as long as it lasts is told that it is lost', async () => {
  const own = connect(database.connection);
  let lost = false;
  const driver = createDriver({
    ...{ db: own, queue: createMemoryQueue(silentLogger), clock: systemClock, logger: silentLogger, concurrency: 1 },
    kind: 'cut-off',
    leaseMs: 300,
    round: async ({ signal }) => {
      void own.destroy();
      await sleep(20_000, signal);
      lost = signal.aborted;
      return null;
    },
  });
  await driver.start({ alone: false });
  await transaction(own, (trx) => driver.schedule(trx, newId('thing')));
  await expect.poll(() => lost, { timeout: 20_000 }).toBe(true);
  await driver.stop();
});
