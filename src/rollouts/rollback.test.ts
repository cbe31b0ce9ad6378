import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '../../test/database.ts';
import { releaseId } from '../../test/rollouts/catalog.ts';
import { SECOND, canary, weight } from '../../test/rollouts/plans.ts';
import { type Rig, type RigOptions, SLOW, WAIT, createRig } from '../../test/rollouts/rig.ts';

let database: TestDatabase;
const rigs: Rig[] = [];
beforeAll(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  await Promise.all(rigs.splice(0).map((rig) => rig.stop()));
});
afterAll(() => database.drop());

/** An environment where these releases have succeeded, one after the other. */
async function rigAfter(numbers: readonly number[], options: RigOptions = {}): Promise<Rig> {
  const rig = await createRig(database, options);
  rigs.push(rig);
  for (const number of numbers) {
    rig.release(number);
    await rig.ship(number);
  }
  return rig;
}

function rollback(rig: Rig, to: number | null = null): Promise<string> {
  return rig.rollouts.requestRollback({
    ...rig.key,
    to: to === null ? null : releaseId(to),
    by: 'mei',
    reason: 'it is slow',
  });
}

const impossible = (reason: string) => ({
  code: 'FUN_ROLLBACK_IMPOSSIBLE',
  values: expect.objectContaining({ reason }),
});

describe('rollback', () => {
  test('without an argument goes to the last release that succeeded there, in one switch', async () => {
    const rig = await rigAfter([1, 2, 3]);
    const row = await rig.reaches(await rollback(rig), 'rolled_back');
    expect(row).toMatchObject({ release_id: releaseId(2), stable_id: releaseId(3), state: { weightsSeen: [100] } });
    expect(await rig.environment()).toMatchObject({ live_release: releaseId(2), warm_release: releaseId(3) });
    expect(await rig.ledger()).toEqual([
      { release: releaseId(1), status: 'succeeded', kind: 'deploy' },
      { release: releaseId(2), status: 'succeeded', kind: 'deploy' },
      { release: releaseId(3), status: 'rolled_back', kind: 'deploy' },
      { release: releaseId(2), status: 'rolled_back', kind: 'rollback' },
    ]);
  });

  test('goes to the release that is named, if it has succeeded there', async () => {
    const rig = await rigAfter([1, 2, 3]);
    rig.release(4);
    await expect(rollback(rig, 4)).rejects.toMatchObject(impossible('that release has never succeeded there'));
    await expect(rollback(rig, 3)).rejects.toMatchObject(impossible('that release is live already'));
    await rig.reaches(await rollback(rig, 1), 'rolled_back');
    expect((await rig.environment()).live_release).toBe(releaseId(1));
  });

  test('a release that failed while baking has never succeeded', async () => {
    const rig = await rigAfter([1]);
    rig.release(2, { strategy: canary([weight(100)], 60 * SECOND) });
    const id = await rig.deploy(2);
    await rig.reaches(id, 'baking');
    await rig.rollouts.command(id, { kind: 'abort', by: 'mei', reason: 'bad' });
    await rig.reaches(id, 'rolled_back');
    await expect(rollback(rig, 2)).rejects.toMatchObject(impossible('that release has never succeeded there'));
  });

  test('pressed twice in the same moment is one', async () => {
    const rig = await rigAfter([1, 2, 3]);
    const [first, second] = await Promise.all([rollback(rig), rollback(rig)]);
    expect(second).toBe(first);
    await rig.reaches(first ?? '', 'rolled_back');
    expect((await rig.ledger()).filter(({ kind }) => kind === 'rollback')).toHaveLength(1);
  });

  test('pressed again when it is over does not go back one more: a rollback is not rolled back by itself', async () => {
    const rig = await rigAfter([1, 2, 3]);
    await rig.reaches(await rollback(rig), 'rolled_back');
    const reason = 'what is live came by a rollback, and a rollback is not rolled back by itself';
    await expect(rollback(rig)).rejects.toMatchObject(impossible(reason));
    expect(await rig.rollouts.rollbackReadiness(rig.key)).toEqual({ ready: false, to: null, reason });
    await rig.reaches(await rollback(rig, 1), 'rolled_back');
  });

  test('to a release whose artifact is gone is refused before any switch, and readiness said so before', async () => {
    const rig = await rigAfter([1, 2]);
    expect(await rig.rollouts.rollbackReadiness(rig.key)).toEqual({ ready: true, to: releaseId(1), reason: null });
    rig.catalog.loseArtifact(1);
    const reason = `the artifact of ${releaseId(1)} is gone`;
    expect(await rig.rollouts.rollbackReadiness(rig.key)).toEqual({ ready: false, to: releaseId(1), reason });
    const before = rig.target.effects().length;
    await expect(rollback(rig)).rejects.toMatchObject(impossible(reason));
    expect(rig.target.effects()).toHaveLength(before);
    expect((await rig.ledger()).some(({ kind }) => kind === 'rollback')).toBe(false);
  });

  test.each([
    [[], 'nothing has been deployed there yet'],
    [[1], 'no earlier release has succeeded there'],
  ])('after %j says why there is none', async (numbers, reason) => {
    const rig = await rigAfter(numbers);
    expect(await rig.rollouts.rollbackReadiness(rig.key)).toMatchObject({ ready: false, reason });
  });

  test('that can not be done ends as rollback_failed, and nothing rolls it back', async () => {
    const failures: Record<string, string> = {};
    const rig = await rigAfter([1, 2], { failures });
    await expect.poll(async () => (await rig.target.observe(rig.key)).versions.length, WAIT).toBe(2);
    failures[releaseId(1)] = 'its port is taken';
    const row = await rig.reaches(await rollback(rig), 'rollback_failed');
    expect(row.state.outcome?.evidence).toContain('its port is taken');
    expect(await rig.environment()).toMatchObject({ live_release: releaseId(2), hold: null });
    expect((await rig.ledger()).at(-1)).toMatchObject({ status: 'failed', kind: 'rollback' });
    expect(rig.routed()).toEqual([100, 100]);
  });
});

describe('rollback while a deployment is in progress', () => {
  test('aborts it first; the release that succeeded last is the one that is live, not the one before', async () => {
    const rig = await rigAfter([1, 2]);
    rig.release(3, { strategy: SLOW });
    const canaryId = await rig.deploy(3);
    await rig.holds(canaryId, 10);
    expect(await rig.rollouts.rollbackReadiness(rig.key)).toMatchObject({ ready: true, to: releaseId(2) });
    const id = await rollback(rig);
    const aborted = await rig.reaches(canaryId, 'aborted');
    expect(aborted.state.outcome).toMatchObject({ by: 'mei', reason: 'rollback requested: it is slow' });
    await rig.reaches(id, 'rolled_back');
    expect(await rig.environment()).toMatchObject({
      live_release: releaseId(2),
      hold: { releaseId: releaseId(3), scope: 'environment', by: 'mei' },
    });
    expect(rig.routed()).toEqual([100, 100, 10, 0]);
  });

  test('to an earlier release that is named aborts it, then switches', async () => {
    const rig = await rigAfter([1, 2]);
    rig.release(3, { strategy: SLOW });
    const canaryId = await rig.deploy(3);
    await rig.holds(canaryId, 10);
    const id = await rollback(rig, 1);
    await rig.reaches(canaryId, 'aborted');
    await rig.reaches(id, 'rolled_back');
    expect((await rig.environment()).live_release).toBe(releaseId(1));
  });

  test('goes before whoever waits in line', async () => {
    const rig = await rigAfter([1, 2]);
    rig.release(3, { strategy: SLOW });
    rig.release(4);
    const canaryId = await rig.deploy(3);
    await rig.holds(canaryId, 10);
    const waiting = await rig.deploy(4);
    await rig.reaches(waiting, 'waiting_lock');
    const id = await rollback(rig, 1);
    await rig.reaches(id, 'rolled_back');
    expect((await rig.reaches(waiting, 'waiting_gate')).wait?.cause).toContain('held: v2 was taken back by mei');
  });
});

describe('after a rollback', () => {
  async function rolledBack(): Promise<Rig> {
    const rig = await rigAfter([1, 2]);
    await rig.reaches(await rollback(rig), 'rolled_back');
    rig.release(3);
    return rig;
  }

  test('automation does not bring the bad release back', async () => {
    const rig = await rolledBack();
    const row = await rig.reaches(await rig.deploy(2), 'waiting_gate');
    expect(row.wait?.cause).toBe('held: v2 was taken back by mei (it is slow); automation does not bring it back');
    const automation = { kind: 'automation', user: 'github', approvedBy: [] } as const;
    const held = await rig.rollouts.heldBecause(rig.key, releaseId(2), automation);
    expect(held).toMatchObject({ cause: row.wait?.cause });
  });

  test('a newer release waits, until somebody releases the hold', async () => {
    const rig = await rolledBack();
    const id = await rig.deploy(3);
    await rig.reaches(id, 'waiting_gate');
    await rig.rollouts.releaseHold(rig.key, 'aya', 'it was the database');
    await rig.reaches(id, 'succeeded');
    const released = (await rig.events()).find(({ kind }) => kind === 'environment.hold_released');
    expect(released).toMatchObject({ actor: 'aya', data: { reason: 'it was the database' } });
  });

  test('a newer release that was approved passes, and lifts the hold when it has succeeded', async () => {
    const rig = await rolledBack();
    await rig.reaches(await rig.deploy(3, { approvedBy: ['aya'] }), 'succeeded');
    expect(await rig.environment()).toMatchObject({ live_release: releaseId(3), hold: null });
  });

  test('a person may bring the bad release back, which lifts the hold', async () => {
    const rig = await rolledBack();
    await rig.reaches(await rig.deploy(2, { kind: 'person', user: 'aya' }), 'succeeded');
    expect(await rig.environment()).toMatchObject({ live_release: releaseId(2), hold: null });
  });

  test('releasing a hold that is not there is refused', async () => {
    const rig = await rigAfter([1]);
    await expect(rig.rollouts.releaseHold(rig.key, 'aya', '')).rejects.toMatchObject({ code: 'FUN_CONFLICT' });
  });
});
