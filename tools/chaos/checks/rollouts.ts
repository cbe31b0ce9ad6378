import type { EventFact, Facts, RolloutFact } from '../store.ts';
import { type Finding, double, illegal, lost, repeated } from './finding.ts';

const LEDGER: Readonly<Record<string, string>> = {
  succeeded: 'succeeded',
  aborted: 'aborted',
  rolled_back: 'rolled_back',
  superseded: 'superseded',
  cancelled: 'aborted',
};
const WEIGHT = 'rollout.weight_observed';
/** What may follow what; a rollout begins as queued. */
const FOLLOWS: Readonly<Record<string, readonly string[]>> = {
  'rollout.queued': ['rollout.waiting', 'rollout.started', 'rollout.ended'],
  'rollout.waiting': ['rollout.waiting', 'rollout.started', 'rollout.ended'],
  'rollout.started': ['rollout.prepared', 'rollout.aborting'],
  'rollout.prepared': [WEIGHT, 'rollout.aborting', 'rollout.ended'],
  [WEIGHT]: [WEIGHT, 'rollout.step_passed', 'rollout.aborting', 'rollout.rolling_back', 'rollout.ended'],
  'rollout.step_passed': [WEIGHT, 'rollout.aborting', 'rollout.rolling_back', 'rollout.ended'],
  'rollout.aborting': ['rollout.ended'],
  'rollout.rolling_back': ['rollout.ended'],
  'rollout.ended': [],
};
/** Told beside the way, at any point of it. */
const ASIDE = ['rollout.command', 'rollout.gap'];

export interface Expected {
  /** Reasons of rollbacks that were taken on. */
  readonly rollbacks: readonly string[];
  /** Weights of a deployment by environment. */
  readonly planned: Readonly<Record<string, readonly number[]>>;
}

/** Every rollout ended legally, one at a time, on a legal way, and the ledger tells of it. */
export function checkRollouts(facts: Facts, expected: Expected): readonly Finding[] {
  const requested = facts.rollouts.filter(({ runId }) => runId !== null);
  return [
    ...facts.rollouts.flatMap(checkEnd),
    ...facts.rollouts.flatMap((rollout) => checkPlan(rollout, expected)),
    ...facts.rollouts.flatMap((rollout) => checkWay(rollout, eventsOf(facts, rollout))),
    ...repeated(requested.map(({ runId, environment }) => `${runId} to ${environment}`)).map(([what, count]) =>
      double(`run ${what} has ${count} rollouts`),
    ),
    ...expected.rollbacks.flatMap((reason) => checkRequested(facts, reason)),
    ...checkOneAtATime(facts),
    ...checkLive(facts),
  ];
}

function eventsOf({ events }: Facts, { id }: RolloutFact): readonly EventFact[] {
  return events.filter(({ subject, kind }) => subject === id && !ASIDE.includes(kind));
}

function checkEnd(rollout: RolloutFact): readonly Finding[] {
  const { id, phase, statePhase, ledger, endedAt } = rollout;
  if (phase === 'rollback_failed') return [illegal(`rollout ${id} could not be taken back: ${why(rollout)}`)];
  if (endedAt === null || LEDGER[phase] === undefined) return [lost(`rollout ${id} never ended: ${phase}`)];
  const findings: Finding[] = [];
  if (statePhase !== phase) findings.push(illegal(`rollout ${id} is ${phase}, its state says ${statePhase}`));
  const isUndone = ledger === 'rolled_back' && phase === 'succeeded';
  if (ledger !== LEDGER[phase] && !isUndone)
    findings.push(illegal(`rollout ${id} is ${phase}, the ledger has ${ledger}`));
  return findings;
}

/** The first release of an environment and a rollback have no steps; a rollout that never began has no stable version. */
function checkPlan({ id, kind, environment, stableId, planned }: RolloutFact, expected: Expected): readonly Finding[] {
  if (kind === 'deploy' && stableId === null) return [];
  const wanted = kind === 'rollback' ? [100] : (expected.planned[environment] ?? []);
  if (wanted.join() === planned.join()) return [];
  return [illegal(`rollout ${id} planned ${planned.join(', ')} %, its configuration says ${wanted.join(', ')} %`)];
}

function why({ outcome }: RolloutFact): string {
  return outcome === null ? 'without a reason' : `${outcome.reason} (${outcome.by})`;
}

function checkWay(rollout: RolloutFact, events: readonly EventFact[]): readonly Finding[] {
  const kinds = events.map(({ kind }) => kind);
  const way = kinds.map((kind) => kind.replace('rollout.', '')).join(' → ');
  const wrong = kinds.find((kind, index) =>
    index === 0 ? kind !== 'rollout.queued' : FOLLOWS[kinds[index - 1] ?? '']?.includes(kind) !== true,
  );
  if (wrong !== undefined) return [illegal(`rollout ${rollout.id} went an illegal way: ${way}`)];
  if (kinds.at(-1) !== 'rollout.ended') return [lost(`rollout ${rollout.id} has no end: ${way}`)];
  const weights = events.filter(({ kind }) => kind === WEIGHT).map(({ data }) => Number(data['weight']));
  const isPrefix = weights.every((weight, index) => weight === rollout.planned[index]);
  const isWhole = rollout.phase !== 'succeeded' || weights.length === rollout.planned.length || weights.length === 0;
  if (isPrefix && isWhole) return [];
  return [illegal(`rollout ${rollout.id} saw ${weights.join(', ')} % of the plan ${rollout.planned.join(', ')} %`)];
}

function checkRequested({ rollouts }: Facts, reason: string): readonly Finding[] {
  const count = rollouts.filter((rollout) => rollout.kind === 'rollback' && rollout.reason === reason).length;
  if (count === 0) return [lost(`${reason} was taken on and is no rollout`)];
  return count > 1 ? [double(`${reason} is ${count} rollouts`)] : [];
}

/** From its start to its end a rollout has the environment alone. */
function checkOneAtATime({ events }: Facts): readonly Finding[] {
  const holders = new Map<string, string>();
  return events.flatMap(({ kind, environment, subject }) => {
    if (environment === null) return [];
    const holder = holders.get(environment);
    if (kind === 'rollout.ended' && holder === subject) holders.delete(environment);
    if (kind !== 'rollout.started') return [];
    holders.set(environment, subject);
    return holder === undefined
      ? []
      : [illegal(`rollout ${subject} began in ${environment} while ${holder} was active`)];
  });
}

/** The ledger's live release is that of the last rollout that arrived. */
function checkLive({ events, rollouts, places }: Facts): readonly Finding[] {
  const live = new Map<string, string>();
  for (const { kind, subject } of events) {
    const rollout = rollouts.find(({ id }) => id === subject);
    if (kind !== 'rollout.ended' || rollout === undefined) continue;
    const arrived = rollout.kind === 'rollback' ? 'rolled_back' : 'succeeded';
    if (rollout.phase === arrived) live.set(rollout.environment, rollout.releaseId);
  }
  return places.flatMap((place) => {
    const expected = live.get(place.environment) ?? null;
    const drift = place.drift === null ? [] : [illegal(`${place.environment} has drifted: ${place.drift}`)];
    if (place.live === expected) return drift;
    return [...drift, illegal(`${place.environment}: live is ${place.live}, the last rollout brought ${expected}`)];
  });
}
