import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '../../test/database.ts';
import { releaseId } from '../../test/rollouts/catalog.ts';
import { SECOND, canary, metric, pause, weight } from '../../test/rollouts/plans.ts';
import { type Rig, type RigOptions, SLOW, WAIT, createRig } from '../../test/rollouts/rig.ts';
import { interval } from '../../test/rollouts/intervals.ts';
import type { Reading } from './port.ts';

let database: TestDatabase;
const rigs: Rig[] = [];
beforeAll(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  await Promise.all(rigs.splice(0).map((rig) => rig.stop()));
});
afterAll(() => database.drop());

async function rigWith(numbers: readonly number[], options: RigOptions = {}): Promise<Rig> {
  const rig = await createRig(database, options);
  rigs.push(rig);
  for (const number of numbers) rig.release(number);
  return rig;
}

const QUICK = canary([weight(10), weight(25), weight(50), weight(75)], 300);
const watched = metric({ provider: 'noop', interval: 200, minSamples: 5, maxErrors: 2 });

/** A second's worth of requests for every metric, fresh at each reading. */
function requests(errors: number) {
  return ({ until }: { readonly until: number }): Promise<Reading> => {
    const candidate = [1, 2, 3].map((ago) => interval(until - ago * 100, { requests: 20, errors }, 0.1)).toReversed();
    return Promise.resolve({ kind: 'counts', candidate, stable: [] });
  };
}

describe('a deployment', () => {
  test('the first release ever skips the steps, says so, and is live in ledger and target', async () => {
    const rig = await rigWith([]);
    rig.release(1, { strategy: SLOW });
    const row = await rig.ship(1);
    expect(row.state.weightsSeen).toEqual([100]);
    expect(row.state.notes).toEqual([
      'first release of this environment: there is no stable version, so the steps are skipped',
    ]);
    expect(await rig.environment()).toMatchObject({ live_release: releaseId(1), drift: null });
    expect(await rig.ledger()).toEqual([{ release: releaseId(1), status: 'succeeded', kind: 'deploy' }]);
  });

  test('a canary goes through its weights, and every change of it is an event in order', async () => {
    const rig = await rigWith([1]);
    rig.release(2, { strategy: QUICK });
    await rig.ship(1);
    const row = await rig.ship(2);
    expect(row.state.weightsSeen).toEqual([10, 25, 50, 75, 100]);
    expect(rig.routed()).toEqual([100, 10, 25, 50, 75, 100]);
    const kinds = (await rig.events()).filter(({ subject }) => subject === row.id).map(({ kind }) => kind);
    expect(kinds.slice(0, 4)).toEqual([
      'rollout.queued',
      'rollout.started',
      'rollout.prepared',
      'rollout.weight_observed',
    ]);
    expect(kinds.at(-1)).toBe('rollout.ended');
  });

  test('what is live already ends at once and touches nothing', async () => {
    const rig = await rigWith([1]);
    await rig.ship(1);
    const before = rig.target.effects().length;
    const row = await rig.ship(1);
    expect(row.state.outcome?.reason).toBe('the release is live already');
    expect(rig.target.effects()).toHaveLength(before);
  });

  test('the previous version stays warm for keepWarm and is retired afterwards', async () => {
    const rig = await rigWith([1]);
    const strategy = {
      ...canary([weight(100)], 0),
      kind: 'canary' as const,
      steps: [weight(100)],
      bake: 0,
      sticky: null,
    };
    rig.release(2, { strategy: { ...strategy, keepWarm: 1500 } });
    await rig.ship(1);
    await rig.ship(2);
    const versions = async () => (await rig.target.observe(rig.key)).versions.map(({ version }) => version);
    expect(await versions()).toEqual([releaseId(1), releaseId(2)]);
    await expect.poll(versions, WAIT).toEqual([releaseId(2)]);
    expect(rig.target.effects().at(-1)).toMatchObject({ verb: 'retire', version: releaseId(1) });
  });

  test('a new process goes on where the old one stopped, at every step, without a second effect', async () => {
    const rig = await rigWith([1]);
    rig.release(2, { strategy: QUICK });
    await rig.ship(1);
    const id = await rig.deploy(2);
    for (const percent of [10, 25, 50, 75]) {
      await expect.poll(async () => (await rig.row(id)).state.weightsSeen, WAIT).toContain(percent);
      await rig.restart();
    }
    await rig.reaches(id, 'succeeded');
    expect(rig.routed()).toEqual([100, 10, 25, 50, 75, 100]);
    const fences = rig.target.effects().map(({ fence }) => fence);
    expect(fences).toEqual(fences.toSorted((a, b) => a - b));
  });
});

describe('abort', () => {
  test('gives all traffic back, keeps the release out, and the next one runs against the same stable version', async () => {
    const rig = await rigWith([1, 3]);
    rig.release(2, { strategy: SLOW });
    await rig.ship(1);
    const id = await rig.deploy(2);
    await rig.holds(id, 10);
    await rig.rollouts.command(id, { kind: 'abort', by: 'mei', reason: 'it is bad' });
    const row = await rig.reaches(id, 'aborted');
    expect(row.state).toMatchObject({ weightsSeen: [10, 0], outcome: { by: 'mei', reason: 'it is bad' } });
    expect((await rig.environment()).hold).toMatchObject({ releaseId: releaseId(2), scope: 'release', by: 'mei' });
    const again = await rig.deploy(2);
    await rig.reaches(again, 'waiting_gate');
    const third = await rig.ship(3);
    expect(third.stable_id).toBe(releaseId(1));
    expect((await rig.environment()).hold).toBeNull();
  });

  test('of one that waits in line cancels it, and nothing was touched', async () => {
    const rig = await rigWith([1, 3]);
    rig.release(2, { strategy: SLOW });
    await rig.ship(1);
    const first = await rig.deploy(2);
    await rig.holds(first, 10);
    const before = rig.target.effects().length;
    const second = await rig.deploy(3);
    await rig.reaches(second, 'waiting_lock');
    await rig.rollouts.command(second, { kind: 'abort', by: 'mei', reason: '' });
    const row = await rig.reaches(second, 'cancelled');
    expect(row.state.outcome?.reason).toBe('aborted by mei');
    expect(rig.target.effects()).toHaveLength(before);
  });

  test('of a first release takes its traffic away, and it is retired', async () => {
    const rig = await rigWith([]);
    rig.release(1, { strategy: canary([weight(100)], 60 * SECOND) });
    const id = await rig.deploy(1);
    await rig.reaches(id, 'baking');
    await rig.rollouts.command(id, { kind: 'abort', by: 'mei', reason: 'no' });
    await rig.reaches(id, 'rolled_back');
    expect((await rig.environment()).live_release).toBeNull();
    await expect.poll(async () => (await rig.target.observe(rig.key)).versions, WAIT).toEqual([]);
  });

  test('is refused once the rollout has ended', async () => {
    const rig = await rigWith([1]);
    const { id } = await rig.ship(1);
    await expect(rig.rollouts.command(id, { kind: 'abort', by: 'mei', reason: '' })).rejects.toMatchObject({
      code: 'FUN_CONFLICT',
    });
  });
});

describe('two rollouts of one environment', () => {
  test('in the same millisecond: one runs, the other is superseded visibly', async () => {
    const rig = await rigWith([1, 2, 3]);
    await rig.ship(1);
    const [second = '', third = ''] = await rig.deployTogether([2, 3]);
    await rig.reaches(third, 'succeeded');
    const row = await rig.reaches(second, 'superseded');
    expect(row.state.outcome?.reason).toBe(`superseded by ${third}`);
    expect(rig.target.effects().some(({ version }) => version === releaseId(2))).toBe(false);
  });

  test('in the same millisecond with queue: one runs, the other waits and names it, then runs, too', async () => {
    const rig = await rigWith([1]);
    rig.release(2, { strategy: canary([weight(10), pause(1500)], 0), concurrency: 'queue' });
    rig.release(3, { strategy: canary([weight(100)], 0), concurrency: 'queue' });
    await rig.ship(1);
    const [second = '', third = ''] = await rig.deployTogether([2, 3]);
    const row = await rig.reaches(third, 'waiting_lock');
    expect(row.wait?.cause).toBe(`rollout ${second} has the environment`);
    await rig.reaches(second, 'succeeded');
    await rig.reaches(third, 'succeeded');
  });

  test('with queue the second one waits with its blocker in view, and runs when the first has ended', async () => {
    const rig = await rigWith([1]);
    rig.release(2, { strategy: SLOW, concurrency: 'queue' });
    rig.release(3, { strategy: canary([weight(100)], 0), concurrency: 'queue' });
    rig.release(4, { strategy: canary([weight(100)], 0), concurrency: 'queue' });
    await rig.ship(1);
    const second = await rig.deploy(2);
    await rig.holds(second, 10);
    const third = await rig.deploy(3);
    const fourth = await rig.deploy(4);
    expect((await rig.reaches(fourth, 'waiting_lock')).wait?.cause).toBe(`rollout ${second} has the environment`);
    await rig.rollouts.command(second, { kind: 'abort', by: 'mei', reason: 'next' });
    await rig.reaches(fourth, 'succeeded');
    expect((await rig.row(third)).phase).toBe('succeeded');
    expect((await rig.environment()).live_release).toBe(releaseId(4));
  });

  test('with supersede only the newest waits', async () => {
    const rig = await rigWith([1, 3, 4]);
    rig.release(2, { strategy: SLOW });
    await rig.ship(1);
    const second = await rig.deploy(2);
    await rig.holds(second, 10);
    const third = await rig.deploy(3);
    await rig.reaches(third, 'waiting_lock');
    const fourth = await rig.deploy(4);
    const row = await rig.reaches(third, 'superseded');
    expect(row.state.outcome?.reason).toBe(`superseded by ${fourth}`);
    expect(await rig.ledger()).toContainEqual({ release: releaseId(3), status: 'superseded', kind: 'deploy' });
    expect((await rig.row(second)).phase).toBe('holding');
  });

  test('a commit older than what is live is not deployed by itself', async () => {
    const rig = await rigWith([1, 2]);
    await rig.ship(2);
    const row = await rig.reaches(await rig.deploy(1), 'superseded');
    expect(row.state.outcome?.reason).toBe('older than what is live');
  });

  test('trouble with the release of one that waits does not keep another one from its abort', async () => {
    const rig = await rigWith([1, 3]);
    rig.release(2, { strategy: SLOW });
    await rig.ship(1);
    const second = await rig.deploy(2);
    await rig.holds(second, 10);
    const third = await rig.deploy(3);
    await rig.reaches(third, 'waiting_lock');
    rig.catalog.failReading(3, 'the disk is full');
    await rig.rollouts.command(second, { kind: 'abort', by: 'mei', reason: 'now' });
    await rig.reaches(second, 'aborted');
    expect((await rig.reaches(third, 'waiting_gate')).wait?.cause).toBe("its release can't be read: the disk is full");
    await rig.rollouts.command(third, { kind: 'abort', by: 'mei', reason: '' });
    await rig.reaches(third, 'cancelled');
  });
});

describe('analysis', () => {
  test('that fails takes the canary back with its numbers as evidence', async () => {
    const rig = await rigWith([1]);
    rig.release(2, { strategy: canary([weight(10), pause(60 * SECOND)], 0), metrics: [watched] });
    await rig.ship(1);
    rig.measure(requests(8));
    const row = await rig.reaches(await rig.deploy(2), 'aborted');
    expect(row.state.outcome?.evidence.join()).toMatch(/^error-rate: 40% .*condition error-rate ≤ 5%$/);
    expect(rig.routed()).toEqual([100, 10, 0]);
  });

  test('that passes lets it through', async () => {
    const rig = await rigWith([1]);
    rig.release(2, { strategy: QUICK, metrics: [watched] });
    await rig.ship(1);
    rig.measure(requests(0));
    expect((await rig.ship(2)).state.weightsSeen).toEqual([10, 25, 50, 75, 100]);
  });

  test('a provider that refuses is held, never promoted, and after maxErrors in a row waits for a person', async () => {
    const rig = await rigWith([1]);
    rig.release(2, { strategy: QUICK, metrics: [watched] });
    await rig.ship(1);
    rig.measure(() => Promise.reject(new Error('connect ECONNREFUSED')));
    const id = await rig.deploy(2);
    await expect.poll(async () => (await rig.row(id)).state.paused?.reason ?? '', WAIT).toContain('3 times in a row');
    const row = await rig.row(id);
    expect(row.metrics[0]).toMatchObject({ verdict: 'provider_error', finding: 'connect ECONNREFUSED' });
    expect(rig.routed()).toEqual([100, 10]);
    rig.measure(requests(0));
    await rig.rollouts.command(id, { kind: 'resume', by: 'mei', reason: 'it is back' });
    await rig.reaches(id, 'succeeded');
  });

  test('a failure while baking rolls back from warm within seconds', async () => {
    const rig = await rigWith([1]);
    rig.release(2, { strategy: canary([weight(100)], 60 * SECOND), metrics: [watched] });
    await rig.ship(1);
    rig.measure(requests(0));
    const id = await rig.deploy(2);
    await rig.reaches(id, 'baking');
    rig.measure(requests(15));
    const row = await rig.reaches(id, 'rolled_back');
    expect(row.state.weightsSeen).toEqual([100, 0]);
    expect(await rig.environment()).toMatchObject({ live_release: releaseId(1), hold: { releaseId: releaseId(2) } });
  });
});
