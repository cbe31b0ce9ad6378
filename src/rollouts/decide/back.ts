import { formatDuration } from '../../kernel/index.ts';
import type { Phase } from '../state.ts';
import { type Decision, POLL, type Round, isAtWeight, stay, versionOf } from './decision.ts';

/**
 * Gives all traffic back to the stable version, which must be seen ready first: capacity before weight. The end is only
 * reached when the router is seen to do so.
 */
export function goBack(round: Round): Decision {
  const { facts, state, observation, now } = round;
  const ended: Phase = state.phase === 'rolling_back' ? 'rolled_back' : 'aborted';
  if (facts.plan.kind === 'rollback') return failRollback(round);
  if (facts.stable === null || isAtWeight(round, 0)) return end(round, ended);
  const stable = versionOf(observation.target, facts.stable);
  if (now - state.progressAt > facts.plan.progressDeadline) {
    const why =
      stable?.failure ??
      `the stable version did not get all traffic within ${formatDuration(facts.plan.progressDeadline)}`;
    return end(round, 'rollback_failed', why);
  }
  if (stable !== undefined && !stable.ready) return stay(state, now + POLL);
  const key = `${facts.rolloutId}:back`;
  if (observation.sent.has(key)) return stay(state, now + POLL);
  return { state, effects: [{ kind: 'shift', key, weight: 0 }], events: [], wakeAt: now + POLL };
}

function end(round: Round, phase: Phase, why?: string): Decision {
  const { state } = round;
  const back = state.back ?? { by: 'automation', reason: 'taken back', evidence: [] };
  const outcome = why === undefined ? back : { ...back, evidence: [...back.evidence, why] };
  const seen =
    state.weightsSeen.at(-1) === 0 || state.weightsSeen.length === 0 ? state.weightsSeen : [...state.weightsSeen, 0];
  const next =
    phase === 'rollback_failed'
      ? { ...state, phase, outcome }
      : { ...state, phase, outcome, weight: 0, weightsSeen: seen };
  return { state: next, effects: [], events: [], wakeAt: round.now };
}

/** The switch of a rollback operation. It is never rolled back by itself: what can't be switched ends as `rollback_failed`. */
export function switchBack(round: Round): Decision {
  const { facts, state, observation, now } = round;
  if (isAtWeight(round, 100)) {
    const outcome = { by: 'automation', reason: 'the earlier release has all traffic', evidence: [] };
    const event = { kind: 'rollout.weight_observed', actor: 'automation', data: { weight: 100, step: 0 } };
    return {
      state: { ...state, phase: 'rolled_back', weight: 100, weightsSeen: [100], outcome },
      effects: [],
      events: [event],
      wakeAt: now,
    };
  }
  if (now - state.progressAt > facts.plan.progressDeadline)
    return end(round, 'rollback_failed', 'the switch was not seen at the target');
  const key = `${facts.rolloutId}:switch`;
  if (observation.sent.has(key)) return stay(state, now + POLL);
  return { state, effects: [{ kind: 'shift', key, weight: 100 }], events: [], wakeAt: now + POLL };
}

/** An aborted or failed rollback leaves the traffic where it is seen to be: before its switch nothing has moved. */
function failRollback(round: Round): Decision {
  const switched = isAtWeight(round, 100);
  return switched ? switchBack({ ...round, state: { ...round.state, back: null } }) : end(round, 'rollback_failed');
}
