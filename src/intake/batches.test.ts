import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { type IntakeRig, admitAll, deliver, pushBody } from '../../test/intake-rig.ts';
import { useIntake } from '../../test/use-intake.ts';
import { forgeWebhooks } from '../forges/index.ts';
import { transaction } from '../store/index.ts';
import type { Admission } from './index.ts';

const { db, start, count, countWaiting } = useIntake();

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
    await transaction(db(), async (trx) => {
      await sql`lock table deliveries in exclusive mode`.execute(trx);
      parsed = 0;
      const first = deliver(rig.port);
      await expect.poll(countWaiting).toBe(1);
      const others = bodies.map(async (body) => (await deliver(rig.port, body)).body);
      answers = Promise.all([first.then((answer) => answer.body), ...others]);
      await expect.poll(() => parsed, { timeout: 10_000 }).toBe(1 + bodies.length); // what is parsed is in line at once
    });
    return (await answers) ?? [];
  }

  test('in one transaction', async () => {
    const rig = await start({ forges: counting, limits: { concurrency: 1 } });
    const bodies = Array.from({ length: 5 }, () => pushBody());
    const answers = await deliverBehind(rig, bodies);
    expect(answers).toMatchObject(Array.from({ length: 6 }, () => ({ status: 'success' })));
    const { rows } = await sql<{ size: number }>`
      select count(*) as size from deliveries group by xmin::text order by size`.execute(db());
    expect(rows.map(({ size }) => size)).toEqual([1, 5]);
    expect(await count()).toEqual([6, 6]);
  });

  test('with one that the admission fails on, which alone is kept as rejected', async () => {
    const admission: Admission = {
      plan: (trx, arrivals) => {
        if (arrivals.some(({ event }) => 'ref' in event && event.ref.endsWith('cursed'))) throw new TypeError('cursed');
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
