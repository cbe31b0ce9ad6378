import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '../../test/database.ts';
import type { Death } from '../../test/rollouts/crashing.ts';
import { AT_ONCE, type Place, createPlace } from '../../test/rollouts/place.ts';
import { MINUTE } from '../../test/rollouts/plans.ts';
import * as store from './store.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** Everything that must be the same, wherever the process died. */
async function outcomeOf({ key, target, ended, app, calls, unannounced }: Place, rolloutId: string) {
  const row = await store.readRollout(database.db, rolloutId);
  const environment = await store.readEnvironment(database.db, key);
  const [deployment] = await store.listDeployments(database.db, { ...key, limit: 1 });
  const effects = target.effects();
  const done = effects.map(({ verb, key: name }) => `${verb} ${name.replace(/:\d+$/, '').replaceAll(app, 'app')}`);
  const { versions } = await target.observe(key);
  return {
    phase: row?.phase,
    weightsSeen: row?.state.weightsSeen,
    ledger: deployment?.status,
    hold: environment?.hold?.releaseId ?? null,
    drift: environment?.drift,
    live: environment?.live_release,
    carrying: versions
      .filter((version) => version.weight > 0)
      .map(({ version, weight: share }) => `${version} ${share}`),
    routed: effects.filter(({ verb }) => verb === 'shift').map((effect) => effect.weight),
    twice: done.filter((name, index) => done.indexOf(name) !== index),
    unannounced,
    told: ended.filter((line, index) => line.startsWith(rolloutId) && ended.indexOf(line) === index),
    finished: row?.finished_at instanceof Date,
    keys: [...new Set(calls)].filter((call) => call.startsWith(rolloutId)).map((call) => call.slice(rolloutId.length)),
  };
}

interface Case {
  readonly name: string;
  /** Brings the environment to where counting begins, and answers with the rollout that is then moved. */
  begin(place: Place): Promise<string>;
  readonly expected: Record<string, unknown>;
}

const cases: readonly Case[] = [
  {
    name: 'a canary',
    async begin(place) {
      await place.deploy(1);
      await place.until(async () => (await store.readOpenRollouts(database.db, place.key)).length === 0);
      return place.deploy(2);
    },
    expected: {
      phase: 'succeeded',
      weightsSeen: [10, 25, 50, 75, 100],
      routed: [100, 10, 25, 50, 75, 100],
      keys: [':prepare', ':step-0:10', ':step-2:25', ':step-3:50', ':step-4:75', ':step-5:100'],
      ledger: 'succeeded',
      live: 'rel_002',
      carrying: ['rel_002 100'],
      hold: null,
    },
  },
  {
    name: 'a canary that is aborted',
    async begin(place) {
      await place.deploy(1);
      await place.until(async () => (await store.readOpenRollouts(database.db, place.key)).length === 0);
      const id = await place.deploy(2);
      await place.until(async () => (await store.readRollout(database.db, id))?.state.weight === 25);
      await place.abort(id);
      return id;
    },
    expected: {
      phase: 'aborted',
      weightsSeen: [10, 25, 0],
      routed: [100, 10, 25, 0],
      keys: [':prepare', ':step-0:10', ':step-2:25', ':back'],
      ledger: 'aborted',
      live: 'rel_001',
      carrying: ['rel_001 100'],
      hold: 'rel_002',
    },
  },
  {
    name: 'a rollback',
    async begin(place) {
      await place.deploy(1);
      await place.until(async () => (await store.readOpenRollouts(database.db, place.key)).length === 0);
      place.catalog.add(2, AT_ONCE);
      await place.deploy(2);
      await place.until(async () => (await store.readOpenRollouts(database.db, place.key)).length === 0);
      place.clock.advance(MINUTE);
      return place.rollback();
    },
    expected: {
      phase: 'rolled_back',
      weightsSeen: [100],
      routed: [100, 100, 100],
      keys: [':switch'],
      ledger: 'rolled_back',
      live: 'rel_001',
      carrying: ['rel_001 100'],
      hold: 'rel_002',
    },
  },
];

describe.each(cases)('$name whose process dies at any boundary', ({ name, begin, expected }) => {
  const slug = name.replaceAll(' ', '-');

  async function run(boundary: number): Promise<{ readonly outcome: object; readonly death: Death }> {
    const place = createPlace(database.db, `${slug}-${boundary}`);
    const id = await begin(place);
    place.death.at(boundary);
    await place.untilIdle();
    const outcome = await outcomeOf(place, id);
    return { outcome, death: place.death };
  }

  test(
    'ends the same: phase, weights at the router, ledger and hold; no effect twice; its end is told once',
    { timeout: 240_000 },
    async () => {
      const undisturbed = await run(Number.MAX_SAFE_INTEGER);
      const same = {
        ...expected,
        twice: [],
        unannounced: [],
        drift: null,
        finished: true,
        told: [expect.stringContaining(String(expected['phase']))],
      };
      expect(undisturbed.outcome).toMatchObject(same);
      const { passed } = undisturbed.death;
      expect(passed).toBeGreaterThan(20);
      const boundaries = Array.from({ length: passed }, (_, index) => index + 1);
      const workers = Array.from({ length: 6 }, async () => {
        for (let next = boundaries.shift(); next !== undefined; next = boundaries.shift()) {
          const { outcome } = await run(next);
          expect({ boundary: next, ...outcome }).toMatchObject(same);
        }
      });
      await Promise.all(workers);
    },
  );
});

describe('two processes that both believe to lead', () => {
  async function canaryAfterFirst(app: string): Promise<{ readonly place: Place; readonly id: string }> {
    const place = createPlace(database.db, app);
    await place.deploy(1);
    await place.until(async () => (await store.readOpenRollouts(database.db, place.key)).length === 0);
    return { place, id: await place.deploy(2) };
  }

  async function reaches(place: Place, id: string, percent: number): Promise<void> {
    await place.until(async () => (await store.readRollout(database.db, id))?.state.weight === percent);
  }

  test('at the same time do nothing twice', async () => {
    const { place, id } = await canaryAfterFirst('two-leaders');
    for (let rounds = 0; rounds < 200; rounds += 1) {
      if ((await store.readOpenRollouts(database.db, place.key)).length === 0) break;
      await place.roundOfTwo();
    }
    const row = await store.readRollout(database.db, id);
    expect(row).toMatchObject({ phase: 'succeeded', state: { weightsSeen: [10, 25, 50, 75, 100] } });
    const shifts = place.target.effects().filter(({ verb }) => verb === 'shift');
    expect(shifts.map((effect) => effect.weight)).toEqual([100, 10, 25, 50, 75, 100]);
  });

  test.each([
    ['before it started', 0],
    ['at 10%', 10],
  ])('one of them, which slept since %s, overwrites nothing of what the other has done', async (when, percent) => {
    const { place, id } = await canaryAfterFirst(`sleeper-${percent}`);
    if (percent > 0) await reaches(place, id, percent);
    const sleeper = place.sleepyRound();
    await reaches(place, id, 50);
    const before = await store.readRollout(database.db, id);
    await sleeper.wake();
    expect(await store.readRollout(database.db, id), when).toEqual(before);
    await place.untilIdle();
    const row = await store.readRollout(database.db, id);
    expect(row).toMatchObject({ phase: 'succeeded', state: { weightsSeen: [10, 25, 50, 75, 100] } });
  });
});
