import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '../../../test/database.ts';
import { createAdmittedTable, deliver, startIntake } from '../../../test/intake-rig.ts';
import {
  INTERVAL,
  type PollRig,
  createPollRig,
  polledSources,
  readFound,
  readPolled,
} from '../../../test/polling-rig.ts';
import { FunadeError, systemClock } from '../../kernel/index.ts';
import type { Poller } from './port.ts';

let database: TestDatabase;
let rig: PollRig;
let running: Poller[] = [];
/** Position of the last event before the test. */
let begin = 0;
beforeAll(async () => {
  database = await createTestDatabase();
  await createAdmittedTable(database.db);
});
beforeEach(async () => {
  await sql`truncate deliveries, admitted, source_repositories, source_refs, sources`.execute(database.db);
  const newest = await database.db
    .selectFrom('events')
    .select('position')
    .orderBy('position', 'desc')
    .limit(1)
    .executeTakeFirst();
  begin = newest?.position ?? 0;
  rig = createPollRig(database.db);
});
afterEach(async () => {
  for (const poller of running) await poller.stop();
  running = [];
});
afterAll(() => database.drop());

const MINUTE = 60_000;
const UNREACHABLE = new FunadeError('FUN_FORGE_UNREACHABLE', { act: 'list', host: 'github.com', reason: 'a test' });

async function minutesToNext(fullName?: string): Promise<number> {
  const at = (await readPolled(database.db, fullName))?.poll_at?.getTime() ?? 0;
  return (at - rig.clock.now()) / MINUTE;
}

async function events(): Promise<
  readonly { readonly kind: string; readonly subject: string; readonly data: unknown }[]
> {
  const rows = database.db
    .selectFrom('events')
    .select(['kind', 'subject', 'data'])
    .where('position', '>', begin)
    .orderBy('position');
  return (await rows.execute()).filter(({ kind }) => kind.startsWith('poll.'));
}

describe('the time of the next look', () => {
  test('is an interval later, and four while webhooks of the source arrive', async () => {
    await rig.poller().runOnce();
    expect(await minutesToNext()).toBeCloseTo(5);
    const clock = rig.clock;
    const intake = await startIntake({ db: database.db });
    await deliver(intake.port);
    await intake.stop();
    clock.set(systemClock.now());
    await rig.poller().runOnce();
    expect(await minutesToNext()).toBeCloseTo(20);
    await sql`
      insert into sources (name, forge, added_by, created_at, last_failure_at)
      values ('github', 'github', 'test', now(), now() + interval '1 minute')`.execute(database.db);
    await rig.poller().runOnce();
    expect(await minutesToNext()).toBeCloseTo(5);
    await sql`delete from sources`.execute(database.db);
    clock.advance(2 * INTERVAL + MINUTE);
    await rig.poller().runOnce();
    expect(await minutesToNext()).toBeCloseTo(5);
  });

  test('is later the more often it failed, and one event tells of the first failure and one of the recovery', async () => {
    const poller = rig.poller({ repositories: ['octo/greeter', 'octo/other'] });
    rig.forge.world('octo/other');
    rig.forge.before = (_verb, fullName) => {
      if (fullName === 'octo/greeter') throw UNREACHABLE;
    };
    const waits: number[] = [];
    for (let round = 0; round < 6; round += 1) {
      expect(await poller.runOnce()).toMatchObject({ failed: [{ repository: 'octo/greeter' }] });
      waits.push(Math.round(await minutesToNext()));
    }
    expect(waits).toEqual([5, 10, 20, 40, 60, 60]);
    expect(await minutesToNext('octo/other')).toBeCloseTo(5);
    expect(await readPolled(database.db)).toMatchObject({
      poll_failures: 6,
      poll_failure: UNREACHABLE.message,
      polled_at: null,
    });
    rig.forge.before = null;
    await poller.runOnce();
    expect(await readPolled(database.db)).toMatchObject({ poll_failures: 0, poll_failure: null });
    expect(await minutesToNext()).toBeCloseTo(5);
    expect(await events()).toMatchObject([
      {
        kind: 'poll.failed',
        subject: 'github/octo/greeter',
        data: {
          source: 'github',
          repository: 'octo/greeter',
          code: 'FUN_FORGE_UNREACHABLE',
          reason: UNREACHABLE.message,
        },
      },
      { kind: 'poll.recovered', subject: 'github/octo/greeter' },
    ]);
    expect(rig.logs().filter(({ level }) => level === 'warn')).toHaveLength(1);
  });

  test('is when a limit ends, for all repositories of the account, without another request before', async () => {
    const until = rig.clock.now() + 17 * MINUTE;
    rig.forge.world('octo/other');
    rig.forge.before = () => {
      throw new FunadeError('FUN_FORGE_LIMITED', { act: 'list', host: 'github.com', until: 'later', at: until });
    };
    const names = ['octo/greeter', 'octo/other', 'octo/third', 'octo/fourth', 'octo/fifth', 'octo/sixth'];
    const poller = rig.poller({ repositories: names });
    const report = await poller.runOnce();
    expect(report.failed.map(({ outcome }) => outcome)).toEqual(names.map(() => 'limited'));
    const asked = rig.forge.calls.length;
    expect(asked).toBeLessThanOrEqual(4);
    expect(await minutesToNext()).toBeCloseTo(17.25);
    rig.forge.before = null;
    await poller.runOnce();
    // Another process has read of it.
    await rig.poller({ repositories: ['octo/greeter'] }).runOnce();
    expect(rig.forge.calls).toHaveLength(asked);
    expect(await readPolled(database.db)).toMatchObject({
      poll_failures: 0,
      poll_failure: expect.stringContaining('takes no more requests'),
    });
    expect(await events()).toEqual([]);
    rig.clock.set(until);
    expect(await rig.poller({ repositories: ['octo/greeter'] }).runOnce()).toMatchObject({ failed: [] });
    expect(await readPolled(database.db)).toMatchObject({ poll_failure: null });
  });
});

describe('a fault', () => {
  test('of Funade itself is shown by its id, and the log has the rest', async () => {
    rig.forge.before = () => {
      throw new TypeError('the inside of the server');
    };
    await rig.poller().runOnce();
    const shown = (await readPolled(database.db))?.poll_failure ?? '';
    const id = /err_\w+/.exec(shown)?.[0] ?? 'none';
    expect(shown).not.toContain('inside');
    expect(rig.logs()).toContainEqual(expect.objectContaining({ id, reason: 'the inside of the server' }));
  });

  test('of the application list leaves nothing looked at, and the loop goes on', async () => {
    let calls = 0;
    const poller = rig.poller({
      tickMs: 300,
      applications: () => {
        calls += 1;
        return calls === 1 ? Promise.reject(new Error('away')) : Promise.resolve([]);
      },
    });
    running.push(poller);
    poller.start();
    await expect.poll(async () => (await readPolled(database.db))?.polled_at ?? null).not.toBeNull();
  });
});

describe('a source without an account', () => {
  test('says with its repository what it can’t ask, in the log once, and is not taken for failing', async () => {
    const poller = rig.poller({ sources: polledSources(null, ['octo/greeter']) });
    for (let round = 0; round < 3; round += 1) {
      expect(await poller.runOnce()).toMatchObject({
        failed: [{ outcome: 'no_credentials', reason: expect.stringContaining('no token') }],
      });
      expect(await minutesToNext()).toBeCloseTo(5);
    }
    expect(await readPolled(database.db)).toMatchObject({
      poll_failures: 0,
      poll_failure: expect.stringContaining('no token'),
      polled_at: null,
    });
    expect(rig.logs().filter(({ level }) => level === 'warn')).toHaveLength(1);
    expect(await events()).toEqual([]);
    expect(rig.forge.calls).toEqual([]);
  });

  test('is asked for its refs by git, where an application has an address', async () => {
    const address = 'https://user:secret-of-the-address@git.example.org/octo/greeter.git';
    let sha = 'a'.repeat(40);
    const poller = rig.poller({
      sources: polledSources(null, []),
      applications: () =>
        Promise.resolve([
          {
            source: 'github',
            repository: { id: null, fullName: 'octo/greeter' },
            address,
            refs: { branches: ['main'], tags: [] },
          },
        ]),
      listRemote: (asked) => {
        expect(asked).toBe(address);
        return Promise.resolve([
          { ref: 'HEAD', sha },
          { ref: 'refs/heads/main', sha },
          { ref: 'refs/tags/v1^{}', sha },
        ]);
      },
    });
    expect(await poller.runOnce()).toMatchObject({ found: 0, failed: [], repositories: [{ outcome: 'unchanged' }] });
    sha = 'b'.repeat(40);
    expect(await poller.runOnce()).toMatchObject({
      found: 1,
      repositories: [{ outcome: 'found', reason: expect.stringContaining('no token') }],
    });
    expect(await readFound(database.db)).toMatchObject([
      { delivery_id: `poll:octo/greeter:refs/heads/main:${sha}:1750000002` },
    ]);
    const { rows } = await sql<{ text: string }>`select convert_from(body, 'UTF8') as text from deliveries`.execute(
      database.db,
    );
    expect(rows[0]?.text).not.toContain('secret-of-the-address');
    expect((await readPolled(database.db))?.polled_at).not.toBeNull();
  });
});

test('an annotated tag that git lists is told by its commit where the forge is GitLab, as its webhooks do', async () => {
  const refs: { ref: string; sha: string }[] = [{ ref: 'refs/heads/main', sha: 'a'.repeat(40) }];
  const [source] = polledSources(null, []).all();
  const gitlab = { ...source!, name: 'gitlab', forge: 'gitlab' as const };
  const poller = rig.poller({
    sources: { ...polledSources(null, []), all: () => [gitlab], get: () => gitlab },
    applications: () =>
      Promise.resolve([
        {
          source: 'gitlab',
          repository: { id: null, fullName: 'group/greeter' },
          address: 'https://gitlab.com/group/greeter.git',
          refs: { branches: [], tags: ['v*'] },
        },
      ]),
    listRemote: () => Promise.resolve(refs),
  });
  await poller.runOnce();
  refs.push({ ref: 'refs/tags/v1', sha: 'b'.repeat(40) }, { ref: 'refs/tags/v1^{}', sha: 'a'.repeat(40) });
  expect(await poller.runOnce()).toMatchObject({ found: 1 });
  expect(await readFound(database.db)).toMatchObject([
    { delivery_id: expect.stringContaining(`refs/tags/v1:${'a'.repeat(40)}`) },
  ]);
});

describe('a repository', () => {
  test('that was renamed is found by its id', async () => {
    const poller = rig.poller();
    await poller.runOnce();
    const world = rig.forge.world();
    rig.forge.worlds.delete('octo/greeter');
    rig.forge.worlds.set('octo/new-name', world);
    rig.forge.label(1, rig.clock.now() - 5 * MINUTE, undefined, 'octo/new-name');
    expect(await poller.runOnce()).toMatchObject({ found: 1, failed: [] });
  });

  test('that took the name of another is new: nothing that was remembered is true of it', async () => {
    rig.forge.label(1, rig.clock.now() - 5 * MINUTE);
    const poller = rig.poller();
    await poller.runOnce();
    rig.forge.worlds.delete('octo/greeter');
    rig.forge.world().id = '99';
    rig.forge.label(1, rig.clock.now() - 5 * MINUTE);
    expect(await poller.runOnce()).toMatchObject({ found: 1, failed: [] });
    expect(await readPolled(database.db)).toMatchObject({ project_id: '99' });
    expect((await readFound(database.db)).map((row) => row.delivery_id)).toEqual([
      'poll:7:issue:1:1',
      'poll:99:issue:1:2',
    ]);
  });

  test('that the account may not see any more is a failure, and what is remembered stays', async () => {
    const poller = rig.poller();
    await poller.runOnce();
    const world = rig.forge.world();
    rig.forge.worlds.delete('octo/greeter');
    expect(await poller.runOnce()).toMatchObject({ failed: [{ outcome: 'failed' }] });
    expect(await readPolled(database.db)).toMatchObject({ project_id: '7', poll_failures: 1 });
    rig.forge.worlds.set('octo/greeter', world);
    rig.forge.calls.length = 0;
    await poller.runOnce();
    expect(rig.forge.calls).toEqual(['listLabelled octo/greeter =']);
  });
});
