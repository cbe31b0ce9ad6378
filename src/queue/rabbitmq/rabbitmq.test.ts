import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '../../../test/database.ts';
import { newPrefix, numbered, recordingLogger, sendAll } from '../../../test/queue-rig.ts';
import { RABBITMQ_MISSING, type RabbitMq, startRabbitMq } from '../../../test/rabbitmq.ts';
import { sleep, systemClock } from '../../kernel/index.ts';
import { transaction } from '../../store/index.ts';
import { type Job, type RabbitQueue, type RabbitQueueOptions, createDriver, createRabbitQueue } from '../index.ts';
import { DEAD_LETTER } from '../retries.ts';

const PROCESS = fileURLToPath(new URL('../../../test/queue-process.ts', import.meta.url));

/** RabbitMQ itself loses a quorum queue when it is killed within half a second of its declaration. */
const KILLABLE_AFTER_MS = 1500;

let database: TestDatabase;
let broker: RabbitMq;
let prefix: string;
let published = 0;
const opened: RabbitQueue[] = [];
const children: ChildProcess[] = [];
const { logger, lines } = recordingLogger();

async function open(changes: Partial<RabbitQueueOptions> = {}): Promise<RabbitQueue> {
  const metrics = { publishFailed: () => void (published += 1) };
  const queues = ['mail', 'print', 'drive-thing'];
  const queue = createRabbitQueue({
    ...broker,
    ...{ db: database.db, queue: prefix, queues, logger, metrics },
    ...changes,
  });
  opened.push(queue);
  await queue.start();
  return queue;
}

function send(queue: RabbitQueue, jobs: Parameters<typeof sendAll>[3], name = 'mail'): Promise<void> {
  return sendAll(database, queue, name, jobs);
}

async function countRows(): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*) as count from outbox`.execute(database.db);
  return rows[0]?.count ?? 0;
}

/** As if the time had passed after which another process takes over. */
async function lapse(): Promise<void> {
  await sql`update outbox set claimed_until = clock_timestamp() where claimed_until is not null`.execute(database.db);
}

function noting(): {
  readonly seen: number[];
  readonly ids: string[];
  handler(job: Job<{ number: number }>): Promise<void>;
} {
  const [seen, ids]: [number[], string[]] = [[], []];
  return {
    seen,
    ids,
    handler: ({ id, data }) => {
      seen.push(data.number);
      ids.push(id);
      return Promise.resolve();
    },
  };
}

/** Another process that has committed one job. */
async function forkSender(data: object): Promise<ChildProcess> {
  const { host, port, user, password } = broker;
  const order = { connection: database.connection, broker: { host, port, user, password }, prefix, data };
  const child = fork(PROCESS, [JSON.stringify(order)]);
  children.push(child);
  await once(child, 'message');
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

function told(code: string) {
  return lines.filter(({ fields }) => fields['code'] === code);
}

describe.skipIf(RABBITMQ_MISSING !== null)(`RabbitMQ ${RABBITMQ_MISSING ?? ''}`, { timeout: 240_000 }, () => {
  beforeAll(async () => {
    database = await createTestDatabase();
    broker = await startRabbitMq();
  }, 180_000);
  beforeEach(() => {
    prefix = newPrefix();
    published = 0;
    lines.splice(0);
  });
  afterEach(async () => {
    children.splice(0).forEach((child) => child.kill('SIGKILL'));
    await Promise.all(opened.splice(0).map((queue) => queue.stop()));
    await sql`truncate outbox, work`.execute(database.db);
  });
  afterAll(async () => {
    await broker?.close();
    await database?.drop();
  });

  describe('the broker', () => {
    test('is away at the start and while jobs are sent: they wait, and are published once when it is there', async () => {
      await broker.stop();
      try {
        const queue = await open();
        const { seen, handler } = noting();
        await queue.work('mail', {}, handler);
        await send(queue, numbered(3));
        await expect.poll(() => told('FUN_BROKER_UNAVAILABLE').length, { timeout: 30_000 }).toBeGreaterThan(1);
        expect(queue.trouble()).toContain(`${broker.host}:${broker.port}`);
        expect([await countRows(), published, seen]).toEqual([3, 3, []]);
        await broker.start();
        await expect.poll(() => seen.toSorted(), { timeout: 60_000 }).toEqual([0, 1, 2]);
        await expect.poll(countRows, { timeout: 30_000 }).toBe(0);
        expect(queue.trouble()).toBeNull();
        await send(queue, [{ data: { number: 3 } }]);
        await expect.poll(() => seen.length, { timeout: 30_000 }).toBe(4);
        expect(seen.toSorted()).toEqual([0, 1, 2, 3]);
      } finally {
        await broker.start();
      }
    });

    test.each(['stop', 'kill'] as const)('is restarted (%s) under its consumers: they go on', async (how) => {
      const queue = await open();
      const { seen, handler } = noting();
      await queue.work('mail', { concurrency: 2 }, handler);
      await send(queue, [{ data: { number: 1 } }]);
      await expect.poll(() => seen, { timeout: 30_000 }).toEqual([1]);
      await sleep(KILLABLE_AFTER_MS);
      await broker[how]();
      await send(queue, [{ data: { number: 2 } }]);
      await broker.start();
      await send(queue, [{ data: { number: 3 } }]);
      await expect.poll(() => new Set(seen).size, { timeout: 60_000 }).toBe(3);
    });

    test('keeps what it has confirmed through a power cut', async () => {
      const queue = await open();
      await send(queue, numbered(5));
      await expect.poll(countRows, { timeout: 30_000 }).toBe(0);
      await sleep(KILLABLE_AFTER_MS);
      await broker.kill();
      await broker.start();
      const { seen, handler } = noting();
      await queue.work('mail', {}, handler);
      await expect.poll(() => seen.toSorted(), { timeout: 60_000 }).toEqual([0, 1, 2, 3, 4]);
    });

    test('hangs: no transaction stays open, and what was sent arrives when it answers again', async () => {
      const queue = await open();
      const { seen, handler } = noting();
      await queue.work('mail', {}, handler);
      await send(queue, [{ data: { number: 1 } }]);
      await expect.poll(() => seen, { timeout: 30_000 }).toEqual([1]);
      broker.suspend();
      published = 0;
      try {
        await send(queue, [{ data: { number: 2 } }]);
        await expect.poll(() => told('FUN_BROKER_UNAVAILABLE').length, { timeout: 60_000 }).toBeGreaterThan(0);
        const { rows } = await sql<{ count: number }>`
          select count(*) as count from pg_stat_activity
          where datname = current_database() and state like 'idle in transaction%'`.execute(database.db);
        expect(rows).toEqual([{ count: 0 }]);
        expect(published).toBe(1);
      } finally {
        broker.resume();
      }
      await expect.poll(() => seen, { timeout: 90_000 }).toContain(2);
      await expect.poll(countRows, { timeout: 60_000 }).toBe(0);
    });

    test('refuses the password: the log names the settings, and never the password', async () => {
      const queue = await open({ password: 'swordfish-of-another-day' });
      await expect.poll(() => told('FUN_BROKER_LOGIN_REFUSED').length, { timeout: 30_000 }).toBeGreaterThan(1);
      expect(told('FUN_BROKER_LOGIN_REFUSED')[0]?.fields['fix']).toContain('RABBITMQ_PASSWORD');
      expect(JSON.stringify(lines)).not.toContain('swordfish');
      await send(queue, numbered(1));
      expect(await countRows()).toBe(1);
    });

    test('has no such virtual host: the log says so', async () => {
      await open({ vhost: 'nowhere' });
      await expect.poll(() => told('FUN_BROKER_NOT_ALLOWED').length, { timeout: 30_000 }).toBeGreaterThan(0);
      expect(told('FUN_BROKER_NOT_ALLOWED')[0]?.message).toContain('nowhere');
    });

    test('has the queue with other arguments: the log says how to help, and other queues work', async () => {
      await broker.use((connection) => connection.queueDeclare({ queue: `${prefix}.mail`, durable: true }));
      const queue = await open();
      const { seen, handler } = noting();
      await queue.work('print', {}, handler);
      await send(queue, [{ data: { number: 1 } }]);
      await send(queue, [{ data: { number: 2 } }], 'print');
      await expect.poll(() => seen, { timeout: 30_000 }).toEqual([2]);
      await expect.poll(() => told('FUN_BROKER_QUEUE_DIFFERS').length, { timeout: 30_000 }).toBeGreaterThan(0);
      expect(told('FUN_BROKER_QUEUE_DIFFERS')[0]?.message).toContain(`${prefix}.mail`);
      await broker.use((connection) => connection.queueDelete({ queue: `${prefix}.mail` }));
      const late = noting();
      await queue.work('mail', {}, late.handler);
      await expect.poll(() => late.seen, { timeout: 60_000 }).toEqual([1]);
    });
  });

  describe('a process that is killed', () => {
    test('after the commit and before it has published: another one publishes', async () => {
      await broker.stop();
      await kill(await forkSender({ number: 7 }));
      await broker.start();
      const queue = await open();
      const { seen, handler } = noting();
      await queue.work('mail', {}, handler);
      await expect.poll(() => seen, { timeout: 60_000 }).toEqual([7]);
      await expect.poll(countRows, { timeout: 30_000 }).toBe(0);
    });

    test('between the confirmation and the deletion: the handler is called twice with the same id', async () => {
      await sql`
        create function dawdle() returns trigger language plpgsql as
          'begin perform pg_sleep(120); return old; end'`.execute(database.db);
      await sql`create trigger dawdle before delete on outbox for each row execute function dawdle()`.execute(
        database.db,
      );
      const child = await forkSender({ number: 7 });
      await expect
        .poll(() => broker.count(`${prefix}.mail`).catch(() => 0), { timeout: 60_000, interval: 200 })
        .toBe(1);
      await kill(child);
      await sql`
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and query like 'delete from outbox%' and pid <> pg_backend_pid()`.execute(
        database.db,
      );
      await sql`drop function dawdle cascade`.execute(database.db);
      expect(await countRows()).toBe(1);
      await lapse();
      const queue = await open();
      const { seen, ids, handler } = noting();
      await queue.work('mail', {}, handler);
      await expect.poll(() => seen, { timeout: 60_000 }).toEqual([7, 7]);
      expect(new Set(ids).size).toBe(1);
      await expect.poll(countRows, { timeout: 30_000 }).toBe(0);
    });

    test('by what it was handed, again and again: the broker gives up after its limit', async () => {
      const queue = await open();
      await send(queue, numbered(1));
      await expect.poll(countRows, { timeout: 30_000 }).toBe(0);
      let deliveries = 0;
      // A connection that breaks without an answer is what the broker sees of a process that died.
      while ((await broker.count(`${prefix}.mail.dead`)) === 0 && deliveries < 40) {
        await broker.use(async (connection) => {
          const message = await connection.basicGet({ queue: `${prefix}.mail` });
          if (message !== undefined) deliveries += 1;
          connection.unsafeDestroy();
        });
        await sleep(20);
      }
      expect(deliveries).toBe(21);
    });
  });

  describe('a message', () => {
    test.each([
      ['no JSON', Buffer.from('{"number":'), 'application/json'],
      ['JSON that is no object', Buffer.from('[1]'), 'application/json'],
      ['bytes', Buffer.from([0xff, 0x00, 0xfe]), 'application/octet-stream'],
      ['empty', Buffer.from(''), undefined],
    ])('that is %s is a dead letter at once, and the next one is handled', async (_what, body, contentType) => {
      const queue = await open();
      const { seen, handler } = noting();
      await queue.work('mail', {}, handler);
      await send(queue, [{ data: { number: 1 } }]);
      await expect.poll(() => seen, { timeout: 30_000 }).toEqual([1]);
      await broker.use(async (connection) => {
        const publisher = connection.createPublisher({ confirm: true });
        await publisher.send({ routingKey: `${prefix}.mail`, ...(contentType ? { contentType } : {}) }, body);
        await publisher.send({ routingKey: `${prefix}.mail` }, { number: 2 });
        await publisher.close();
      });
      await expect.poll(() => seen, { timeout: 30_000 }).toEqual([1, 2]);
      await expect.poll(() => broker.count(`${prefix}.mail.dead`), { timeout: 30_000, interval: 200 }).toBe(1);
      expect(lines.filter(({ message }) => message === DEAD_LETTER)).toHaveLength(1);
    });

    test('whose queue was deleted is delivered all the same: the queue is declared again', async () => {
      const queue = await open();
      await send(queue, [{ data: { number: 1 } }]);
      await expect.poll(countRows, { timeout: 30_000 }).toBe(0);
      await broker.use((connection) => connection.queueDelete({ queue: `${prefix}.mail` }));
      await send(queue, [{ data: { number: 2 } }]);
      await expect.poll(countRows, { timeout: 30_000 }).toBe(0);
      const { seen, handler } = noting();
      await queue.work('mail', {}, handler);
      await expect.poll(() => seen, { timeout: 30_000 }).toEqual([2]);
      await broker.use((connection) => connection.queueDelete({ queue: `${prefix}.mail` }));
      await send(queue, [{ data: { number: 3 } }]);
      await expect.poll(() => seen, { timeout: 60_000 }).toEqual([2, 3]);
    });

    test('is kept in a quorum queue, and survives as long as nobody takes it', async () => {
      const queue = await open();
      await send(queue, numbered(1));
      await expect.poll(countRows, { timeout: 30_000 }).toBe(0);
      const message = await broker.use(async (connection) => connection.basicGet({ queue: `${prefix}.mail` }));
      expect(message).toMatchObject({ durable: true, body: { number: 0 }, messageId: expect.stringMatching(/^job_/) });
      const classic = broker.use((connection) => connection.queueDeclare({ queue: `${prefix}.mail`, durable: true }));
      await expect(classic).rejects.toThrow('PRECONDITION_FAILED');
    });

    test('of a key that is sent while the first one is being published is published too', async () => {
      const queue = await open();
      const { seen, handler } = noting();
      await queue.work('mail', {}, handler);
      for (let number = 0; number < 20; number += 1) {
        await send(queue, [{ data: { number }, singleton: 'same' }]);
        await expect.poll(() => seen, { timeout: 30_000, interval: 5 }).toContain(number);
      }
    });
  });

  describe('consumers', () => {
    test('take as many messages as they have room for, however fast these end', async () => {
      const queue = await open();
      let free = 3;
      let most = 0;
      const left: (() => void)[] = [];
      const worker = await queue.work('mail', { batch: 3, room: () => free }, () => {
        free -= 1;
        most = Math.max(most, 3 - free);
        left.push(() => {
          free += 1;
          worker.roomChanged();
        });
        worker.roomChanged();
        return Promise.resolve();
      });
      await send(queue, numbered(30));
      for (let ended = 0; ended < 30; ended += 1) {
        await expect.poll(() => left.length, { timeout: 30_000, interval: 5 }).toBeGreaterThan(0);
        left.shift()?.();
      }
      expect(most).toBe(3);
      await expect.poll(() => broker.count(`${prefix}.mail`), { timeout: 30_000, interval: 200 }).toBe(0);
    });

    test('share fifty tasks evenly, each claimed once', async () => {
      const rounds = new Map<string, string[]>();
      const done = { a: 0, b: 0 };
      const [sender, ...queues] = [await open(), await open(), await open()];
      const drivers = (['a', 'b'] as const).map((name, place) =>
        createDriver({
          ...{ db: database.db, queue: queues[place]!, clock: systemClock, logger, kind: 'thing', concurrency: 2 },
          round: async ({ id }) => {
            rounds.set(id, [...(rounds.get(id) ?? []), name]);
            await sleep(50);
            done[name] += 1;
            return null;
          },
        }),
      );
      for (const driver of drivers) await driver.start({ alone: false });
      const idle = createDriver({
        ...{ db: database.db, queue: sender!, clock: systemClock, logger, kind: 'thing', concurrency: 1 },
        round: () => Promise.resolve(null),
      });
      const ids = Array.from({ length: 50 }, (_, number) => `thing_${number}`);
      await transaction(database.db, (trx) => idle.schedule(trx, ids));
      await expect.poll(() => done.a + done.b, { timeout: 60_000 }).toBe(50);
      expect(rounds.size).toBe(50);
      expect(Math.min(done.a, done.b)).toBeGreaterThanOrEqual(15);
      await Promise.all(drivers.map((driver) => driver.stop()));
    });
  });
});
