import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '../../../test/database.ts';
import { createAdmittedTable } from '../../../test/intake-rig.ts';
import { type PollRig, createPollRig, readFound, readPolled } from '../../../test/polling-rig.ts';
import { FunadeError } from '../../kernel/index.ts';
import type { Poller } from './port.ts';

let database: TestDatabase;
let rig: PollRig;
let poller: Poller;
beforeAll(async () => {
  database = await createTestDatabase();
  await createAdmittedTable(database.db);
});
beforeEach(async () => {
  await sql`truncate deliveries, admitted, source_repositories, source_refs`.execute(database.db);
  rig = createPollRig(database.db);
  rig.forge.world().refs.set('refs/heads/main', 'a'.repeat(40));
  const application = {
    source: 'github',
    repository: { id: null, fullName: 'octo/greeter' },
    address: 'https://github.com/octo/greeter.git',
    refs: { branches: ['main'], tags: [] },
  };
  poller = rig.poller({ applications: () => Promise.resolve([application]) });
});
afterAll(() => database.drop());

const MINUTE = 60_000;
const rejected = (status: number) =>
  new FunadeError('FUN_FORGE_REJECTED', { act: 'list', host: 'github.com', status, reason: `a test of ${status}` });

function failOn(errors: Readonly<Record<string, Error>>): void {
  rig.forge.before = (verb) => {
    const error = errors[verb];
    if (error !== undefined) throw error;
  };
}

async function minutesToNext(): Promise<number> {
  return (((await readPolled(database.db))?.poll_at?.getTime() ?? 0) - rig.clock.now()) / MINUTE;
}

async function eventKinds(): Promise<readonly string[]> {
  const rows = await database.db.selectFrom('events').select('kind').orderBy('position').execute();
  return rows.map(({ kind }) => kind).filter((kind) => kind.startsWith('poll.'));
}

test('where labels can’t be asked for, pushes are found all the same, without backoff, and one event tells', async () => {
  failOn({ listLabelled: new FunadeError('FUN_FORGE_NOT_FOUND', { act: 'list labels', host: 'github.com' }) });
  await poller.runOnce();
  rig.forge.world().refs.set('refs/heads/main', 'b'.repeat(40));
  expect(await poller.runOnce()).toMatchObject({ found: 1, repositories: [{ outcome: 'failed', found: 1 }] });
  expect((await readFound(database.db)).map((row) => row.delivery_id)).toEqual([
    expect.stringContaining(`refs/heads/main:${'b'.repeat(40)}`),
  ]);
  const row = await readPolled(database.db);
  expect(row).toMatchObject({ poll_failures: 0, poll_failure: expect.stringContaining('list labels') });
  expect(row?.polled_at).not.toBeNull();
  expect(await minutesToNext()).toBeCloseTo(5);
  failOn({});
  expect(await poller.runOnce()).toMatchObject({ failed: [] });
  expect(await readPolled(database.db)).toMatchObject({ poll_failure: null });
  expect(await eventKinds()).toEqual(['poll.failed', 'poll.recovered']);
});

test('where refs can’t be asked for, labels are found, and what fails in both is told together, with backoff', async () => {
  rig.forge.label(1, rig.clock.now() - 5 * MINUTE);
  failOn({ listRefs: rejected(400) });
  expect(await poller.runOnce()).toMatchObject({ found: 1, failed: [{ reason: expect.stringContaining('of 400') }] });
  failOn({ listRefs: rejected(400), listLabelled: rejected(451) });
  for (const wait of [5, 10]) {
    await poller.runOnce();
    expect(await minutesToNext()).toBeCloseTo(wait);
  }
  const { poll_failure: reason } = (await readPolled(database.db)) ?? {};
  expect(reason).toMatch(/of 451.*of 400/);
});

test.each([
  ['a limit', new FunadeError('FUN_FORGE_LIMITED', { act: 'list', host: 'github.com', until: 'x', at: 2 ** 42 })],
  ['a token that is not accepted', new FunadeError('FUN_FORGE_LOGIN_REFUSED', { act: 'a', host: 'h', reason: 'r' })],
])('%s is one of the account, and ends the look', async (_, error) => {
  failOn({ listLabelled: error });
  const report = await poller.runOnce();
  expect(report.failed).toHaveLength(1);
  expect(rig.forge.calls).not.toContain('listRefs octo/greeter');
});

test('a repository without a commit is no failure, and its first push is found', async () => {
  failOn({ listRefs: rejected(409) });
  rig.forge.world().refs.clear();
  expect(await poller.runOnce()).toMatchObject({ failed: [] });
  failOn({});
  rig.forge.world().refs.set('refs/heads/main', 'c'.repeat(40));
  expect(await poller.runOnce()).toMatchObject({ found: 1, failed: [] });
});

test('a repository that is not ready for a moment has not lost its refs', async () => {
  await poller.runOnce();
  failOn({ listRefs: rejected(409) });
  expect(await poller.runOnce()).toMatchObject({ failed: [] });
  failOn({});
  expect(await poller.runOnce()).toMatchObject({ found: 0, failed: [] });
});
