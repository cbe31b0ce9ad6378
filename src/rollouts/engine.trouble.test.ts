import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '../../test/database.ts';
import { releaseId } from '../../test/rollouts/catalog.ts';
import { SECOND, canary, metric, pause, weight } from '../../test/rollouts/plans.ts';
import { type Rig, type RigOptions, SLOW, WAIT, createRig } from '../../test/rollouts/rig.ts';
import type { Target, TargetContext } from './port.ts';

let database: TestDatabase;
const rigs: Rig[] = [];
beforeAll(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  await Promise.all(rigs.splice(0).map((rig) => rig.stop()));
});
afterAll(() => database.drop());

async function rigAfter(numbers: readonly number[], options: RigOptions = {}): Promise<Rig> {
  const rig = await createRig(database, options);
  rigs.push(rig);
  for (const number of numbers) {
    rig.release(number);
    await rig.ship(number);
  }
  return rig;
}

/** A call as somebody else would make it, or a process that was thought dead. */
function callOf(rig: Rig, candidate: number, overrides: Partial<TargetContext>): TargetContext {
  const release = (number: number) => ({
    id: releaseId(number),
    digest: `sha256:${releaseId(number)}`,
    artifact: '',
    functions: {},
    variables: {},
    secrets: {},
  });
  return {
    ...rig.key,
    rolloutId: 'ro_other',
    fence: 1_000_000,
    key: `other-${Math.random()}`,
    candidate: release(candidate),
    stable: null,
    sticky: null,
    signal: new AbortController().signal,
    ...overrides,
  };
}

describe('drift', () => {
  /** Somebody gives all traffic to what was only kept warm. */
  async function drifted(): Promise<Rig> {
    const rig = await rigAfter([1, 2]);
    const last = rig.target.effects().at(-1)?.fence ?? 0;
    await rig.target.shift(callOf(rig, 1, { fence: last }), 100);
    return rig;
  }

  test('is noticed before the next rollout starts, holds automation, and names what is seen', async () => {
    const rig = await drifted();
    rig.release(3);
    const row = await rig.reaches(await rig.deploy(3), 'waiting_gate');
    const drift = 'the ledger says rel_002 is live, the target gives rel_001 100%';
    expect(row.wait?.cause).toBe(`drift: ${drift}`);
    expect((await rig.environment()).drift).toBe(drift);
    expect((await rig.events()).map(({ kind }) => kind)).toContain('environment.drift');
  });

  test('ends when the target agrees with the ledger again, and the rollout that waited goes on', async () => {
    const rig = await drifted();
    rig.release(3);
    const id = await rig.deploy(3);
    await rig.reaches(id, 'waiting_gate');
    const last = rig.target.effects().at(-1)?.fence ?? 0;
    await rig.target.shift(callOf(rig, 2, { fence: last }), 100);
    await rig.reaches(id, 'succeeded');
    expect((await rig.environment()).drift).toBeNull();
    expect((await rig.events()).map(({ kind }) => kind)).toContain('environment.drift_ended');
  });

  test('is ended by a person who puts the live release in place again', async () => {
    const rig = await drifted();
    const row = await rig.reaches(await rig.deploy(2, { kind: 'person', user: 'mei' }), 'succeeded');
    expect(row.state.weightsSeen).toEqual([100]);
    await expect.poll(async () => (await rig.environment()).drift, WAIT).toBeNull();
    const carrying = (await rig.target.observe(rig.key)).versions.filter((version) => version.weight > 0);
    expect(carrying).toMatchObject([{ version: releaseId(2), weight: 100 }]);
  });

  test('a rollback to the live release puts it in place again, too', async () => {
    const rig = await drifted();
    rig.release(3);
    await rig.reaches(await rig.deploy(3), 'waiting_gate');
    const request = { ...rig.key, to: releaseId(2), by: 'mei', reason: 'drift' };
    await rig.reaches(await rig.rollouts.requestRollback(request), 'rolled_back');
    await expect.poll(async () => (await rig.environment()).drift, WAIT).toBeNull();
    expect((await rig.environment()).live_release).toBe(releaseId(2));
  });
});

describe('fences', () => {
  test('a process that was thought dead is refused at the target', async () => {
    const rig = await rigAfter([1, 2]);
    await expect(rig.target.shift(callOf(rig, 1, { fence: 1 }), 100)).rejects.toMatchObject({ code: 'FUN_FENCED' });
    expect((await rig.target.observe(rig.key)).versions).toContainEqual(
      expect.objectContaining({ version: releaseId(2), weight: 100 }),
    );
  });

  test('every claim of the environment carries a higher fence', async () => {
    const rig = await rigAfter([1, 2]);
    await rig.restart();
    rig.release(3);
    await rig.ship(3);
    const fences = rig.target.effects().map(({ fence }) => fence);
    expect(new Set(fences).size).toBe(fences.length);
    expect(fences).toEqual(fences.toSorted((a, b) => a - b));
  });
});

describe('a target that is in trouble', () => {
  test('does not answer: nothing is decided, and the rollout goes on when it does', async () => {
    let down = false;
    const wrap = (target: Target): Target => ({
      ...target,
      observe: (place) => (down ? Promise.reject(new Error('connection refused')) : target.observe(place)),
    });
    const rig = await rigAfter([1], { wrap });
    rig.release(2, { strategy: canary([weight(10), pause(300), weight(50)], 0) });
    const id = await rig.deploy(2);
    await rig.holds(id, 10);
    down = true;
    const before = rig.target.effects().length;
    await expect
      .poll(async () => rig.rollouts.progress().then(({ sinceSweep }) => sinceSweep), WAIT)
      .toBeLessThan(1000);
    rig.release(3);
    const waiting = await rig.deploy(3);
    await rig.reaches(waiting, 'waiting_lock');
    expect(rig.target.effects()).toHaveLength(before);
    down = false;
    await rig.reaches(id, 'succeeded');
    await rig.reaches(waiting, 'succeeded');
  });

  test('does not answer while nobody has the environment: automation waits and is told why', async () => {
    let down = false;
    const wrap = (target: Target): Target => ({
      ...target,
      observe: (place) => (down ? Promise.reject(new Error('connection refused')) : target.observe(place)),
    });
    const rig = await rigAfter([1], { wrap });
    rig.release(2);
    down = true;
    const id = await rig.deploy(2);
    const row = await rig.reaches(id, 'waiting_gate');
    expect(row.wait?.cause).toBe('drift: target noop does not answer: connection refused');
    down = false;
    await rig.reaches(id, 'succeeded');
  });

  test('refuses a call that takes effect all the same: it is seen, and not made twice', async () => {
    const calls: string[] = [];
    const wrap = (target: Target): Target => ({
      ...target,
      shift: async (context, percent) => {
        calls.push(context.key);
        await target.shift(context, percent);
        if (percent === 25) throw new Error('the answer was lost');
      },
    });
    const rig = await rigAfter([1], { wrap });
    rig.release(2, { strategy: canary([weight(10), weight(25)], 0) });
    const { id } = await rig.ship(2);
    expect(rig.routed()).toEqual([100, 10, 25, 100]);
    expect(calls.filter((key) => key === `${id}:step-1:25`)).toHaveLength(1);
  });

  test('answers and never acts: the progress deadline takes the rollout back', async () => {
    const wrap = (target: Target): Target => ({
      ...target,
      shift: (context, percent) => (percent === 25 ? Promise.resolve() : target.shift(context, percent)),
    });
    const rig = await rigAfter([1], { wrap });
    rig.release(2, { strategy: canary([weight(10), weight(25)], 0), progressDeadline: 1500 });
    const row = await rig.reaches(await rig.deploy(2), 'aborted');
    expect(row.state.outcome?.reason).toBe('weight 25% was not reached within 1.5s');
    expect(rig.routed()).toEqual([100, 10, 0]);
  });

  test('hangs in a call: stopping the process does not wait for it', async () => {
    const wrap = (target: Target): Target => ({
      ...target,
      shift: (context, percent) => (percent === 25 ? new Promise(() => {}) : target.shift(context, percent)),
    });
    const rig = await rigAfter([1], { wrap });
    rig.release(2, { strategy: canary([weight(10), weight(25)], 0) });
    const id = await rig.deploy(2);
    await rig.holds(id, 10);
    await expect.poll(async () => (await rig.row(id)).phase, WAIT).toBe('shifting');
    const started = Date.now();
    await rig.rollouts.stop();
    expect(Date.now() - started).toBeLessThan(5000);
  });

  test('brings up a version that never gets ready: aborted at the deadline, never stuck', async () => {
    const rig = await rigAfter([], { readyAfter: 3_600_000 });
    rig.release(1, { progressDeadline: 500 });
    const row = await rig.reaches(await rig.deploy(1), 'aborted');
    expect(row.state.outcome?.evidence).toEqual(['not ready within 500ms']);
  });

  test('says why a version fails in bytes that no database takes: the rollout ends all the same', async () => {
    const rig = await rigAfter([1], { failures: { [releaseId(2)]: 'exit \u0000 1' } });
    rig.release(2);
    const row = await rig.reaches(await rig.deploy(2), 'aborted');
    expect(row.state.outcome?.evidence).toEqual(['exit \uFFFD 1']);
  });
});

describe('a release that is gone from the catalog', () => {
  test('while it is a canary: taken back, by name alone', async () => {
    const rig = await rigAfter([1]);
    rig.release(2, { strategy: SLOW });
    const id = await rig.deploy(2);
    await rig.holds(id, 10);
    rig.catalog.remove(2);
    const row = await rig.reaches(id, 'aborted');
    expect(row.state.outcome?.reason).toContain(releaseId(2));
    expect(rig.routed()).toEqual([100, 10, 0]);
  });

  test('while it waits: cancelled with the reason, and the next one goes', async () => {
    const rig = await rigAfter([1]);
    rig.release(2, { strategy: SLOW });
    rig.release(3);
    const second = await rig.deploy(2);
    await rig.holds(second, 10);
    const third = await rig.deploy(3);
    await rig.reaches(third, 'waiting_lock');
    rig.catalog.remove(3);
    await rig.rollouts.command(second, { kind: 'abort', by: 'mei', reason: '' });
    expect((await rig.reaches(third, 'cancelled')).state.outcome?.reason).toContain(releaseId(3));
  });

  test('a version at the target that the catalog does not know is left alone', async () => {
    const rig = await rigAfter([1]);
    const last = rig.target.effects().at(-1)?.fence ?? 0;
    await rig.target.prepare(callOf(rig, 77, { fence: last }));
    await rig.restart();
    rig.release(2);
    const id = await rig.deploy(2);
    await rig.reaches(id, 'succeeded');
    expect(rig.target.effects().some(({ verb, version }) => verb === 'retire' && version === releaseId(77))).toBe(
      false,
    );
  });
});

describe('what a target can not do is a clear error before anything is touched', () => {
  test('blueGreen without previews, an unknown provider, and another target: all faults at once', async () => {
    const rig = await rigAfter([1]);
    const strategy = { kind: 'blueGreen', preview: SECOND, bake: 0, keepWarm: 0, autoPromote: true } as const;
    rig.release(2, { strategy, metrics: [metric({ provider: 'cloudwatch' })] });
    const check = rig.rollouts.check({ ...rig.key, releaseId: releaseId(2) });
    await expect(check).rejects.toMatchObject({
      code: 'FUN_TARGET_UNSUITABLE',
      faults: [
        { message: "target noop has no preview address, so it can't do blueGreen; use rolling" },
        { message: 'analysis error-rate: there is no metrics provider cloudwatch' },
      ],
    });
  });

  test('a canary on a target that can not split traffic', async () => {
    const wrap = (target: Target): Target => ({
      ...target,
      capabilities: { ...target.capabilities, weights: 'none' },
    });
    const rig = await rigAfter([], { wrap });
    rig.release(1, { strategy: SLOW });
    await expect(rig.rollouts.check({ ...rig.key, releaseId: releaseId(1) })).rejects.toMatchObject({
      faults: [{ message: "target noop can't split traffic, so it can't do a canary; use rolling" }],
    });
  });

  test('an unknown target names the known ones', async () => {
    const rig = await rigAfter([]);
    rig.release(1, { target: 'nowhere' });
    await expect(rig.rollouts.check({ ...rig.key, releaseId: releaseId(1) })).rejects.toMatchObject({
      code: 'FUN_TARGET_UNKNOWN',
      values: { target: 'nowhere', known: 'noop' },
    });
  });

  test('a release that moves a live environment to another target is refused', async () => {
    const rig = await rigAfter([1]);
    rig.release(2, { target: 'functions' });
    await expect(rig.deploy(2)).rejects.toMatchObject({
      code: 'FUN_TARGET_UNSUITABLE',
      faults: [{ message: expect.stringContaining("it runs on target noop and can't move to functions") }],
    });
    expect((await rig.environment()).target).toBe('noop');
  });

  test('the faults of the target itself are passed on', async () => {
    const wrap = (target: Target): Target => ({ ...target, check: async () => ['hello: no such handler'] });
    const rig = await rigAfter([], { wrap });
    rig.release(1);
    await expect(rig.rollouts.check({ ...rig.key, releaseId: releaseId(1) })).rejects.toMatchObject({
      faults: [{ message: 'hello: no such handler' }],
    });
  });
});
