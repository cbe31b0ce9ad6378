import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '../../test/database.ts';
import {
  type IntakeRig,
  admitAll,
  admitAround,
  countRows,
  createAdmittedTable,
  deliver,
  githubHeaders,
  pushBody,
  send,
  signature,
  startIntake,
} from '../../test/intake-rig.ts';
import { FunadeError, type Logger, silentLogger, systemClock } from '../kernel/index.ts';
import { type Trx, connect, readEvents, transaction } from '../store/index.ts';
import { forgeWebhooks } from '../forges/index.ts';
import { type Admission, createIntake } from './index.ts';

let database: TestDatabase;
const rigs: IntakeRig[] = [];
async function start(options: Partial<Parameters<typeof startIntake>[0]> = {}): Promise<IntakeRig> {
  const rig = await startIntake({ db: database.db, ...options });
  rigs.push(rig);
  return rig;
}
beforeAll(async () => {
  database = await createTestDatabase();
  await createAdmittedTable(database.db);
});
beforeEach(() => sql`truncate deliveries, admitted`.execute(database.db));
afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.stop();
});
afterAll(() => database.drop());

function count(): Promise<readonly number[]> {
  return Promise.all([countRows(database.db, 'deliveries'), countRows(database.db, 'admitted')]);
}

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
    const other = connect(database.connection);
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
      await expect.poll(waiters).toBe(1);
      throw new FunadeError('FUN_UNAVAILABLE', { reason: 'the first attempt fails' });
    });
    async function waiters(): Promise<number> {
      const { rows } = await sql`select 1 from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and query like '%insert into deliveries%'`.execute(
        database.db,
      );
      return rows.length;
    }
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
      const events = await readEvents(database.db, { after: 0, limit: 1000 });
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
      raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$`.execute(
      database.db,
    );
    await sql`create constraint trigger full_disk after insert on admitted deferrable initially deferred
      for each row execute function no_space()`.execute(database.db);
    const rig = await start();
    const body = pushBody();
    const id = randomUUID();
    const events = await countRows(database.db, 'events');
    const answer = await deliver(rig.port, body, 'push', id);
    expect([answer.status, answer.body['code']]).toEqual([503, 'FUN_STORAGE_FULL']);
    expect(answer.headers['retry-after']).toBeDefined();
    expect(await count()).toEqual([0, 0]);
    expect(await countRows(database.db, 'events')).toBe(events);
    await sql`drop trigger full_disk on admitted`.execute(database.db);
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
    await transaction(database.db, async (trx) => {
      await sql`lock table deliveries in exclusive mode`.execute(trx);
      const started = performance.now();
      expect((await deliver(rig.port, body)).status).toBe(503);
      expect(performance.now() - started).toBeLessThan(3000);
    });
    await expect.poll(idle).toBe(true);
    expect(await count()).toEqual([0, 0]);
    expect((await deliver(rig.port, body)).body['status']).toBe('success');
  });

  test('more deliveries at once than may wait for their turn', async () => {
    const rig = await start({ limits: { concurrency: 1, waiting: 2, storeMs: 5000 } });
    let answers: Promise<readonly number[]> | undefined;
    await transaction(database.db, async (trx) => {
      await sql`lock table deliveries in exclusive mode`.execute(trx);
      answers = Promise.all(Array.from({ length: 6 }, async () => (await deliver(rig.port)).status));
      await expect.poll(() => rig.observed.length).toBe(3);
    });
    expect((await answers)?.toSorted()).toEqual([200, 200, 200, 503, 503, 503]);
    expect(await count()).toEqual([3, 3]);
  });
});

describe('what arrives together is stored together', () => {
  const github = forgeWebhooks.get('github')!;
  let parsed = 0;
  const counting = new Map([
    [
      'github',
      {
        ...github,
        parse: (request: Parameters<typeof github.parse>[0]) => {
          parsed += 1;
          return github.parse(request);
        },
      },
    ],
  ]);

  /** Delivers one push and holds it up until the others wait behind it. */
  async function deliverBehind(rig: IntakeRig, bodies: readonly string[]): Promise<readonly unknown[]> {
    let answers: Promise<readonly unknown[]> | undefined;
    await transaction(database.db, async (trx) => {
      await sql`lock table deliveries in exclusive mode`.execute(trx);
      parsed = 0;
      const first = deliver(rig.port);
      await expect.poll(waitsForLock).toBe(true);
      const others = bodies.map(async (body) => (await deliver(rig.port, body)).body);
      answers = Promise.all([first.then((answer) => answer.body), ...others]);
      await expect.poll(() => parsed, { timeout: 5000 }).toBe(1 + bodies.length); // what is parsed is in line at once
    });
    return (await answers) ?? [];
  }

  async function waitsForLock(): Promise<boolean> {
    const { rows } = await sql`select 1 from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock' and query like '%insert into deliveries%'`.execute(
      database.db,
    );
    return rows.length > 0;
  }

  test('in one transaction', async () => {
    const rig = await start({ forges: counting, limits: { concurrency: 1 } });
    const bodies = Array.from({ length: 5 }, () => pushBody());
    const answers = await deliverBehind(rig, bodies);
    expect(answers).toMatchObject(Array.from({ length: 6 }, () => ({ status: 'success' })));
    const { rows } = await sql<{ size: number }>`
      select count(*) as size from deliveries group by xmin::text order by size`.execute(database.db);
    expect(rows.map(({ size }) => size)).toEqual([1, 5]);
    expect(await count()).toEqual([6, 6]);
  });

  test('with one that the admission fails on, which alone is kept as rejected', async () => {
    const admission: Admission = {
      plan: (trx, arrivals) => {
        if (arrivals.some(({ event }) => event.ref.endsWith('cursed'))) throw new TypeError('cursed');
        return admitAll.plan(trx, arrivals);
      },
    };
    const rig = await start({ admission, forges: counting, limits: { concurrency: 1 } });
    const cursed = pushBody({ ref: 'refs/heads/cursed' });
    const answers = await deliverBehind(rig, [pushBody(), cursed, pushBody()]);
    expect(answers).toMatchObject([
      { status: 'success' },
      { status: 'success' },
      { status: 'ignored', reason: 'admission_failed' },
      { status: 'success' },
    ]);
    expect(await count()).toEqual([4, 3]);
  });

  test('with one that has come before, which is counted and admitted once', async () => {
    const rig = await start({ forges: counting, limits: { concurrency: 1 } });
    const twice = pushBody();
    const answers = await deliverBehind(rig, [twice, pushBody(), twice]);
    const statuses = answers.slice(1).map((answer) => (answer as Record<string, unknown>)['status']);
    expect(statuses.toSorted()).toEqual(['duplicate', 'success', 'success']);
    expect(await count()).toEqual([3, 3]);
  });
});

/** Whether no other connection of this database is in a transaction. */
async function idle(): Promise<boolean> {
  const { rows } = await sql`select 1 from pg_stat_activity where datname = current_database()
    and pid <> pg_backend_pid() and xact_start is not null and backend_type = 'client backend'`.execute(database.db);
  return rows.length === 0;
}

describe('deliveries can be listed, shown and replayed', () => {
  test('a list goes from the newest to the oldest, page by page, without bodies', async () => {
    const rig = await start();
    for (let index = 0; index < 5; index += 1) await deliver(rig.port);
    const all = await rig.intake.listDeliveries({ limit: 10 });
    expect(all.items).toHaveLength(5);
    expect(all.next).toBeNull();
    expect(all.items.every((item) => item.body === null)).toBe(true);
    const ids: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await rig.intake.listDeliveries({ limit: 2, cursor });
      ids.push(...page.items.map((item) => item.id));
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
    expect(ids).toEqual(all.items.map((item) => item.id));
    expect(ids).toEqual(ids.toSorted().toReversed());
  });

  test('a replay admits again as a delivery of its own, tells who did it, and refers to the first', async () => {
    const rig = await start();
    const body = pushBody();
    const id = randomUUID();
    await deliver(rig.port, body, 'push', id);
    const first = await rig.intake.getDelivery(id);
    const replayed = await rig.intake.replay(id, 'mona');
    expect(replayed).toMatchObject({ outcome: 'queued', replayOf: first?.id, body, event: 'push', secretLabel: null });
    expect(replayed.runIds).not.toEqual(first?.runIds);
    const again = await rig.intake.replay(replayed.id, 'mona');
    expect(again.replayOf).toBe(first?.id);
    expect(await count()).toEqual([3, 3]);
    await expect
      .poll(() => readEvents(database.db, { after: 0, limit: 1, subject: replayed.id }), { timeout: 10_000 })
      .toMatchObject([{ kind: 'delivery.replayed', actor: 'mona', data: { replayOf: first?.id } }]);
    expect((await deliver(rig.port, body)).body['status']).toBe('duplicate');
  });

  test('a delivery that is not there can not be shown nor replayed', async () => {
    const rig = await start();
    expect(await rig.intake.getDelivery('dlv_none')).toBeUndefined();
    await expect(rig.intake.replay('dlv_none', 'mona')).rejects.toMatchObject({ code: 'FUN_NOT_FOUND' });
  });

  test('retention removes old bodies and keeps ids, hashes and decisions', async () => {
    const rig = await start();
    const [oldBody, newBody] = [pushBody(), pushBody()];
    const [oldId, newId] = [randomUUID(), randomUUID()];
    await deliver(rig.port, oldBody, 'push', oldId);
    const boundary = (await rig.intake.getDelivery(oldId))?.receivedAt ?? 0;
    await expect.poll(() => systemClock.now()).toBeGreaterThan(boundary);
    await deliver(rig.port, newBody, 'push', newId);
    expect(await rig.intake.pruneBodies(boundary + 1)).toBe(1);
    expect(await rig.intake.pruneBodies(boundary + 1)).toBe(0);
    expect(await rig.intake.getDelivery(oldId)).toMatchObject({ body: null, outcome: 'queued' });
    expect((await rig.intake.getDelivery(newId))?.body).toBe(newBody);
    await expect(rig.intake.replay(oldId, 'mona')).rejects.toMatchObject({ code: 'FUN_DELIVERY_BODY_GONE' });
    expect((await deliver(rig.port, oldBody, 'push', oldId)).body['status']).toBe('duplicate');
    const { rows } = await sql<{ length: number }>`
      select length(body_hash) as length from deliveries where delivery_id = ${oldId}`.execute(database.db);
    expect(rows).toEqual([{ length: 32 }]);
  });
});

describe('a weak setting stops the start', () => {
  function create(value: string, trustedProxies: readonly string[] = [], logger: Logger = silentLogger) {
    return createIntake({
      db: database.db,
      clock: systemClock,
      logger,
      forges: forgeWebhooks,
      secrets: new Map([['github', [{ label: 'GITHUB_WEBHOOK_SECRET', value }]]]),
      admission: admitAll,
      limits: { trustedProxies },
    });
  }

  test.each([
    ['', 'empty'],
    ['   ', 'empty'],
    ['${GITHUB_WEBHOOK_SECRET}', 'not expanded'],
    ['fifteen-letters', 'shorter than 16'],
  ])('the secret %j: it is %s', (value, reason) => {
    expect(() => create(value)).toThrow(reason);
    expect(() => create(value)).toThrow('GITHUB_WEBHOOK_SECRET');
    if (value.trim() !== '') expect(() => create(value)).not.toThrow(value);
  });

  test.each(['10.0.0.0/33', 'localhost', '10.0.0.0/', '10.0.0.0/8/9', '10.0.0.0/x', ''])(
    'the trusted proxy %j',
    (cidr) => {
      expect(() => create('a secret of good length', [cidr])).toThrow('is not a CIDR');
    },
  );
});
