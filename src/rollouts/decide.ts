import { assertNever } from '../kernel/index.ts';
import { goBack, switchBack } from './decide/back.ts';
import { applyCommands } from './decide/commands.ts';
import {
  AUTOMATION,
  type Decision,
  type Facts,
  type Observation,
  POLL,
  type Round,
  WATCH_GAP,
  isAtWeight,
  stay,
} from './decide/decision.ts';
import { hold, prepare, shift } from './decide/forward.ts';
import { type RolloutState, isTerminal } from './state.ts';

/**
 * The next state of an active rollout, what to call at the target, what to tell, and when to look again. Pure: the same
 * arguments give the same answer, and nothing is read or done here.
 */
export function decide(facts: Facts, before: RolloutState, observation: Observation, now: number): Decision {
  const state = withHonestTimes(before, now);
  const round = { facts, state, observation, now };
  const commanded = isSwitched(round) ? { state, events: [] } : applyCommands(round);
  const decision = isSettled(state, commanded.state)
    ? stay(commanded.state, now + POLL)
    : step({ ...round, state: commanded.state });
  const ended = isTerminal(decision.state.phase) && !isTerminal(state.phase) ? [endEvent(decision.state)] : [];
  return {
    ...decision,
    state: { ...decision.state, seenAt: now },
    events: [...commanded.events, ...decision.events, ...ended],
  };
}

/** Whether a command has ended the round: by ending the rollout, or because the verdicts at hand are of an older window. */
function isSettled(before: RolloutState, after: RolloutState): boolean {
  return isTerminal(after.phase) || after.freshFrom !== before.freshFrom;
}

/**
 * While nobody was watching nothing could get ahead, so that time does not count towards a deadline. A clock that was set back
 * must not lengthen a wait by more than what was left of it when it began.
 */
function withHonestTimes(state: RolloutState, now: number): RolloutState {
  const gap = now - state.seenAt;
  if (gap > WATCH_GAP) return { ...state, progressAt: state.progressAt + gap };
  if (gap >= 0) return state;
  const orNow = (time: number): number => Math.min(time, now);
  const orNull = (time: number | null): number | null => (time === null ? null : orNow(time));
  const errors = Object.entries(state.providerErrors).map(
    ([name, row]) => [name, { ...row, at: orNow(row.at) }] as const,
  );
  return {
    ...state,
    stepSince: orNow(state.stepSince),
    observedSince: orNull(state.observedSince),
    unreadySince: orNull(state.unreadySince),
    freshFrom: orNow(state.freshFrom),
    comparedFrom: orNull(state.comparedFrom),
    progressAt: orNow(state.progressAt),
    paused: state.paused === null ? null : { ...state.paused, since: orNow(state.paused.since) },
    providerErrors: Object.fromEntries<(typeof errors)[number][1]>(errors),
  };
}

/** Whether a rollback is seen to have happened: then it is over, and no command can be given to it any more. */
function isSwitched(round: Round): boolean {
  const { facts, state } = round;
  return facts.plan.kind === 'rollback' && state.phase === 'rolling_back' && isAtWeight(round, 100);
}

function step(round: Round): Decision {
  const { phase } = round.state;
  switch (phase) {
    case 'queued':
    case 'waiting_gate':
    case 'waiting_lock':
    case 'preparing':
      return prepare(round);
    case 'shifting':
      return shift(round);
    case 'holding':
    case 'baking':
      return hold(round);
    case 'aborting':
      return goBack(round);
    case 'rolling_back':
      return round.facts.plan.kind === 'rollback' ? switchBack(round) : goBack(round);
    case 'succeeded':
    case 'aborted':
    case 'rolled_back':
    case 'rollback_failed':
    case 'superseded':
    case 'cancelled':
      return stay(round.state, null);
    default:
      return assertNever(phase);
  }
}

function endEvent(state: RolloutState) {
  const outcome = state.outcome ?? { by: AUTOMATION, reason: '', evidence: [] };
  const data = {
    phase: state.phase,
    reason: outcome.reason,
    evidence: outcome.evidence,
    weightsSeen: state.weightsSeen,
  };
  return { kind: 'rollout.ended', actor: outcome.by, data };
}
