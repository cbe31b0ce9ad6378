import { expect, test } from 'vitest';
import type { Sample } from '../../demo/load.ts';
import type { Sent } from '../sender.ts';
import type { EventFact, Facts, WriteFact } from '../store.ts';
import type { Finding } from './finding.ts';
import { checkReleases } from './releases.ts';
import { checkRollouts } from './rollouts.ts';
import { checkRouter } from './router.ts';
import { checkRuns } from './runs.ts';
import { checkTraffic } from './traffic.ts';

const ENDED = 10_000;

function event(kind: string, subject: string, data: EventFact['data'] = {}): EventFact {
  return { kind, environment: kind.startsWith('rollout.') ? 'production' : null, subject, data };
}

function write(key: string, act: WriteFact['act'], weight: number, revision: number): WriteFact {
  const weights = [{ version: 'rel_1', weight }];
  return { environment: 'production', act, key, fence: revision, revision, changed: true, weights };
}

/** One push that became the first release of production. */
const sound: Facts = {
  deliveries: [{ deliveryId: 'd1', outcome: 'queued', runIds: ['run_1'] }],
  runs: [
    {
      id: 'run_1',
      deliveryId: 'd1',
      state: 'succeeded',
      ended: true,
      releaseId: 'rel_1',
      stages: [{ name: 'deploy', state: 'succeeded', attempt: 1, rollout: 'rol_1' }],
    },
  ],
  releases: [{ id: 'rel_1', number: 1, sha: 'abc' }],
  rollouts: [
    {
      id: 'rol_1',
      environment: 'production',
      kind: 'deploy',
      releaseId: 'rel_1',
      stableId: 'rel_0',
      runId: 'run_1',
      phase: 'succeeded',
      statePhase: 'succeeded',
      reason: null,
      outcome: { by: 'automation', reason: 'all steps and baking passed' },
      planned: [50, 100],
      weightsSeen: [50, 100],
      endedAt: ENDED,
      ledger: 'succeeded',
    },
  ],
  intents: ['rol_1:prepare', 'rol_1:step-0:50', 'rol_1:step-1:100'].map((key) => ({ key, sent: true })),
  writes: [
    write('rol_1:prepare', 'publish', 0, 1),
    write('rol_1:step-0:50', 'weights', 50, 2),
    write('rol_1:step-1:100', 'weights', 100, 3),
  ],
  events: [
    event('run.queued', 'run_1'),
    event('run.started', 'run_1'),
    event('release.sealed', 'rel_1', { runId: 'run_1' }),
    event('rollout.queued', 'rol_1'),
    event('rollout.started', 'rol_1'),
    event('rollout.prepared', 'rol_1'),
    event('rollout.weight_observed', 'rol_1', { weight: 50 }),
    event('rollout.step_passed', 'rol_1'),
    event('rollout.weight_observed', 'rol_1', { weight: 100 }),
    event('rollout.ended', 'rol_1'),
    event('run.ended', 'run_1'),
  ],
  places: [
    {
      environment: 'production',
      live: 'rel_1',
      drift: null,
      desired: [{ version: 'rel_1', weight: 100 }],
      routed: [{ version: 'rel_1', weight: 100 }],
    },
  ],
};

const sent: readonly Sent[] = [
  {
    deliveryId: 'd1',
    push: { commit: { sha: 'abc', before: '', message: '' }, kind: 'good', approval: false },
    accepted: true,
    attempts: ['200'],
  },
];

const answered: Sample = { at: 1, status: 200, version: 'rel_1', byFunction: true, fault: null };

function findingsOf(facts: Facts, samples: readonly Sample[] = [answered], pushes = sent): readonly Finding[] {
  return [
    ...checkRuns(facts, pushes),
    ...checkRollouts(facts, { rollbacks: [], planned: { production: [50, 100] } }),
    ...checkRouter(facts),
    ...checkReleases(facts, pushes, samples),
    ...checkTraffic(facts, samples),
  ];
}

function faultsOf(facts: Facts, samples?: readonly Sample[]): readonly string[] {
  return [...new Set(findingsOf(facts, samples).map(({ fault }) => fault))];
}

const [run] = sound.runs;
const [rollout] = sound.rollouts;
const [place] = sound.places;

test('a sound history has no fault', () => {
  expect(findingsOf(sound)).toEqual([]);
});

test.each<{ rule: string; facts: Facts; fault: Finding['fault'] }>([
  { rule: 'an accepted delivery without a run is lost', facts: { ...sound, runs: [] }, fault: 'lost' },
  {
    rule: 'two runs of one delivery are a double effect',
    facts: { ...sound, runs: [run!, { ...run!, id: 'run_2' }] },
    fault: 'double effect',
  },
  {
    rule: 'a run that nobody pushed is a double effect',
    facts: { ...sound, runs: [run!, { ...run!, id: 'run_2', deliveryId: 'other' }] },
    fault: 'double effect',
  },
  {
    rule: 'a run that did not end is lost',
    facts: { ...sound, runs: [{ ...run!, state: 'waiting', ended: false }] },
    fault: 'lost',
  },
  {
    rule: 'a run that says otherwise than its stages is illegal',
    facts: { ...sound, runs: [{ ...run!, state: 'failed' }] },
    fault: 'illegal state',
  },
  {
    rule: 'a rollout that did not end is lost',
    facts: { ...sound, rollouts: [{ ...rollout!, phase: 'holding', endedAt: null }] },
    fault: 'lost',
  },
  {
    rule: 'a plan that is not the configured one is illegal',
    facts: { ...sound, rollouts: [{ ...rollout!, planned: [25, 50, 100] }] },
    fault: 'illegal state',
  },
  {
    rule: 'a ledger that tells another end is illegal',
    facts: { ...sound, rollouts: [{ ...rollout!, ledger: 'aborted' }] },
    fault: 'illegal state',
  },
  {
    rule: 'an end that is told twice is illegal',
    facts: { ...sound, events: [...sound.events, event('rollout.ended', 'rol_1')] },
    fault: 'illegal state',
  },
  {
    rule: 'a weight that was skipped is illegal',
    facts: { ...sound, writes: sound.writes.filter(({ key }) => key !== 'rol_1:step-0:50') },
    fault: 'illegal state',
  },
  {
    rule: 'a weight that was switched to twice is a double effect',
    facts: { ...sound, writes: [...sound.writes, write('rol_1:again', 'weights', 100, 4)] },
    fault: 'double effect',
  },
  {
    rule: 'a key that acted twice is a double effect',
    facts: { ...sound, writes: [...sound.writes, { ...sound.writes[2]!, changed: false }] },
    fault: 'double effect',
  },
  {
    rule: 'a fence that falls is illegal',
    facts: { ...sound, writes: sound.writes.map((entry, index) => ({ ...entry, fence: 3 - index })) },
    fault: 'illegal state',
  },
  {
    rule: 'an effect without an intent is illegal',
    facts: { ...sound, intents: sound.intents.slice(1) },
    fault: 'illegal state',
  },
  {
    rule: 'a rollout that begins while another is active is illegal',
    facts: {
      ...sound,
      events: sound.events.toSpliced(5, 0, event('rollout.started', 'rol_2')),
    },
    fault: 'illegal state',
  },
  {
    rule: 'a live release that no rollout brought is illegal',
    facts: { ...sound, places: [{ ...place!, live: 'rel_9' }] },
    fault: 'illegal state',
  },
  {
    rule: 'a host that routes otherwise than the alias is illegal',
    facts: { ...sound, places: [{ ...place!, routed: [{ version: 'rel_1', weight: 75 }] }] },
    fault: 'illegal state',
  },
  {
    rule: 'a good release that automation took back is illegal',
    facts: { ...sound, rollouts: [{ ...rollout!, phase: 'aborted', statePhase: 'aborted', ledger: 'aborted' }] },
    fault: 'illegal state',
  },
])('$rule', ({ facts, fault }) => {
  expect(faultsOf(facts)).toContain(fault);
});

test('a request without an answer, or refused by the platform, is lost; a fault of the release is not', () => {
  const gone: Sample = { at: 2, status: 0, version: null, byFunction: false, fault: 'socket hang up' };
  const refused: Sample = { at: 2, status: 503, version: 'rel_1', byFunction: false, fault: 'NO_CAPACITY' };
  const thrown: Sample = { at: 2, status: 422, version: 'rel_1', byFunction: true, fault: 'FUNCTION_ERROR' };
  expect(faultsOf(sound, [answered, gone])).toEqual(['lost']);
  expect(faultsOf(sound, [answered, refused])).toEqual(['lost']);
  expect(faultsOf(sound, [answered, thrown])).toEqual([]);
});

test('a release that is kept although it failed in time is illegal', () => {
  const faults = Array.from({ length: 10 }, (_, index) => ({ ...answered, at: index + 2, status: 422 }));
  expect(faultsOf(sound, [answered, ...faults])).toEqual(['illegal state']);
});
