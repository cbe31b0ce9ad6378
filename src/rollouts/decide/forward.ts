import { formatDuration } from '../../kernel/index.ts';
import type { RolloutState } from '../state.ts';
import { applyAnalysis } from './analysis.ts';
import {
  AUTOMATION,
  type Decision,
  PATIENCE,
  PAUSE_LIMIT,
  POLL,
  type Round,
  isAtWeight,
  stay,
  turnBack,
  versionOf,
  weightOf,
} from './decision.ts';

/** Gaps longer than this mean that nobody was watching, so older samples no longer count. */
const WATCH_GAP = 60_000;

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
export function advance(round: Round): Decision {
  const { facts, state, observation, now } = round;
  const step = facts.plan.steps[state.step];
  if (step === undefined || step.kind !== 'weight')
    return stay({ ...state, phase: step === undefined ? 'baking' : 'holding' }, now);
  if (isAtWeight(round, step.weight)) return weightObserved(round, step.weight);
  if (isLate(round)) {
    return turnBack(
      state,
      {
        by: AUTOMATION,
        reason: `weight ${step.weight}% was not reached within ${formatDuration(facts.plan.progressDeadline)}`,
        evidence: [describeWeights(round)],
      },
      now,
    );
  }
  const broken = brokenVersion(round);
  if (broken !== undefined) return turnBack(state, broken, now);
  const key = `${facts.rolloutId}:step-${state.step}:${step.weight}`;
  if (observation.sent.has(key)) return stay(state, now + POLL);
  return { state, effects: [{ kind: 'shift', key, weight: step.weight }], events: [], wakeAt: now + POLL };
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
  if ('decision' in watched) return watched.decision;
  const { facts, now } = round;
  const analysis = applyAnalysis({ ...round, state: watched.state });
  if (analysis.kind === 'decided') return analysis.decision;
  const { state } = analysis;
  if (state.paused !== null) return paused(round, state);
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

/** Looks at what should hold still: readiness, weights, and whether anybody was watching at all. */
function watch(round: Round): { readonly state: RolloutState } | { readonly decision: Decision } {
  const { state, now } = round;
  const broken = brokenVersion(round);
  if (broken !== undefined) return { decision: turnBack(state, broken, now) };
  if (now - state.seenAt > WATCH_GAP) {
    const note = `nobody was watching for ${formatDuration(now - state.seenAt)}: fresh samples are needed`;
    const fresh = { ...state, freshFrom: now, comparedFrom: now, notes: [...state.notes, note] };
    const event = { kind: 'rollout.gap', actor: AUTOMATION, data: { milliseconds: now - state.seenAt } };
    return { decision: { state: fresh, effects: [], events: [event], wakeAt: now + POLL } };
  }
  if (isAtWeight(round, state.weight))
    return { state: state.observedSince === null ? { ...state, observedSince: now } : state };
  if (state.observedSince !== null) return { state: { ...state, observedSince: null, progressAt: now } };
  if (state.paused !== null || now - state.progressAt < PATIENCE) return { state };
  const reason = `drift: ${describeWeights(round)}, expected ${state.weight}%`;
  const event = { kind: 'rollout.drift', actor: AUTOMATION, data: { reason } };
  const held = { ...state, paused: { by: AUTOMATION, reason, since: now } };
  return { decision: { state: held, effects: [], events: [event], wakeAt: now + POLL } };
}

/** Why the candidate can't carry traffic, once it has been unable to for longer than a hiccup. */
function brokenVersion(round: Round) {
  const { facts, observation } = round;
  const seen = versionOf(observation.target, facts.candidate);
  if (seen !== undefined && seen.failure !== null)
    return { by: AUTOMATION, reason: 'the new version broke', evidence: [seen.failure] };
  return undefined;
}

function isLate(round: Round): boolean {
  return round.now - round.state.progressAt > round.facts.plan.progressDeadline;
}

function describeWeights(round: Round): string {
  const { target } = round.observation;
  return `the router gives the new version ${weightOf(target, round.facts.candidate)}% and the stable one ${weightOf(target, round.facts.stable)}%`;
}

function nextLook(round: Round, end: number | null): number {
  const { now } = round;
  const shortest = Math.min(...round.facts.plan.analysis.metrics.map((metric) => metric.interval), 10_000);
  const look = now + Math.max(250, Math.min(shortest / 2, 5000));
  return end !== null && end > now ? Math.min(look, end) : look;
}
