import { assertNever } from '../kernel/index.ts';
import { goBack, switchBack } from './decide/back.ts';
import { applyCommands } from './decide/commands.ts';
import { AUTOMATION, type Decision, type Facts, type Observation, POLL, type Round, stay } from './decide/decision.ts';
import { advance, hold, prepare } from './decide/forward.ts';
import { type RolloutState, isTerminal } from './state.ts';

/**
 * The next state of an active rollout, what to call at the target, what to tell, and when to look again. Pure: the same
 * arguments give the same answer, and nothing is read or done here.
 */
export function decide(facts: Facts, state: RolloutState, observation: Observation, now: number): Decision {
  const commanded = applyCommands(facts, state, observation.commands, now);
  const decision = isSettled(state, commanded.state)
    ? stay(commanded.state, now + POLL)
    : step({ facts, state: commanded.state, observation, now });
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

function step(round: Round): Decision {
  const { phase } = round.state;
  switch (phase) {
    case 'queued':
    case 'waiting_gate':
    case 'waiting_lock':
    case 'preparing':
      return prepare(round);
    case 'shifting':
      return round.state.paused === null ? advance(round) : hold(round);
    case 'holding':
    case 'baking':
      return hold(round);
    case 'aborting':
      return goBack(round);
    case 'rolling_back':
      return round.facts.plan.kind === 'rollback' && round.state.back === null ? switchBack(round) : goBack(round);
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
