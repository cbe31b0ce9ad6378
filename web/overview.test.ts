import { describe, expect, test } from 'vitest';
import { makeEnvironment, makeRelease, makeRollout, makeRun, makeStage } from './fixtures/views.ts';
import { environmentNames, rolloutOf, rolloutShares, runInFocus, trafficShares } from './overview.ts';

function appWith(name: string, environments: readonly string[]) {
  return {
    name,
    repository: name,
    forge: 'local' as const,
    addedAt: 0,
    lastRunId: null,
    environments: environments.map((environment) => makeEnvironment({ app: name, name: environment })),
  };
}

describe('columns', () => {
  test('are the environments of all applications, each list in its own order', () => {
    const apps = [appWith('a', ['staging', 'production']), appWith('b', ['dev', 'staging', 'production', 'archive'])];
    expect(environmentNames(apps)).toEqual(['dev', 'staging', 'production', 'archive']);
  });

  test('keep a name between its neighbours', () => {
    const apps = [appWith('a', ['staging', 'production']), appWith('b', ['staging', 'preview', 'production'])];
    expect(environmentNames(apps)).toEqual(['staging', 'preview', 'production']);
  });

  test('are named once even where two applications order them differently', () => {
    const apps = [appWith('a', ['blue', 'green']), appWith('b', ['green', 'blue'])];
    expect(environmentNames(apps).toSorted()).toEqual(['blue', 'green']);
  });
});

describe('the run in focus', () => {
  const done = makeRun({ id: 'done', app: 'a', state: 'succeeded' });
  const queued = makeRun({ id: 'queued', app: 'a', state: 'queued' });
  const waiting = makeRun({ id: 'waiting', app: 'a', state: 'waiting' });
  const running = makeRun({ id: 'running', app: 'a', state: 'running' });

  test('is the one that works, before those that wait and the newest', () => {
    expect(runInFocus([done, queued, waiting, running])?.id).toBe('running');
    expect(runInFocus([done, queued, waiting])?.id).toBe('waiting');
    expect(runInFocus([done, queued])?.id).toBe('queued');
  });

  test('is the newest when nothing is active', () => {
    expect(runInFocus([done, { ...done, id: 'older' }])?.id).toBe('done');
    expect(runInFocus([])).toBeUndefined();
  });
});

describe('traffic', () => {
  const stable = makeRelease('greeter', 12, 'stable');
  const entry = (releaseId: string, releaseNumber: number | null, weight: number) => ({
    releaseId,
    releaseNumber,
    weight,
    ready: true,
  });

  test('of two versions is listed with the live one first', () => {
    const traffic = [entry('other', 13, 25), entry(stable.id, 12, 75)];
    expect(trafficShares({ live: stable, traffic })).toEqual([
      { releaseNumber: 12, weight: 75, isNew: false },
      { releaseNumber: 13, weight: 25, isNew: true },
    ]);
  });

  test('that goes to one version is not drawn, also while another one is kept warm', () => {
    expect(trafficShares({ live: stable, traffic: [entry(stable.id, 12, 100)] })).toEqual([]);
    expect(trafficShares({ live: stable, traffic: [entry(stable.id, 12, 100), entry('warm', 11, 0)] })).toEqual([]);
  });

  test('of a first release has no share that could be gone back to', () => {
    const first = makeRollout({ id: 'r', release: stable, weight: 100 });
    expect(rolloutShares(first)).toEqual([{ releaseNumber: 12, weight: 100, isNew: true }]);
  });

  test('of a rollout adds up to all of it', () => {
    const rollout = makeRollout({ id: 'r', release: makeRelease('greeter', 13, 'new'), stable, weight: 12.5 });
    expect(rolloutShares(rollout).map((share) => share.weight)).toEqual([87.5, 12.5]);
  });
});

test('the rollout of an environment is found in whichever run has it', () => {
  const rollout = makeRollout({ id: 'ro', release: makeRelease('a', 1, 'first') });
  const stages = [makeStage({ index: 0, name: 'deploy', kind: 'deploy', rollout })];
  const runs = [makeRun({ id: 'other', app: 'a' }), makeRun({ id: 'run', app: 'a', stages })];
  expect(rolloutOf(makeEnvironment({ app: 'a', name: 'p', rolloutId: 'ro' }), runs)).toBe(rollout);
  expect(rolloutOf(makeEnvironment({ app: 'a', name: 'p', rolloutId: 'gone' }), runs)).toBeUndefined();
  expect(rolloutOf(makeEnvironment({ app: 'a', name: 'p' }), runs)).toBeUndefined();
});
