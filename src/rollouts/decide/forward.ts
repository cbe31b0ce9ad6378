import { formatDuration } from '../../kernel/index.ts';
import type { RolloutState } from '../state.ts';
import { abortingFailure, applyAnalysis } from './analysis.ts';
import {
  AUTOMATION,
  type Decision,
  PAUSE_LIMIT,
  POLL,
  type Round,
  isAtWeight,
  stay,
  turnBack,
  versionOf,
} from './decision.ts';
import { brokenVersion, describeWeights, watch, withReadiness } from './watch.ts';

const UNSTEADY_LOOK = 500;

/** Waits until the candidate is seen ready beside the live version. */
export function prepare(round: Round): Decision {
  const { facts, state, observation, now } = round;
  const seen = versionOf(observation.target, facts.candidate);
  if (seen !== undefined && seen.failure !== null) return turnBack(state, notReady(seen.failure), now);
  if (seen?.ready === true) {
    const phase = facts.plan.kind === 'rollback' ? 'rolling_back' : 'shifting';
    const event = { kind: 'rollout.prepared', actor: AUTOMATION, data: { instances: seen.instances } };
    return { state: { ...state, phase, stepSince: now, progressAt: now }, effects: [], events: [event], wakeAt: now };
  }
  if (isLate(round))
    return turnBack(state, notReady(`not ready within ${formatDuration(facts.plan.progressDeadline)}`), now);
  const key = `${facts.rolloutId}:prepare`;
  if (observation.sent.has(key)) return stay(state, now + POLL);
  return { state, effects: [{ kind: 'prepare', key }], events: [], wakeAt: now + POLL };
}

function notReady(why: string) {
  return { by: AUTOMATION, reason: 'the new version did not become ready', evidence: [why] };
}

/** Brings the present step about: a weight is done when it is *seen*, a pause or analysis is a hold. */
export function shift(round: Round): Decision {
  const { facts, state, now } = round;
  const step = facts.plan.steps[state.step];
  if (step === undefined) return stay({ ...state, phase: 'baking', stepSince: now }, now);
  if (step.kind !== 'weight') return stay({ ...state, phase: 'holding' }, now);
  // A shift that was on its way when somebody paused arrives all the same, and is then what is watched.
  if (isAtWeight(round, step.weight)) return weightObserved(round, step.weight);
  return state.paused === null ? ask(withReadiness(round), step.weight) : hold(round);
}

function ask(round: Round, weight: number): Decision {
  const { facts, state, observation, now } = round;
  const failure = abortingFailure(round);
  if (failure !== undefined) return failure;
  if (isLate(round)) {
    const reason = `weight ${weight}% was not reached within ${formatDuration(facts.plan.progressDeadline)}`;
    return turnBack(state, { by: AUTOMATION, reason, evidence: [describeWeights(round)] }, now);
  }
  const broken = brokenVersion(round);
  if (broken !== undefined) return turnBack(state, broken, now);
  if (state.unreadySince !== null) return stay(state, now + POLL);
  const key = `${facts.rolloutId}:step-${state.step}:${weight}`;
  if (observation.sent.has(key)) return stay(state, now + POLL);
  return { state, effects: [{ kind: 'shift', key, weight }], events: [], wakeAt: now + POLL };
}

function weightObserved(round: Round, weight: number): Decision {
  const { facts, state, now } = round;
  const seen = state.weightsSeen.at(-1) === weight ? state.weightsSeen : [...state.weightsSeen, weight];
  const event = { kind: 'rollout.weight_observed', actor: AUTOMATION, data: { weight, step: state.step } };
  const isLast = state.step === facts.plan.steps.length - 1;
  const following = facts.plan.steps[state.step + 1];
  const holdsNext = following !== undefined && following.kind !== 'weight';
  const next: RolloutState = {
    ...state,
    weight,
    weightsSeen: seen,
    phase: isLast ? 'baking' : 'holding',
    step: isLast || holdsNext ? state.step + 1 : state.step,
    stepSince: now,
    observedSince: now,
    unreadySince: null,
    freshFrom: now,
    comparedFrom: state.comparedFrom ?? now,
    progressAt: now,
    providerErrors: {},
  };
  return { state: next, effects: [], events: [event], wakeAt: now };
}

/** Holds a weight: watches, waits out pauses, and goes on when the analysis has passed with fresh samples. */
export function hold(round: Round): Decision {
  const watched = watch(round);
  if (watched.kind === 'decided') return watched.decision;
  const { facts, now } = round;
  const analysis = applyAnalysis({ ...round, state: watched.state });
  if (analysis.kind === 'decided') return analysis.decision;
  const { state } = analysis;
  if (state.paused !== null) return paused(round, state);
  if (watched.kind === 'unsteady') return stay(state, nextLook(round, now + UNSTEADY_LOOK));
  const step = facts.plan.steps[state.step];
  const end = endOfHold(step, state, facts.plan.bake);
  if (end === null || now < end || analysis.kind === 'waiting') return stay(state, nextLook(round, end));
  if (step === undefined) return succeed(round, state);
  const event = {
    kind: 'rollout.step_passed',
    actor: AUTOMATION,
    data: { step: state.step, weight: state.weight, metrics: round.observation.metrics },
  };
  return {
    state: { ...state, phase: 'shifting', step: state.step + 1, stepSince: now, progressAt: now },
    effects: [],
    events: [event],
    wakeAt: now,
  };
}

/** Epoch milliseconds at which time alone would let the step end; null when only a person can. */
function endOfHold(
  step: { readonly kind: string; readonly duration?: number | null } | undefined,
  state: RolloutState,
  bake: number,
): number | null {
  if (step === undefined) return state.stepSince + bake;
  if (step.kind !== 'pause') return state.stepSince;
  return step.duration === null || step.duration === undefined ? null : state.stepSince + step.duration;
}

function succeed(round: Round, state: RolloutState): Decision {
  const evidence = round.observation.metrics.map((metric) => `${metric.name}: ${metric.finding}`);
  const outcome = { by: AUTOMATION, reason: 'all steps and baking passed', evidence };
  return { state: { ...state, phase: 'succeeded', outcome }, effects: [], events: [], wakeAt: round.now };
}

function paused(round: Round, state: RolloutState): Decision {
  const since = state.paused?.since ?? round.now;
  if (round.now - since < PAUSE_LIMIT) return stay(state, nextLook(round, since + PAUSE_LIMIT));
  const reason = `nobody decided within ${formatDuration(PAUSE_LIMIT)}`;
  return turnBack(state, { by: AUTOMATION, reason, evidence: [`paused: ${state.paused?.reason ?? ''}`] }, round.now);
}

function isLate(round: Round): boolean {
  return round.now - round.state.progressAt > round.facts.plan.progressDeadline;
}

function nextLook(round: Round, end: number | null): number {
  const { now } = round;
  const shortest = Math.min(...round.facts.plan.analysis.metrics.map((metric) => metric.interval), 10_000);
  const look = now + Math.max(250, Math.min(shortest / 2, 5000));
  return end !== null && end > now ? Math.min(look, end) : look;
}
