import { assertNever } from '../../kernel/index.ts';
import { type Phase, type RolloutState, isTerminal } from '../state.ts';
import {
  AUTOMATION,
  type Command,
  type Decision,
  type Facts,
  type RolloutEvent,
  type Round,
  isAtWeight,
  turnBack,
} from './decision.ts';

/** Why a command can't be given in a phase; null when it can. Abort is legal from every phase that is not an end. */
export function refusalOf(kind: Command['kind'], phase: Phase, isRollback: boolean): string | null {
  if (isTerminal(phase)) return `the rollout has ended (${phase})`;
  if (kind === 'abort') return null;
  if (phase === 'aborting' || phase === 'rolling_back') return `the rollout is being taken back (${phase})`;
  if (isRollback) return 'a rollback has no steps: it can only be aborted';
  const waiting = phase === 'queued' || phase === 'waiting_gate' || phase === 'waiting_lock';
  if (waiting && kind !== 'promote' && kind !== 'promote_full') return `the rollout has not started (${phase})`;
  if (waiting) return `the rollout has not started (${phase}), so there is no step to leave`;
  if (kind === 'promote' && phase === 'preparing')
    return 'the new version is not ready yet, so there is no step to leave';
  if (kind === 'promote' && phase === 'baking')
    return 'it is baking, the last step, which ends by itself; `--full` with a reason ends it now';
  return null;
}

/** Applies what was asked since the last round, oldest first. A command that makes no sense any more changes nothing and says so. */
export function applyCommands(round: Round): Applied {
  let { state } = round;
  const events: RolloutEvent[] = [];
  for (const command of round.observation.commands) {
    const current = { ...round, state };
    const ignored = ignoredBecause(current, command);
    const applied = ignored === null ? apply(current, command) : ignoring(state, command, ignored);
    ({ state } = applied);
    events.push(...applied.events);
  }
  return { state, events };
}

function ignoredBecause(round: Round, command: Command): string | null {
  const { facts, state } = round;
  const refusal = refusalOf(command.kind, state.phase, facts.plan.kind === 'rollback');
  if (refusal !== null) return refusal;
  if (command.kind === 'abort' && state.back !== null) return `the rollout is being taken back (${state.phase})`;
  const isPromotion = command.kind === 'promote' || (command.kind === 'promote_full' && state.phase === 'baking');
  // Two people, or one who pressed twice: the second must not leave a step that it has not seen.
  if (isPromotion && command.step !== undefined && command.step !== state.step) return 'that step is over already';
  if (isPromotion && state.phase === 'baking' && !isAtWeight(round, 100)) return 'the router is not seen at 100%';
  return null;
}

function ignoring(state: RolloutState, command: Command, reason: string): Applied {
  return {
    state,
    events: [{ kind: 'rollout.command_ignored', actor: command.by, data: { command: command.kind, reason } }],
  };
}

type Applied = Omit<Decision, 'effects' | 'wakeAt'>;

function apply({ facts, state, now }: Round, command: Command): Applied {
  const { by, reason } = command;
  switch (command.kind) {
    case 'abort':
      return turnBack(state, { by, reason: reason === '' ? `aborted by ${by}` : reason, evidence: [] }, now);
    case 'pause':
      if (state.paused !== null) return { state, events: [] };
      return {
        state: { ...state, paused: { by, reason, since: now } },
        events: [{ kind: 'rollout.paused', actor: by, data: { reason } }],
      };
    case 'resume':
      if (state.paused === null) return { state, events: [] };
      return {
        state: resumed(state, now),
        events: [{ kind: 'rollout.resumed', actor: by, data: { reason } }],
      };
    case 'promote':
      return promote(facts, state, command, now);
    case 'promote_full':
      return promoteFull(facts, state, command, now);
    default:
      return assertNever(command.kind);
  }
}

/** Whoever goes on after a pause by the analysis has judged its evidence: the comparison begins anew, too. */
function resumed(state: RolloutState, now: number): RolloutState {
  const comparedFrom = state.paused?.by === AUTOMATION && state.comparedFrom !== null ? now : state.comparedFrom;
  return { ...state, paused: null, freshFrom: now, comparedFrom, providerErrors: {}, progressAt: now };
}

/** Goes to the next weight. While a weight is being brought about there is nothing to leave but a pause. */
function promote(facts: Facts, state: RolloutState, command: Command, now: number): Applied {
  const { steps } = facts.plan;
  const following = steps.findIndex((step, index) => index > state.step && step.kind === 'weight');
  const next = following === -1 ? steps.length : following;
  return moved(state, command, { step: state.phase === 'shifting' ? state.step : next, now });
}

/** Goes to 100 % at once; once there, ends the baking. Either is break-glass and noted as such. */
function promoteFull(facts: Facts, state: RolloutState, command: Command, now: number): Applied {
  const { by, reason } = command;
  const isBaking = state.phase === 'baking';
  const what = isBaking ? 'ended the baking' : 'skipped the remaining steps';
  const note = `break-glass: ${by} ${what}${reason === '' ? '' : `: ${reason}`}`;
  const noted = { ...state, notes: [...state.notes, note] };
  if (isBaking) {
    const outcome = { by, reason: `promoted by ${by} before baking was over`, evidence: [] };
    return { state: { ...noted, phase: 'succeeded', outcome, paused: null }, events: [promotion(command, state.step)] };
  }
  const full = facts.plan.steps.findLastIndex((step) => step.kind === 'weight');
  return moved(noted, command, { step: full >= state.step ? full : facts.plan.steps.length, now });
}

function moved(
  state: RolloutState,
  command: Command,
  { step, now }: { readonly step: number; readonly now: number },
): Applied {
  const events = [promotion(command, step)];
  const isStill = state.phase === 'shifting' && step === state.step;
  // Who promotes what is on its way already does not give the router more time.
  if (isStill && state.paused === null) return { state, events };
  const base = { ...state, paused: null, step, progressAt: now };
  if (isStill || state.phase === 'preparing') return { state: base, events };
  return { state: { ...base, phase: 'shifting', stepSince: now, observedSince: null }, events };
}

function promotion(command: Command, to: number): RolloutEvent {
  const full = command.kind === 'promote_full';
  return { kind: 'rollout.promoted', actor: command.by, data: { full, reason: command.reason, to } };
}
