import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '../../../test/database.ts';
import { countRows, createAdmittedTable } from '../../../test/intake-rig.ts';
import { type PollRig, createPollRig, readFound, readPolled } from '../../../test/polling-rig.ts';
import { systemClock } from '../../kernel/index.ts';
import { connect } from '../../store/index.ts';
import type { Poller } from './port.ts';

let database: TestDatabase;
let rig: PollRig;
let running: Poller[] = [];
beforeAll(async () => {
  database = await createTestDatabase();
  await createAdmittedTable(database.db);
});
beforeEach(async () => {
  await sql`truncate deliveries, admitted, source_repositories, source_refs`.execute(database.db);
  rig = createPollRig(database.db);
});
afterEach(async () => {
  for (const poller of running) await poller.stop();
  running = [];
});
afterAll(() => database.drop());

const MINUTE = 60_000;
describe('one look', () => {
  test('of every configured repository is what a producer does, whatever their times, and it reports each', async () => {
    rig.forge.world('octo/other');
    const polled: string[] = [];
    const poller = rig.poller({
      repositories: ['octo/greeter', 'octo/other', 'octo/gone'],
      onPolled: (source, outcome) => void polled.push(`${source} ${outcome}`),
    });
    const expected = {
      repositories: [
        { source: 'github', repository: 'octo/gone', outcome: 'failed', reason: expect.stringContaining('not there') },
        { source: 'github', repository: 'octo/greeter', outcome: 'unchanged', reason: null },
        { source: 'github', repository: 'octo/other', outcome: 'unchanged', reason: null },
      ],
      failed: [{ repository: 'octo/gone' }],
    };
    expect(await poller.runOnce()).toMatchObject(expected);
    expect(await poller.runOnce()).toMatchObject(expected);
    expect(polled.toSorted()).toEqual(
      ['failed', 'failed', ...Array.from({ length: 4 }, () => 'unchanged')].map((each) => `github ${each}`),
    );
  });

  test('is not taken twice by two processes at once', async () => {
    const other = connect(database.connection);
    rig.forge.label(1, rig.clock.now() - 5 * MINUTE);
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    rig.forge.before = async (verb) => {
      if (verb === 'listLabelled') await gate;
    };
    const pollers = [rig.poller(), rig.poller({ db: other })];
    const reports = Promise.all(pollers.map((poller) => poller.runOnce().finally(open)));
    const outcomes = (await reports).flatMap(({ repositories }) => repositories.map(({ outcome }) => outcome));
    expect(outcomes.toSorted()).toEqual(['busy', 'found']);
    expect(rig.forge.calls.filter((call) => call.startsWith('listLabelled'))).toHaveLength(1);
    expect(await countRows(database.db, 'admitted')).toBe(1);
    await other.destroy();
  });

  test('of a process that died in it is taken over after some minutes', async () => {
    await rig.poller().runOnce();
    await sql`update source_repositories set polling_until = ${new Date(rig.clock.now() + 5 * MINUTE)}`.execute(
      database.db,
    );
    expect(await rig.poller().runOnce()).toMatchObject({ repositories: [{ outcome: 'busy' }], failed: [] });
    rig.clock.advance(5 * MINUTE);
    expect(await rig.poller().runOnce()).toMatchObject({ repositories: [{ outcome: 'unchanged' }] });
  });

  test('that was taken over meanwhile writes nothing any more', async () => {
    rig.forge.before = async (verb) => {
      if (verb === 'listLabelled')
        await sql`update source_repositories set polling_until = now() + interval '1 day'`.execute(database.db);
    };
    expect(await rig.poller().runOnce()).toMatchObject({ repositories: [{ outcome: 'busy' }] });
    expect(await readPolled(database.db)).toMatchObject({ polled_at: null, poll_at: null });
  });

  test('of more than four repositories is of four at the same time', async () => {
    const names = Array.from({ length: 9 }, (_, index) => `octo/r${index}`);
    for (const name of names) rig.forge.world(name);
    let now = 0;
    let most = 0;
    let open = () => {};
    const full = new Promise<void>((resolve) => {
      open = resolve;
    });
    rig.forge.before = async (verb) => {
      if (verb !== 'listLabelled') return;
      now += 1;
      most = Math.max(most, now);
      if (now === 4) open();
      await full;
      await sql`select pg_sleep(0.05)`.execute(database.db);
      now -= 1;
    };
    expect(await rig.poller({ repositories: names }).runOnce()).toMatchObject({ failed: [] });
    expect(most).toBe(4);
  });

  test('is of one repository once, though an application comes from it too and writes it otherwise', async () => {
    const applications = ['Octo/Greeter', 'octo/app'].map((fullName) => {
      return {
        source: 'github',
        repository: { id: null, fullName },
        address: null,
        refs: { branches: ['main'], tags: [] },
      };
    });
    rig.forge.world('octo/app');
    const report = await rig.poller({ applications: () => Promise.resolve(applications) }).runOnce();
    expect(report.repositories.map(({ repository }) => repository)).toEqual(['octo/app', 'octo/greeter']);
    expect(rig.forge.calls.filter((call) => call.startsWith('listRefs'))).toHaveLength(2);
  });
});

describe('polling that goes on', () => {
  test('looks again when it is time, in two processes once each time, and ends when told to', async () => {
    const other = connect(database.connection);
    const timing = { clock: systemClock, intervalMs: 500, tickMs: 5000 };
    rig.forge.world('octo/other');
    const repositories = ['octo/greeter', 'octo/other'];
    const pollers = [rig.poller({ ...timing, repositories }), rig.poller({ ...timing, repositories, db: other })];
    running.push(...pollers);
    const began = Date.now();
    for (const poller of pollers) poller.start();
    const looks = (name: string) => rig.forge.calls.filter((call) => call.startsWith(`listLabelled ${name}`)).length;
    await expect
      .poll(() => Math.min(looks('octo/greeter'), looks('octo/other')), { timeout: 60_000 })
      .toBeGreaterThanOrEqual(4);
    await Promise.all(pollers.map((poller) => poller.stop()));
    // The jitter of the rig is none: never more looks than intervals that have passed.
    const most = Math.ceil((Date.now() - began) / 500) + 1;
    expect(looks('octo/greeter')).toBeLessThanOrEqual(most);
    const after = rig.forge.calls.length;
    expect(await readPolled(database.db)).toMatchObject({ polling_until: null });
    expect(rig.forge.calls).toHaveLength(after);
    await other.destroy();
  });

  test('gives a repository back when it is stopped in the middle, and another finds the same', async () => {
    for (const number of [1, 2, 3]) rig.forge.label(number, rig.clock.now() - 5 * MINUTE);
    const poller = rig.poller();
    let stopped: Promise<void> | undefined;
    rig.forge.before = (verb) => {
      if (verb === 'labelling') stopped ??= poller.stop();
    };
    const report = await poller.runOnce();
    await stopped;
    expect(report).toMatchObject({ repositories: [{ outcome: 'stopped' }] });
    expect(await readPolled(database.db)).toMatchObject({ polling_until: null, poll_at: null });
    rig.forge.before = null;
    await rig.poller().runOnce();
    expect(await countRows(database.db, 'admitted')).toBe(3);
    expect((await readFound(database.db)).map(({ duplicates }) => duplicates)).toEqual([0, 0, 0]);
  });
});
