import { type AddressInfo, type Socket, createConnection, createServer } from 'node:net';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { admitAll, deliver, pushBody } from '../../test/intake-rig.ts';
import { useIntake } from '../../test/use-intake.ts';
import { connect, transaction } from '../store/index.ts';
import type { Admission } from './index.ts';

const { database, db, start, count } = useIntake();

const STUCK = 4711;

/** An admission that takes a lock for pushes to `stuck` before anything else, as that of the agent does for a subject. */
const locking: Admission = {
  plan: async (trx, arrivals) => {
    const isStuck = arrivals.some(({ event }) => 'ref' in event && event.ref === 'refs/heads/stuck');
    if (isStuck) await sql`select pg_advisory_xact_lock(${STUCK})`.execute(trx);
    return admitAll.plan(trx, arrivals);
  },
};

test('a lock that is kept for ever costs the deliveries that need it their place, and no others', async () => {
  const rig = await start({ admission: locking });
  await deliver(rig.port, pushBody({ ref: 'refs/heads/stuck' }));
  const first = (await rig.intake.listDeliveries({ limit: 1 })).items[0]?.id ?? '';
  const holder = connect(database().connection, { max: 1 });
  const [held, letGo] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const holding = transaction(holder, async (trx) => {
    await sql`select pg_advisory_xact_lock(${STUCK})`.execute(trx);
    held.resolve();
    await letGo.promise;
  });
  await held.promise;
  const replaying = rig.intake.replay(first, 'aoi');
  await expect(replaying).rejects.toMatchObject({ code: 'FUN_UNAVAILABLE' });
  const stuck = Array.from({ length: 6 }, () => deliver(rig.port, pushBody({ ref: 'refs/heads/stuck' })));
  const others = Array.from({ length: 6 }, () => deliver(rig.port));
  expect((await Promise.all(others)).map(({ status }) => status)).toEqual(others.map(() => 200));
  expect((await Promise.all(stuck)).map(({ status }) => status)).toEqual(stuck.map(() => 503));
  letGo.resolve();
  await holding;
  expect((await deliver(rig.port, pushBody({ ref: 'refs/heads/stuck' }))).status).toBe(200);
  expect(await count()).toEqual([8, 8]);
  await holder.destroy();
}, 60_000);

test('a schema that is not there yet is a 503, not a fault of the admission', async () => {
  const early: Admission = {
    plan: async (trx, arrivals) => {
      await sql`select 1 from tables_of_the_queue`.execute(trx);
      return admitAll.plan(trx, arrivals);
    },
  };
  const rig = await start({ admission: early });
  expect((await deliver(rig.port)).status).toBe(503);
  expect(await count()).toEqual([0, 0]);
});

/** A relay in front of PostgreSQL that can fall silent on the connections it has, as a host that vanished does. */
async function openRelay(target: { readonly host?: string | undefined; readonly port?: number | undefined }) {
  const pairs: [Socket, Socket][] = [];
  const server = createServer((near) => {
    const far = createConnection(`${target.host}/.s.PGSQL.${target.port ?? 5432}`);
    for (const socket of [near, far]) socket.on('error', () => {});
    near.pipe(far).pipe(near);
    pairs.push([near, far]);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    silence: () => {
      for (const [near, far] of pairs.splice(0)) {
        near.unpipe(far).pause();
        far.unpipe(near).destroy();
      }
    },
    close: () => server.close(),
  };
}

test('connections that fell silent are given up at the time limit, and the next deliveries get new ones', async () => {
  const { connection } = database();
  const relay = await openRelay(connection);
  const far = connect({ ...connection, host: '127.0.0.1', port: relay.port });
  const rig = await start({ db: far, limits: { storeMs: 4000 } });
  await Promise.all(Array.from({ length: 4 }, () => sql`select pg_sleep(0.3)`.execute(far)));
  expect((await deliver(rig.port)).status).toBe(200);
  relay.silence();
  expect((await Promise.all([deliver(rig.port), deliver(rig.port)])).map(({ status }) => status)).toEqual([503, 503]);
  await expect.poll(async () => (await deliver(rig.port)).status, { timeout: 12_000 }).toBe(200);
  await far.destroy();
  relay.close();
}, 60_000);

test('deliveries that come again in opposite orders are all counted', async () => {
  const rigs = [await start(), await start()] as const;
  const bodies = Array.from({ length: 8 }, () => pushBody());
  await Promise.all(bodies.map((body) => deliver(rigs[0].port, body)));
  const orders = [bodies, bodies.toReversed()];
  const answers = await Promise.all(orders.flatMap((order, at) => order.map((body) => deliver(rigs[at]!.port, body))));
  expect(answers.map(({ body }) => body['status'])).toEqual(answers.map(() => 'duplicate'));
  const { rows } = await sql<{ duplicates: number }>`select duplicates from deliveries`.execute(db());
  expect(rows.map(({ duplicates }) => duplicates)).toEqual(bodies.map(() => 2));
}, 30_000);
