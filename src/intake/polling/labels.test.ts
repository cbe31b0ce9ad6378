import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '../../../test/database.ts';
import { countRows, createAdmittedTable } from '../../../test/intake-rig.ts';
import { LABEL, type PollRig, createPollRig, readFound } from '../../../test/polling-rig.ts';
import { FunadeError } from '../../kernel/index.ts';

let database: TestDatabase;
let rig: PollRig;
beforeAll(async () => {
  database = await createTestDatabase();
  await createAdmittedTable(database.db);
});
beforeEach(async () => {
  await sql`truncate deliveries, admitted, source_repositories, source_refs`.execute(database.db);
  rig = createPollRig(database.db);
});
afterAll(() => database.drop());

const MINUTE = 60_000;
const admitted = () => countRows(database.db, 'admitted');
const idsFound = async () => (await readFound(database.db)).map((row) => row.delivery_id);

test('a label is found once, however often it is looked for, and told as a webhook would tell it', async () => {
  const at = rig.clock.now() - 5 * MINUTE;
  rig.forge.label(12, at);
  const poller = rig.poller();
  expect(await poller.runOnce()).toMatchObject({
    found: 1,
    failed: [],
    repositories: [{ outcome: 'found', found: 1 }],
  });
  for (let round = 0; round < 3; round += 1) {
    expect(await poller.runOnce()).toMatchObject({ found: 0, repositories: [{ outcome: 'unchanged' }] });
  }
  expect(await readFound(database.db)).toMatchObject([
    { delivery_id: 'poll:7:issue:12:1', via: 'poll', outcome: 'queued', duplicates: 0 },
  ]);
  expect(await admitted()).toBe(1);
  const { rows } = await sql<{ text: string }>`select convert_from(body, 'UTF8') as text from deliveries`.execute(
    database.db,
  );
  const [event] = (JSON.parse(rows[0]?.text ?? '') as { events: readonly unknown[] }).events;
  expect(event).toMatchObject({
    kind: 'label_added',
    added: [LABEL],
    actor: { login: 'mona' },
    at,
    repository: { id: '7', host: 'github.com', fullName: 'octo/greeter' },
    subject: { kind: 'issue', number: 12 },
  });
  expect(rows[0]?.text).not.toContain('Please.');
});

test('nothing is asked for twice: one request when nothing changed, one more for what did', async () => {
  rig.forge.label(1, rig.clock.now() - 5 * MINUTE);
  rig.forge.label(2, rig.clock.now() - 4 * MINUTE);
  const poller = rig.poller();
  await poller.runOnce();
  rig.forge.calls.length = 0;
  await poller.runOnce();
  expect(rig.forge.calls).toEqual(['listLabelled octo/greeter =']);
  rig.clock.advance(10 * MINUTE);
  rig.forge.label(3, rig.clock.now() - 2 * MINUTE);
  rig.forge.calls.length = 0;
  await poller.runOnce();
  expect(rig.forge.calls).toEqual(['listLabelled octo/greeter', 'labelling octo/greeter', 'repository octo/greeter']);
});

test('a label that is put on again is another finding; a comment on the issue is none', async () => {
  rig.forge.label(1, rig.clock.now() - 30 * MINUTE);
  const poller = rig.poller();
  await poller.runOnce();
  const issue = rig.forge.world().issues.get(1);
  if (issue !== undefined) issue.updatedAt = rig.clock.now() - 20 * MINUTE;
  await poller.runOnce();
  expect(await idsFound()).toEqual(['poll:7:issue:1:1']);
  rig.forge.unlabel(1, rig.clock.now() - 15 * MINUTE);
  await poller.runOnce();
  rig.forge.label(1, rig.clock.now() - 10 * MINUTE);
  await poller.runOnce();
  expect(await idsFound()).toEqual(['poll:7:issue:1:1', 'poll:7:issue:1:2']);
});

test('a label that is put on again within the second of the look is found by the next', async () => {
  const now = rig.clock.now();
  rig.forge.label(1, now);
  const poller = rig.poller();
  await poller.runOnce();
  rig.forge.label(1, now);
  rig.clock.advance(5 * MINUTE);
  await poller.runOnce();
  expect(await idsFound()).toEqual(['poll:7:issue:1:1', 'poll:7:issue:1:2']);
});

test('where the forge does not know who labelled, it is one finding of nobody as long as the label stays', async () => {
  const at = rig.clock.now() - 30 * MINUTE;
  rig.forge.label(1, at, null);
  const poller = rig.poller();
  await poller.runOnce();
  const issue = rig.forge.world().issues.get(1);
  if (issue !== undefined) issue.updatedAt = rig.clock.now() - 20 * MINUTE;
  await poller.runOnce();
  expect(await idsFound()).toEqual([`poll:7:issue:1:unknown-${at}`]);
  const { rows } = await sql<{ text: string }>`select convert_from(body, 'UTF8') as text from deliveries`.execute(
    database.db,
  );
  expect(JSON.parse(rows[0]?.text ?? '')).toMatchObject({ events: [{ actor: { login: 'unknown', id: null }, at }] });
  rig.forge.unlabel(1, at + MINUTE);
  await poller.runOnce();
  rig.forge.label(1, rig.clock.now() - 10 * MINUTE, null);
  await poller.runOnce();
  expect(await idsFound()).toHaveLength(2);
});

test('another trigger label is another list', async () => {
  rig.forge.label(1, rig.clock.now() - 5 * MINUTE);
  await rig.poller({ label: 'other' }).runOnce();
  expect(await idsFound()).toEqual([]);
  await rig.poller().runOnce();
  expect(await idsFound()).toHaveLength(1);
});

describe('many labels', () => {
  test('are found in several looks, those that changed last first, and the log says so', async () => {
    for (let number = 1; number <= 250; number += 1)
      rig.forge.label(number, rig.clock.now() - 60 * MINUTE + number * 1000);
    const poller = rig.poller();
    expect(await poller.runOnce()).toMatchObject({ found: 200, failed: [] });
    const ids = await idsFound();
    expect([ids.includes('poll:7:issue:250:250'), ids.includes('poll:7:issue:50:50')]).toEqual([true, false]);
    expect(rig.logs()).toContainEqual(expect.objectContaining({ level: 'warn', left: 50 }));
    rig.forge.label(251, rig.clock.now() - 2 * MINUTE);
    expect(await poller.runOnce()).toMatchObject({ found: 51 });
    expect(await poller.runOnce()).toMatchObject({ found: 0 });
    expect(await admitted()).toBe(251);
  });

  test('take no more than a minute of one look', async () => {
    for (let number = 1; number <= 20; number += 1)
      rig.forge.label(number, rig.clock.now() - 60 * MINUTE + number * 1000);
    rig.forge.before = (verb) => void (verb === 'labelling' && rig.clock.advance(10_000));
    const poller = rig.poller();
    expect(await poller.runOnce()).toMatchObject({ found: 6 });
    expect(await poller.runOnce()).toMatchObject({ found: 6 });
    expect((await idsFound()).includes('poll:7:issue:9:9')).toBe(true);
  });
});

test('an issue that was closed and opened again with its label is another finding, once', async () => {
  rig.forge.label(1, rig.clock.now() - 30 * MINUTE);
  const poller = rig.poller();
  await poller.runOnce();
  const issue = rig.forge.world().issues.get(1);
  Object.assign(issue ?? {}, { open: false });
  await poller.runOnce();
  const missedAt = rig.clock.now();
  rig.clock.advance(10 * MINUTE);
  Object.assign(issue ?? {}, { open: true, updatedAt: rig.clock.now() - 5 * MINUTE });
  await poller.runOnce();
  rig.clock.advance(10 * MINUTE);
  Object.assign(issue ?? {}, { updatedAt: rig.clock.now() - 5 * MINUTE });
  expect(await poller.runOnce()).toMatchObject({ found: 0 });
  expect(await idsFound()).toEqual(['poll:7:issue:1:1', `poll:7:issue:1:1:back-${missedAt}`]);
  const { rows } = await sql<{ text: string }>`
    select convert_from(body, 'UTF8') as text from deliveries where delivery_id like '%back%'`.execute(database.db);
  const event = { kind: 'opened', again: true, at: missedAt, actor: { login: 'mona' }, subject: { labels: [LABEL] } };
  expect(JSON.parse(rows[0]?.text ?? '')).toMatchObject({ events: [event] });
});

describe('when it goes wrong in the middle', () => {
  test('what was found before is kept, and the rest is found next time', async () => {
    for (const number of [1, 2, 3]) rig.forge.label(number, rig.clock.now() - 10 * MINUTE + number * 1000);
    let asked = 0;
    rig.forge.before = (verb) => {
      if (verb !== 'labelling') return;
      asked += 1;
      if (asked === 3)
        throw new FunadeError('FUN_FORGE_UNREACHABLE', { act: 'ask', host: 'github.com', reason: 'a test' });
    };
    const poller = rig.poller();
    expect(await poller.runOnce()).toMatchObject({ found: 2, failed: [{ outcome: 'failed' }] });
    expect(await poller.runOnce()).toMatchObject({ found: 1, failed: [] });
    expect(await admitted()).toBe(3);
  });

  test('an issue that is gone in between is left out', async () => {
    rig.forge.label(1, rig.clock.now() - 5 * MINUTE);
    rig.forge.label(2, rig.clock.now() - 4 * MINUTE);
    let asked = 0;
    rig.forge.before = (verb) => {
      if (verb !== 'labelling') return;
      asked += 1;
      if (asked === 1) throw new FunadeError('FUN_FORGE_NOT_FOUND', { act: 'ask', host: 'github.com' });
    };
    expect(await rig.poller().runOnce()).toMatchObject({ found: 1, failed: [] });
  });

  test('what could not be stored is found again', async () => {
    rig.forge.label(1, rig.clock.now() - 5 * MINUTE);
    const away = Object.assign(new Error('Connection terminated'), { code: 'ECONNRESET' });
    const failing = rig.poller({
      record: (findings) => Promise.resolve(findings.map(() => ({ kind: 'failed', thrown: away }))),
    });
    expect(await failing.runOnce()).toMatchObject({ found: 0, failed: [{ outcome: 'failed' }] });
    expect(await rig.poller().runOnce()).toMatchObject({ found: 1, failed: [] });
  });
});
