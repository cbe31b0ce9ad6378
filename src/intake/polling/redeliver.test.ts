import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '../../../test/database.ts';
import { createAdmittedTable, deliver, pushBody, startIntake } from '../../../test/intake-rig.ts';
import { type PollRig, createPollRig, readPolled } from '../../../test/polling-rig.ts';
import { FunadeError } from '../../kernel/index.ts';

let database: TestDatabase;
let rig: PollRig;
let ids = 0;
beforeAll(async () => {
  database = await createTestDatabase();
  await createAdmittedTable(database.db);
});
beforeEach(async () => {
  await sql`truncate deliveries, admitted, source_repositories, source_refs`.execute(database.db);
  rig = createPollRig(database.db);
  await sql`insert into source_repositories (source, full_name, hook_id) values ('github', 'octo/greeter', '5')`.execute(
    database.db,
  );
});
afterAll(() => database.drop());

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** A delivery that got no 2xx, so many minutes ago. */
function fail(guid: string, minutes: number, event = 'issues'): void {
  ids += 1;
  const at = rig.clock.now() - minutes * MINUTE;
  rig.forge.world().failed.push({ id: `try-${ids}`, guid, hookId: '5', event, status: 502, at });
}

/** The forge tried again as it was asked to, and it failed again: only the newest try is on the list. */
function failAgain(): void {
  const { failed, redelivered } = rig.forge.world();
  const asked = failed.filter(({ id }) => redelivered.includes(id)).map(({ guid }) => guid);
  rig.forge.world().failed = failed.filter(({ guid }) => !asked.includes(guid));
  rig.clock.advance(5 * MINUTE);
  for (const guid of asked) fail(guid, 1);
}

const asked = () => rig.forge.world().redelivered;

test('what failed is asked for again, once, the oldest first', async () => {
  fail('b', 10);
  fail('a', 20);
  const poller = rig.poller();
  const [older, newer] = [...rig.forge.world().failed].toSorted((left, right) => left.at - right.at);
  expect(await poller.runOnce()).toMatchObject({
    redelivered: 2,
    found: 0,
    repositories: [{ outcome: 'found', redelivered: 2 }],
  });
  expect(asked()).toEqual([older?.id, newer?.id]);
  for (let round = 0; round < 3; round += 1) expect(await poller.runOnce()).toMatchObject({ redelivered: 0 });
  rig.clock.advance(30 * MINUTE);
  await poller.runOnce();
  expect(asked()).toHaveLength(2);
});

test('what is stored arrived: only its answer did not', async () => {
  const intake = await startIntake({ db: database.db });
  await deliver(intake.port, pushBody(), 'issues', 'came-in-time');
  await intake.stop();
  fail('came-in-time', 10);
  fail('missing', 10);
  expect(await rig.poller().runOnce()).toMatchObject({ redelivered: 1 });
});

test.each(['push', 'create', 'release'])('a %s is not: the refs tell where the repository is now', async (event) => {
  fail('a', 10, event);
  expect(await rig.poller().runOnce()).toMatchObject({ redelivered: 0, failed: [] });
});

test('a delivery that fails each time is asked for three times', async () => {
  fail('a', 10);
  const poller = rig.poller();
  for (let round = 0; round < 6; round += 1) {
    await poller.runOnce();
    failAgain();
  }
  expect(asked()).toHaveLength(3);
});

test('fifty at most in one look, and the rest in the next', async () => {
  for (let index = 0; index < 70; index += 1) fail(`guid-${index}`, 100 - index);
  const poller = rig.poller();
  expect((await poller.runOnce()).redelivered).toBe(50);
  expect((await poller.runOnce()).redelivered).toBe(20);
  expect((await poller.runOnce()).redelivered).toBe(0);
  expect(new Set(asked()).size).toBe(70);
});

test('not what is older than three days, and from then on only what is new', async () => {
  fail('old', 4 * 24 * 60);
  fail('new', 2 * 24 * 60);
  expect(await rig.poller().runOnce()).toMatchObject({ redelivered: 1 });
  const until = (await readPolled(database.db))?.redelivered_until?.getTime() ?? 0;
  expect(rig.clock.now() - until).toBe(10 * MINUTE);
  rig.clock.advance(DAY);
  fail('today', 5);
  expect(await rig.poller().runOnce()).toMatchObject({ redelivered: 1 });
});

describe('trouble', () => {
  test('in the middle keeps what was asked for', async () => {
    for (const guid of ['a', 'b', 'c']) fail(guid, 10);
    let count = 0;
    rig.forge.before = (verb) => {
      if (verb !== 'redeliver') return;
      count += 1;
      if (count === 3)
        throw new FunadeError('FUN_FORGE_UNREACHABLE', { act: 'ask', host: 'github.com', reason: 'a test' });
    };
    const poller = rig.poller();
    expect(await poller.runOnce()).toMatchObject({ redelivered: 2, failed: [{ outcome: 'failed' }] });
    expect(await poller.runOnce()).toMatchObject({ redelivered: 1, failed: [] });
    expect(new Set(asked()).size).toBe(3);
  });

  test.each(['FUN_FORGE_REFUSED', 'FUN_FORGE_NOT_FOUND'] as const)(
    'that waiting would not end (%s) does not make the look fail: labels are found without hooks',
    async (code) => {
      rig.forge.before = (verb) => {
        if (verb === 'failedDeliveries')
          throw new FunadeError(code, { act: 'list', host: 'github.com', reason: 'a test' });
      };
      expect(await rig.poller().runOnce()).toMatchObject({ failed: [], repositories: [{ outcome: 'unchanged' }] });
    },
  );
});

test('a repository without a hook of ours, and a forge that can’t tell, are not asked', async () => {
  fail('a', 10);
  await sql`update source_repositories set hook_id = null`.execute(database.db);
  await rig.poller().runOnce();
  expect(rig.forge.calls.filter((call) => call.startsWith('failedDeliveries'))).toEqual([]);
});
