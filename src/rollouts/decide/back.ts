import { formatDuration } from '../../kernel/index.ts';
import type { Phase } from '../state.ts';
import {
  AUTOMATION,
  type Decision,
  PATIENCE,
  POLL,
  type Round,
  hasStable,
  isAtWeight,
  stay,
  versionOf,
} from './decision.ts';

/**
 * Gives all traffic back to the stable version, which must be seen ready first: capacity before weight. The end is only
 * reached when the router is seen to do so. Without a stable version the candidate loses its traffic.
 *
 * Hazard: a shift that was asked for earlier may still be on its way and would land after the end. So weight 0 is always
 * asked for once: it carries a higher fence, behind which the target refuses the older call.
 */
export function goBack(round: Round): Decision {
  const { facts, state, observation, now } = round;
  if (facts.plan.kind === 'rollback' && state.back?.by === AUTOMATION) return end(round, 'rollback_failed');
  const ended: Phase = state.phase === 'rolling_back' ? 'rolled_back' : 'aborted';
  if (facts.stable === facts.candidate) return end(round, ended);
  const isAsked = keysOf(round, 'back').some((key) => observation.sent.has(key));
  const isAttached = versionOf(observation.target, facts.candidate) !== undefined;
  if (isAtWeight(round, 0) && (isAsked || !isAttached)) return end(round, ended);
  const stable = versionOf(observation.target, facts.stable);
  if (now - state.progressAt > facts.plan.progressDeadline) return end(round, 'rollback_failed', whyNotBack(round));
  if (stable !== undefined && !stable.ready) return stay(state, now + POLL);
  return ask(round, 'back', 0);
}

function whyNotBack({ facts, observation }: Round): string {
  const limit = formatDuration(facts.plan.progressDeadline);
  if (!hasStable(facts)) return `the new version did not lose its traffic within ${limit}`;
  const failure = versionOf(observation.target, facts.stable)?.failure;
  return failure ?? `the stable version did not get all traffic within ${limit}`;
}

/** The switch of a rollback operation. It is never rolled back by itself: what can't be switched ends as `rollback_failed`. */
export function switchBack(round: Round): Decision {
  const { facts, state, observation, now } = round;
  if (isAtWeight(round, 100)) return switched(round);
  const failure = versionOf(observation.target, facts.candidate)?.failure ?? null;
  if (failure !== null) return end(round, 'rollback_failed', failure);
  if (now - state.progressAt > facts.plan.progressDeadline)
    return end(round, 'rollback_failed', 'the switch was not seen at the target');
  return ask(round, 'switch', 100);
}

function switched({ state, now }: Round): Decision {
  const outcome = { by: AUTOMATION, reason: 'the earlier release has all traffic', evidence: [] };
  const event = { kind: 'rollout.weight_observed', actor: AUTOMATION, data: { weight: 100, step: 0 } };
  return {
    state: { ...state, phase: 'rolled_back', weight: 100, weightsSeen: [100], outcome },
    effects: [],
    events: [event],
    wakeAt: now,
  };
}

/** The way back is asked for again while it is not seen, each time under a key of its own: a lost call must not cost an outage. */
function ask(round: Round, verb: 'back' | 'switch', weight: number): Decision {
  const { state, observation, now } = round;
  const key = keysOf(round, verb).at(-1) ?? '';
  if (observation.sent.has(key)) return stay(state, now + POLL);
  return { state, effects: [{ kind: 'shift', key, weight }], events: [], wakeAt: now + POLL };
}

/** Keys of all calls so far, one per stretch of patience. */
function keysOf({ facts, state, now }: Round, verb: 'back' | 'switch'): readonly string[] {
  const last = Math.floor(Math.max(0, now - state.stepSince) / PATIENCE);
  const first = `${facts.rolloutId}:${verb}`;
  return [first, ...Array.from({ length: last }, (_, index) => `${first}-${index + 2}`)];
}

function end(round: Round, phase: Phase, why?: string): Decision {
  const { state } = round;
  const back = state.back ?? { by: AUTOMATION, reason: `the rollback failed`, evidence: [] };
  const outcome = why === undefined ? back : { ...back, evidence: [...back.evidence, why] };
  const isBack = phase !== 'rollback_failed' && isAtWeight(round, 0);
  const isSeen = state.weightsSeen.length > 0 && state.weightsSeen.at(-1) !== 0;
  const weights = isBack ? { weight: 0, weightsSeen: isSeen ? [...state.weightsSeen, 0] : state.weightsSeen } : {};
  return { state: { ...state, ...weights, phase, outcome }, effects: [], events: [], wakeAt: round.now };
}
