import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { admitAround, countRows, deliver, githubHeaders, pushBody, send, signature } from '../../test/intake-rig.ts';
import { useIntake } from '../../test/use-intake.ts';
import { FunadeError } from '../kernel/index.ts';
import { type Trx, connect, readEvents, transaction } from '../store/index.ts';
import type { Admission } from './index.ts';

const { database, db, start, count, countWaiting } = useIntake();

describe('the same delivery is admitted once', () => {
  test('20 times in parallel: one success, 19 duplicates, one run', async () => {
    const rig = await start();
    const body = pushBody();
    const id = randomUUID();
    const answers = await Promise.all(Array.from({ length: 20 }, () => deliver(rig.port, body, 'push', id)));
    expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: 20 }, () => 200));
    const statuses = answers.map((answer) => answer.body['status']);
    expect(statuses.filter((status) => status === 'success')).toHaveLength(1);
    const duplicates = answers.filter((answer) => answer.body['status'] === 'duplicate');
    expect(duplicates).toHaveLength(19);
    expect(duplicates[0]?.body).toEqual({ status: 'duplicate', delivery_id: id });
    expect(await count()).toEqual([1, 1]);
    expect((await rig.intake.getDelivery(id))?.duplicates).toBe(19);
  });

  test('20 times in parallel through two processes, each with its own connections', async () => {
    const other = connect(database().connection);
    const ports = [(await start()).port, (await start({ db: other })).port] as const;
    const body = pushBody();
    const id = randomUUID();
    const sent = Array.from({ length: 20 }, (_, index) => deliver(ports[index % 2] ?? 0, body, 'push', id));
    const statuses = (await Promise.all(sent)).map((answer) => answer.body['status']);
    expect(statuses.filter((status) => status === 'success')).toHaveLength(1);
    expect(await count()).toEqual([1, 1]);
    await other.destroy();
  });

  test('the same body under other delivery ids is a duplicate too, since only the body is signed', async () => {
    const rig = await start();
    const body = pushBody();
    const answers = await Promise.all(Array.from({ length: 10 }, () => deliver(rig.port, body)));
    expect(answers.filter((answer) => answer.body['status'] === 'success')).toHaveLength(1);
    expect(answers.filter((answer) => answer.body['status'] === 'duplicate')).toHaveLength(9);
    expect(await count()).toEqual([1, 1]);
  });

  test('the same body under another event name is a duplicate', async () => {
    const rig = await start();
    const body = pushBody();
    await deliver(rig.port, body);
    expect((await deliver(rig.port, body, 'create')).body['status']).toBe('duplicate');
  });

  test('different pushes at the same time are all admitted', async () => {
    const rig = await start();
    const answers = await Promise.all(Array.from({ length: 50 }, () => deliver(rig.port)));
    expect(answers.filter((answer) => answer.body['status'] === 'success')).toHaveLength(50);
    expect(await count()).toEqual([50, 50]);
  });

  test('when the first of two is rolled back, the second takes its place', async () => {
    let calls = 0;
    const admission = admitAround(async (_trx, write) => {
      calls += 1;
      if (calls > 1) return write();
      await expect.poll(countWaiting).toBe(1);
      throw new FunadeError('FUN_UNAVAILABLE', { reason: 'the first attempt fails' });
    });
    const rig = await start({ admission });
    const body = pushBody();
    const id = randomUUID();
    const answers = await Promise.all([deliver(rig.port, body, 'push', id), deliver(rig.port, body, 'push', id)]);
    expect(answers.map((answer) => answer.status).toSorted()).toEqual([200, 503]);
    expect(await count()).toEqual([1, 1]);
  });
});

describe('delivery, run and event commit together or not at all', () => {
  test('an event tells of every stored delivery, and of nothing else', async () => {
    const rig = await start();
    const [queued, ignored, unverified] = [randomUUID(), randomUUID(), randomUUID()] as const;
    await deliver(rig.port, pushBody(), 'push', queued);
    await deliver(rig.port, JSON.stringify({ nonce: ignored }), 'star', ignored);
    const body = pushBody();
    const forged = { ...githubHeaders(body, 'push', unverified), 'x-hub-signature-256': signature(body, 'no') };
    await send(rig.port, { headers: forged, body });
    const ids = new Set<string>([queued, ignored, unverified]);
    const told = async () => {
      const events = await readEvents(db(), { after: 0, limit: 1000 });
      return events.filter((event) => ids.has(String(event.data['deliveryId'])));
    };
    // Transactions of other databases of the same PostgreSQL hold events back.
    await expect.poll(async () => (await told()).length, { timeout: 10_000 }).toBe(2);
    expect(await told()).toMatchObject([
      {
        kind: 'delivery.received',
        subject: (await rig.intake.getDelivery(queued))?.id,
        data: {
          outcome: 'queued',
          repository: 'octo/greeter',
          ref: 'refs/heads/main',
          sender: 'mona',
          source: 'github',
        },
      },
      { kind: 'delivery.received', data: { outcome: 'ignored', reason: 'event_not_handled', event: 'star' } },
    ]);
  });

  test('an admission that declines leaves a delivery with its reason', async () => {
    const decline: Admission = {
      plan: (_trx, arrivals) =>
        Promise.resolve({
          decisions: arrivals.map(() => ({ kind: 'ignored', reason: 'no_such_app' })),
          write: () => Promise.resolve(),
        }),
    };
    const rig = await start({ admission: decline });
    const id = randomUUID();
    const answer = await deliver(rig.port, pushBody(), 'push', id);
    expect(answer.body).toEqual({ status: 'ignored', reason: 'no_such_app' });
    expect(await rig.intake.getDelivery(id)).toMatchObject({ outcome: 'ignored', reason: 'no_such_app', runIds: [] });
  });

  test.each([
    ['throws', { plan: () => Promise.reject(new TypeError('undefined is not a release')) }],
    ['breaks a constraint', admitAround(breakConstraint)],
  ] as const)('an admission that %s keeps the delivery as rejected, for a replay', async (_, admission) => {
    const rig = await start({ admission });
    const id = randomUUID();
    const answer = await deliver(rig.port, pushBody(), 'push', id);
    expect([answer.status, answer.body]).toEqual([200, { status: 'ignored', reason: 'admission_failed' }]);
    expect(await count()).toEqual([1, 0]);
    expect(rig.logs()).toContain('Failed to admit a delivery');
    const repaired = await start();
    expect(await repaired.intake.replay(id, 'mona')).toMatchObject({ outcome: 'queued' });
    expect(await count()).toEqual([2, 1]);
  });

  test('an admission that meets a deadlock is tried again', async () => {
    let calls = 0;
    const admission = admitAround(async (trx, write) => {
      calls += 1;
      if (calls < 3) await sql`do $$ begin raise exception 'deadlock' using errcode = '40P01'; end $$`.execute(trx);
      return write();
    });
    const rig = await start({ admission });
    expect((await deliver(rig.port)).body['status']).toBe('success');
    expect(calls).toBe(3);
    expect(await count()).toEqual([1, 1]);
  });
});

async function breakConstraint(trx: Trx): Promise<void> {
  for (let index = 0; index < 2; index += 1) await sql`insert into admitted (run) values ('same')`.execute(trx);
}

describe('what cannot be stored is answered 503 and nothing is half-written', () => {
  test('a database that is down', async () => {
    const rig = await start({ db: connect({ host: '127.0.0.1', port: 1 }) });
    const answer = await deliver(rig.port);
    expect([answer.status, answer.body['code']]).toEqual([503, 'FUN_WEBHOOK_NOT_STORED']);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect(JSON.stringify(answer.body)).not.toContain('ECONNREFUSED');
    expect(rig.logs()).toContain('ECONNREFUSED');
    expect(rig.observed).toEqual([['unavailable', 'github', 'push']]);
  });

  test('a disk that is full when the transaction commits; sent again after that, it is taken', async () => {
    await sql`create function no_space() returns trigger language plpgsql as $$ begin
      raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$`.execute(db());
    await sql`create constraint trigger full_disk after insert on admitted deferrable initially deferred
      for each row execute function no_space()`.execute(db());
    const rig = await start();
    const body = pushBody();
    const id = randomUUID();
    const events = await countRows(db(), 'events');
    const answer = await deliver(rig.port, body, 'push', id);
    expect([answer.status, answer.body['code']]).toEqual([503, 'FUN_STORAGE_FULL']);
    expect(answer.headers['retry-after']).toBeDefined();
    expect(await count()).toEqual([0, 0]);
    expect(await countRows(db(), 'events')).toBe(events);
    await sql`drop trigger full_disk on admitted`.execute(db());
    expect((await deliver(rig.port, body, 'push', id)).body['status']).toBe('success');
  });

  test('a connection that breaks in the middle', async () => {
    const admission = admitAround(async (trx, write) => {
      await write();
      await sql`select pg_terminate_backend(pg_backend_pid())`.execute(trx);
    });
    const rig = await start({ admission });
    expect((await deliver(rig.port)).status).toBe(503);
    expect(await count()).toEqual([0, 0]);
  });

  test('a database that does not answer in time; what was told 503 is not stored later either', async () => {
    const rig = await start({ limits: { storeMs: 200 } });
    const body = pushBody();
    await transaction(db(), async (trx) => {
      await sql`lock table deliveries in exclusive mode`.execute(trx);
      const started = performance.now();
      expect((await deliver(rig.port, body)).status).toBe(503);
      expect(performance.now() - started).toBeLessThan(6000); // without a limit of its own it is 8 s
    });
    await expect.poll(idle).toBe(true);
    expect(await count()).toEqual([0, 0]);
    expect((await deliver(rig.port, body)).body['status']).toBe('success');
  });

  test('more deliveries at once than may wait for their turn', async () => {
    const rig = await start({ limits: { concurrency: 1, waiting: 2, storeMs: 5000 } });
    let answers: Promise<readonly number[]> | undefined;
    await transaction(db(), async (trx) => {
      await sql`lock table deliveries in exclusive mode`.execute(trx);
      answers = Promise.all(Array.from({ length: 6 }, async () => (await deliver(rig.port)).status));
      await expect.poll(() => rig.observed.length).toBe(3);
    });
    expect((await answers)?.toSorted()).toEqual([200, 200, 200, 503, 503, 503]);
    expect(await count()).toEqual([3, 3]);
  });
});

/** Whether no other connection of this database is in a transaction. */
async function idle(): Promise<boolean> {
  const { rows } = await sql`select 1 from pg_stat_activity where datname = current_database()
    and pid <> pg_backend_pid() and xact_start is not null and backend_type = 'client backend'`.execute(db());
  return rows.length === 0;
}

test('1000 from one address are all answered 200 and all stored, none twice', async () => {
  const rig = await start();
  const bodies = Array.from({ length: 1000 }, () => pushBody());
  const statuses: number[] = [];
  const sender = async () => {
    for (let body = bodies.pop(); body !== undefined; body = bodies.pop()) {
      statuses.push((await deliver(rig.port, body)).status);
    }
  };
  await Promise.all(Array.from({ length: 40 }, sender));
  expect(statuses.filter((status) => status === 200)).toHaveLength(1000);
  expect(await count()).toEqual([1000, 1000]);
});
