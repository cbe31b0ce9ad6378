import { formatDuration } from '../../kernel/index.ts';
import type { Outcome, RolloutState } from '../state.ts';
import {
  AUTOMATION,
  type Decision,
  PATIENCE,
  POLL,
  type Round,
  WATCH_GAP,
  hasStable,
  isAtWeight,
  turnBack,
  versionOf,
  weightOf,
} from './decision.ts';

/** What looking at a weight that should hold still showed. Only what is steady may pass. */
export type Watched =
  | { readonly kind: 'steady'; readonly state: RolloutState }
  | { readonly kind: 'unsteady'; readonly state: RolloutState }
  | { readonly kind: 'decided'; readonly decision: Decision };

/** Looks at what should hold still: readiness, weights, and whether anybody was watching at all. */
export function watch(round: Round): Watched {
  if (round.now - round.state.seenAt > WATCH_GAP) return gap(round);
  return look(withReadiness(round));
}

/** The round with the time since when the candidate is not ready. */
export function withReadiness(round: Round): Round {
  const { facts, state, observation, now } = round;
  const isReady = versionOf(observation.target, facts.candidate)?.ready === true;
  return { ...round, state: { ...state, unreadySince: isReady ? null : (state.unreadySince ?? now) } };
}

function look(round: Round): Watched {
  const { state, now } = round;
  const broken = brokenVersion(round);
  if (broken !== undefined) return { kind: 'decided', decision: turnBack(state, broken, now) };
  if (!isAtWeight(round, state.weight)) return drift(round);
  if (state.observedSince !== null) return { kind: state.unreadySince === null ? 'steady' : 'unsteady', state };
  // Seen again: what was measured meanwhile was measured at another weight.
  const fresh = { ...state, observedSince: now, freshFrom: now, progressAt: now };
  return { kind: 'decided', decision: { state: fresh, effects: [], events: [], wakeAt: now } };
}

/** Why the candidate can't carry traffic: it says so itself, or it has not been ready for longer than a hiccup. */
export function brokenVersion(round: Round): Outcome | undefined {
  const { facts, state, observation, now } = round;
  const failure = versionOf(observation.target, facts.candidate)?.failure ?? null;
  if (failure !== null) return { by: AUTOMATION, reason: 'the new version broke', evidence: [failure] };
  if (state.unreadySince === null) return undefined;
  // When the stable version is not ready either, it is the target that comes back up, not the release that broke.
  const isStableReady = hasStable(facts) && versionOf(observation.target, facts.stable)?.ready === true;
  const patience = isStableReady ? PATIENCE : facts.plan.progressDeadline;
  if (now - state.unreadySince < patience) return undefined;
  const evidence = [`not ready for ${formatDuration(now - state.unreadySince)}`];
  return { by: AUTOMATION, reason: 'the new version broke', evidence };
}

function gap({ state, now }: Round): Watched {
  const milliseconds = now - state.seenAt;
  const note = `nobody was watching for ${formatDuration(milliseconds)}: fresh samples are needed`;
  const fresh = { ...state, freshFrom: now, unreadySince: null, notes: [...state.notes, note] };
  const event = { kind: 'rollout.gap', actor: AUTOMATION, data: { milliseconds } };
  return { kind: 'decided', decision: { state: fresh, effects: [], events: [event], wakeAt: now + POLL } };
}

/** Weights that are not ours: a hiccup at first, then a pause for a person. */
function drift(round: Round): Watched {
  const { state, now } = round;
  if (state.observedSince !== null)
    return { kind: 'unsteady', state: { ...state, observedSince: null, progressAt: now } };
  if (state.paused !== null || now - state.progressAt < PATIENCE) return { kind: 'unsteady', state };
  const reason = `drift: ${describeWeights(round)}, expected ${state.weight}%`;
  const event = { kind: 'rollout.drift', actor: AUTOMATION, data: { reason } };
  const held = { ...state, paused: { by: AUTOMATION, reason, since: now } };
  return { kind: 'decided', decision: { state: held, effects: [], events: [event], wakeAt: now + POLL } };
}

export function describeWeights(round: Round): string {
  const { target } = round.observation;
  return `the router gives the new version ${weightOf(target, round.facts.candidate)}% and the stable one ${weightOf(target, round.facts.stable)}%`;
}
