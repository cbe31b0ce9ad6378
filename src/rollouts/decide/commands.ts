import { assertNever } from '../../kernel/index.ts';
import { type Phase, type RolloutState, isTerminal } from '../state.ts';
import { type Command, type Decision, type Facts, type RolloutEvent, turnBack } from './decision.ts';

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
  return null;
}

/** Applies what was asked since the last round, oldest first. A command that makes no sense any more changes nothing. */
export function applyCommands(
  facts: Facts,
  state: RolloutState,
  commands: readonly Command[],
  now: number,
): Omit<Decision, 'effects' | 'wakeAt'> {
  let current = state;
  const events: RolloutEvent[] = [];
  for (const command of commands) {
    if (refusalOf(command.kind, current.phase, facts.plan.kind === 'rollback') !== null) continue;
    const decision = apply(facts, current, command, now);
    current = decision.state;
    events.push(...decision.events);
  }
  return { state: current, events };
}

function apply(facts: Facts, state: RolloutState, command: Command, now: number): Omit<Decision, 'effects' | 'wakeAt'> {
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
        state: { ...state, paused: null, freshFrom: now, providerErrors: {}, progressAt: now },
        events: [{ kind: 'rollout.resumed', actor: by, data: { reason } }],
      };
    case 'promote':
      return promote(state, nextStep(facts, state), command, now);
    case 'promote_full':
      return promote(state, Math.max(state.step, facts.plan.steps.length - 1), command, now);
    default:
      return assertNever(command.kind);
  }
}

/** Leaves the present step: on to the next weight, or out of baking. */
function promote(
  state: RolloutState,
  step: number,
  command: Command,
  now: number,
): Omit<Decision, 'effects' | 'wakeAt'> {
  const full = command.kind === 'promote_full';
  const note = full
    ? [`break-glass: ${command.by} skipped the remaining steps${command.reason === '' ? '' : `: ${command.reason}`}`]
    : [];
  const event = {
    kind: 'rollout.promoted',
    actor: command.by,
    data: { full, reason: command.reason, from: state.step, to: step },
  };
  const base = { ...state, paused: null, notes: [...state.notes, ...note], progressAt: now };
  if (state.phase === 'preparing') return { state: { ...base, step }, events: [event] };
  if (state.phase === 'baking') {
    const outcome = { by: command.by, reason: `promoted by ${command.by} before baking was over`, evidence: [] };
    return { state: { ...base, phase: 'succeeded', outcome }, events: [event] };
  }
  if (step === state.step) return { state: base, events: [event] };
  return { state: { ...base, phase: 'shifting', step, stepSince: now, observedSince: null }, events: [event] };
}

function nextStep(facts: Facts, state: RolloutState): number {
  const { steps } = facts.plan;
  const following = steps.findIndex((step, index) => index > state.step && step.kind === 'weight');
  return following === -1 ? steps.length - 1 : following;
}
