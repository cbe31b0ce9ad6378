import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { admitAll, deliver, pushBody } from '../../test/intake-rig.ts';
import { useIntake } from '../../test/use-intake.ts';
import { systemClock } from '../kernel/index.ts';
import { readEvents } from '../store/index.ts';
import type { Arrival } from './port.ts';

const { db, start, count } = useIntake();

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
      .poll(() => readEvents(db(), { after: 0, limit: 1, subject: replayed.id }), { timeout: 10_000 })
      .toMatchObject([{ kind: 'delivery.replayed', actor: 'mona', data: { replayOf: first?.id } }]);
    expect((await deliver(rig.port, body)).body['status']).toBe('duplicate');
  });

  test('no sender can pass for a stored delivery, a finding or a replay', async () => {
    const seen: Arrival[] = [];
    const rig = await start({
      admission: {
        plan: (trx, arrivals) => {
          seen.push(...arrivals);
          return admitAll.plan(trx, arrivals);
        },
      },
    });
    await deliver(rig.port);
    const [first] = (await rig.intake.listDeliveries({ limit: 1 })).items;
    const own = first?.id ?? '';
    for (const id of [own, `replay:${own}`, 'poll:7:refs/heads/main:1', 'DLV_x', 'sha256:0'])
      expect(await deliver(rig.port, pushBody(), 'push', id)).toMatchObject({
        status: 200,
        body: { status: 'success' },
      });
    expect(await rig.intake.getDelivery(own)).toMatchObject({ id: own, deliveryId: first?.deliveryId });
    expect(seen.map(({ isReplay }) => isReplay)).toEqual(Array.from({ length: 6 }, () => false));
    for (const { deliveryId } of seen.slice(1)) expect(deliveryId).toMatch(/^sha256:[0-9a-f]{64}$/);
    await rig.intake.replay(own, 'mona');
    expect(seen.at(-1)).toMatchObject({ isReplay: true, deliveryId: expect.stringMatching(/^replay:dlv_/) });
  });

  test('our own id finds its delivery before the same id of a forge does', async () => {
    const rig = await start();
    await deliver(rig.port);
    const [first] = (await rig.intake.listDeliveries({ limit: 1 })).items;
    await deliver(rig.port, pushBody(), 'push', 'other');
    await sql`update deliveries set delivery_id = ${first?.id} where delivery_id = 'other'`.execute(db());
    expect(await rig.intake.getDelivery(first?.id ?? '')).toMatchObject({ id: first?.id });
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
      select length(body_hash) as length from deliveries where delivery_id = ${oldId}`.execute(db());
    expect(rows).toEqual([{ length: 32 }]);
  });
});
