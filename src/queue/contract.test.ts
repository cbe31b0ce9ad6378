import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '../../test/database.ts';
import {
  ADAPTERS,
  type Adapter,
  createQueue,
  newPrefix,
  numbered,
  recordingLogger,
  sendAll,
} from '../../test/queue-rig.ts';
import { RABBITMQ_MISSING, type RabbitMq, startRabbitMq } from '../../test/rabbitmq.ts';
import { sleep } from '../kernel/index.ts';
import { transaction } from '../store/index.ts';
import { type Job, type Queue, UnreadableJob } from './index.ts';
import { DEAD_LETTER, TRIED_AGAIN } from './retries.ts';

let database: TestDatabase;
let broker: RabbitMq | undefined;
let prefix: string;
const opened: Queue[] = [];
const { logger, lines } = recordingLogger();

beforeAll(async () => {
  database = await createTestDatabase();
  if (RABBITMQ_MISSING === null) broker = await startRabbitMq();
}, 180_000);
beforeEach(() => {
  prefix = newPrefix();
  lines.splice(0);
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((queue) => queue.stop()));
  await sql`truncate outbox`.execute(database.db);
  await sql`drop schema if exists pgboss cascade`.execute(database.db);
});
afterAll(async () => {
  await broker?.close();
  await database.drop();
});

async function open(adapter: Adapter): Promise<Queue> {
  const queue = createQueue(adapter, { database, broker, prefix }, { queues: ['mail', 'print'], logger });
  opened.push(queue);
  await queue.start();
  return queue;
}

function send(queue: Queue, jobs: Parameters<typeof sendAll>[3], name = 'mail'): Promise<void> {
  return sendAll(database, queue, name, jobs);
}

/** Notes the numbers of the jobs that it is given. */
function noting(): { readonly seen: number[]; readonly handler: (job: Job<{ number: number }>) => Promise<void> } {
  const seen: number[] = [];
  return { seen, handler: ({ data }) => Promise.resolve(void seen.push(data.number)) };
}

async function countDead(adapter: Adapter): Promise<number> {
  if (adapter === 'rabbitmq') return (await broker?.count(`${prefix}.mail.dead`)) ?? 0;
  if (adapter === 'memory') return lines.filter(({ message }) => message === DEAD_LETTER).length;
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from pgboss.job where name = 'mail.dead'`.execute(database.db);
  return rows[0]?.count ?? 0;
}

function missingFor(adapter: Adapter): string | null {
  return adapter === 'rabbitmq' ? RABBITMQ_MISSING : null;
}

for (const adapter of ADAPTERS) {
  const missing = missingFor(adapter);
  describe.skipIf(missing !== null)(`jobs through ${adapter}${missing === null ? '' : ` (${missing})`}`, () =>
    checkJobs(adapter),
  );
}

function checkJobs(adapter: Adapter): void {
  test('exist when their transaction commits, and never when it rolls back', async () => {
    const queue = await open(adapter);
    const { seen, handler } = noting();
    await queue.work('mail', {}, handler);
    const failing = transaction(database.db, async (trx) => {
      await queue.send(trx, 'mail', [{ data: { number: 1 } }]);
      throw new Error('changed its mind');
    });
    await expect(failing).rejects.toThrow('changed its mind');
    await send(queue, [{ data: { number: 2 } }]);
    await expect.poll(() => seen, { timeout: 30_000 }).toEqual([2]);
    await send(queue, [{ data: { number: 3 } }]);
    await expect.poll(() => seen, { timeout: 30_000 }).toEqual([2, 3]);
  });

  test('are not seen before the commit', async () => {
    const queue = await open(adapter);
    const { seen, handler } = noting();
    await queue.work('mail', {}, handler);
    await transaction(database.db, async (trx) => {
      await queue.send(trx, 'mail', [{ data: { number: 1 } }]);
      await sleep(1200); // longer than any sweep
      expect(seen).toEqual([]);
    });
    await expect.poll(() => seen, { timeout: 30_000 }).toEqual([1]);
  });

  test('carry what they were given, whatever text is in it', async () => {
    const queue = await open(adapter);
    const seen: unknown[] = [];
    await queue.work('mail', {}, (job) => Promise.resolve(void seen.push(job.data)));
    const data = { text: '日本語 "quoted" \\ \n', nested: [{ empty: null }], big: 'x'.repeat(50_000) };
    await send(queue, [{ data }]);
    await expect.poll(() => seen, { timeout: 30_000 }).toEqual([data]);
  });

  test('of one key wait as one, at the earliest time asked for', async () => {
    const queue = await open(adapter);
    const { seen, handler } = noting();
    const later = { startAfter: new Date(Date.now() + 1500) };
    await send(queue, [
      { data: { number: 1 }, singleton: 'a', ...later },
      { data: { number: 1 }, singleton: 'a', ...later },
      { data: { number: 2 }, singleton: 'b', ...later },
    ]);
    await send(queue, [{ data: { number: 1 }, singleton: 'a', ...later }]);
    await queue.work('mail', {}, handler);
    await expect.poll(() => seen.length, { timeout: 30_000 }).toBeGreaterThanOrEqual(2);
    await send(queue, [{ data: { number: 3 } }]);
    await expect.poll(() => seen, { timeout: 30_000 }).toContain(3);
    expect(seen.toSorted()).toEqual([1, 2, 3]);
  });

  test('start when they were asked to, not earlier', async () => {
    const queue = await open(adapter);
    const times: number[] = [];
    await queue.work('mail', {}, () => Promise.resolve(void times.push(Date.now())));
    const at = Date.now() + 1500;
    await send(queue, [{ data: {}, startAfter: new Date(at) }]);
    await expect.poll(() => times.length, { timeout: 30_000 }).toBe(1);
    expect(times[0]).toBeGreaterThanOrEqual(at - 20);
  });

  test('run as many at a time as was asked for, and no more', async () => {
    const queue = await open(adapter);
    let inside = 0;
    let most = 0;
    const { seen, handler } = noting();
    await queue.work<{ number: number }>('mail', { concurrency: 3 }, async (job) => {
      inside += 1;
      most = Math.max(most, inside);
      await sleep(100);
      inside -= 1;
      await handler(job);
    });
    await send(queue, numbered(12));
    await expect.poll(() => seen.length, { timeout: 60_000 }).toBe(12);
    expect(most).toBe(3);
    expect(new Set(seen).size).toBe(12);
  });

  test('arrive all, five hundred of one transaction', async () => {
    const queue = await open(adapter);
    const { seen, handler } = noting();
    await queue.work('mail', { batch: 50 }, handler);
    await send(queue, numbered(500));
    await expect.poll(() => seen.length, { timeout: 60_000 }).toBe(500);
    expect(new Set(seen).size).toBe(500);
  });

  test('of one queue are none of another one', async () => {
    const queue = await open(adapter);
    const { seen, handler } = noting();
    await queue.work('mail', {}, handler);
    await send(queue, [{ data: { number: 1 } }], 'print');
    await send(queue, [{ data: { number: 2 } }]);
    await expect.poll(() => seen, { timeout: 30_000 }).toEqual([2]);
  });

  test('of a queue that is not there are refused, and their transaction with them', async () => {
    const queue = await open(adapter);
    await expect(send(queue, [{ data: {} }], 'smoke-signals')).rejects.toThrow('there is no queue smoke-signals');
    const working = Promise.resolve().then(() => queue.work('smoke-signals', {}, () => Promise.resolve()));
    await expect(working).rejects.toThrow('there is no queue smoke-signals');
  });

  test('are left alone while there is no room for them', async () => {
    const queue = await open(adapter);
    const { seen, handler } = noting();
    let room = 0;
    const worker = await queue.work('mail', { batch: 10, room: () => room }, handler);
    await send(queue, numbered(4));
    await sleep(2000);
    expect(seen).toEqual([]);
    room = 10;
    worker.roomChanged();
    await expect.poll(() => seen.toSorted(), { timeout: 30_000 }).toEqual([0, 1, 2, 3]);
  });

  test('whose handler throws are tried again, then are dead letters; others are not held up', async () => {
    const queue = await open(adapter);
    const tries: string[] = [];
    const { seen, handler } = noting();
    await queue.work<{ number: number }>('mail', {}, (job) => {
      if (job.data.number !== 13) return handler(job);
      tries.push(job.id);
      return Promise.reject(new Error('it is Friday'));
    });
    await send(queue, [{ data: { number: 13 } }]);
    await expect.poll(() => tries.length, { timeout: 30_000 }).toBeGreaterThanOrEqual(1);
    await send(queue, [{ data: { number: 1 } }]);
    await expect.poll(() => seen, { timeout: 30_000 }).toEqual([1]);
    await expect.poll(() => countDead(adapter), { timeout: 90_000, interval: 500 }).toBe(1);
    expect(tries).toHaveLength(4);
    expect(new Set(tries).size).toBe(1);
    expect(lines.filter(({ message }) => message === TRIED_AGAIN)).toHaveLength(3);
    const dead = lines.filter(({ message }) => message === DEAD_LETTER);
    expect(dead).toMatchObject([{ level: 'error', fields: { queue: 'mail', reason: 'it is Friday' } }]);
  });

  test('that nobody can read are dead letters at once', async () => {
    const queue = await open(adapter);
    let tries = 0;
    await queue.work('mail', {}, () => {
      tries += 1;
      return Promise.reject(new UnreadableJob('it is blank'));
    });
    await send(queue, [{ data: {} }]);
    await expect.poll(() => countDead(adapter), { timeout: 30_000, interval: 200 }).toBe(1);
    expect(tries).toBe(1);
  });

  test('in hand at a stop hear of it, and the stop waits for them', async () => {
    const queue = await open(adapter);
    const told: string[] = [];
    await queue.work('mail', {}, async ({ signal }) => {
      told.push('begun');
      await sleep(60_000, signal);
      await sleep(300);
      told.push('ended');
    });
    await send(queue, [{ data: {} }]);
    await expect.poll(() => told, { timeout: 30_000 }).toEqual(['begun']);
    await queue.stop();
    expect(told).toEqual(['begun', 'ended']);
  });

  test('that don’t end at a stop hold it up for five seconds, not longer', async () => {
    const queue = await open(adapter);
    let begun = false;
    let letGo = (): void => {};
    const stuck = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    await queue.work('mail', {}, () => {
      begun = true;
      return stuck;
    });
    await send(queue, [{ data: {} }]);
    await expect.poll(() => begun, { timeout: 30_000 }).toBe(true);
    const from = performance.now();
    await queue.stop();
    expect(performance.now() - from).toBeLessThan(9000);
    letGo();
  });

  test.skipIf(adapter === 'memory')('wait for the next process when none works on them', async () => {
    const first = await open(adapter);
    await send(first, numbered(3));
    await first.stop();
    const second = await open(adapter);
    const { seen, handler } = noting();
    await second.work('mail', {}, handler);
    await expect.poll(() => seen.toSorted(), { timeout: 30_000 }).toEqual([0, 1, 2]);
  });

  test.skipIf(adapter === 'memory')(
    'are shared by two processes, and a full one leaves them to the other',
    async () => {
      const [full, free] = [await open(adapter), await open(adapter)];
      const [atFull, atFree] = [noting(), noting()];
      await full.work('mail', { concurrency: 2, room: () => 0 }, atFull.handler);
      await free.work('mail', { concurrency: 2, room: () => 2 }, atFree.handler);
      await send(full, numbered(20));
      await expect.poll(() => atFree.seen.length, { timeout: 60_000 }).toBe(20);
      expect(atFull.seen).toEqual([]);
    },
  );
}
