import { decide } from '../../src/rollouts/decide.ts';
import type { Command, Decision, Facts } from '../../src/rollouts/decide/decision.ts';
import type { MetricResult } from '../../src/rollouts/judge/index.ts';
import type { RolloutPlan } from '../../src/rollouts/plan.ts';
import type { TargetState } from '../../src/rollouts/port.ts';
import { type Phase, type RolloutState, initialState, isTerminal } from '../../src/rollouts/state.ts';
import { CANDIDATE, STABLE, START, deepFreeze } from './world.ts';

/** What differs from the ordinary in one look. Things stay as they were set until they are set otherwise. */
export interface Circumstances {
  /** Milliseconds since the last look; by default until the decision wanted to be woken. */
  readonly after?: number;
  readonly metrics?: readonly MetricResult[];
  readonly command?: Command['kind'];
  /** Step that the command was given in, when that was an earlier one. */
  readonly commandStep?: number;
  readonly reason?: string;
  readonly ready?: boolean;
  readonly stableReady?: boolean;
  readonly failure?: string | null;
  /** What somebody else makes of the candidate's weight. */
  readonly weight?: number;
  /** Whether the router does what it is told. */
  readonly obeys?: boolean;
}

/** A rollout that is led step by step, with a router that obeys at once unless it is told not to. */
export interface Walk {
  readonly state: RolloutState;
  readonly now: number;
  readonly events: readonly string[];
  /** Every weight that the target was asked for. */
  readonly asked: readonly number[];
  look(circumstances?: Circumstances): Decision;
  /** Looks until the phase (or the end) is reached; fails after 5000 looks. */
  until(phase: Phase, circumstances?: Circumstances): RolloutState;
  /** Looks for that long, at every wake-up. */
  wait(milliseconds: number, circumstances?: Circumstances): RolloutState;
}

export function startWalk(plan: RolloutPlan, stable: string | null = STABLE): Walk {
  const facts: Facts = { rolloutId: 'ro_1', plan, candidate: CANDIDATE, stable };
  const sent = new Set<string>();
  const events: string[] = [];
  const asked: number[] = [];
  let state: RolloutState = { ...initialState(START), phase: 'preparing' };
  let now = START;
  let wakeAt = START;
  let world = {
    ready: true,
    stableReady: true,
    failure: null as string | null,
    weight: 0,
    obeys: true,
    attached: false,
  };

  function targetNow(): TargetState {
    const { weight, ready, failure, stableReady, attached } = world;
    const mine = { version: CANDIDATE, digest: 'sha256:new', weight, ready, failure, instances: 1 };
    const versions = attached ? [mine] : [];
    if (stable === null || stable === CANDIDATE) return { versions };
    const rest = { version: stable, digest: 'sha256:old', weight: 100 - weight, instances: 1, failure: null };
    return { versions: [...versions, { ...rest, ready: stableReady }] };
  }

  function obey(decision: Decision): void {
    for (const effect of decision.effects) {
      sent.add(effect.key);
      if (effect.kind === 'shift') asked.push(effect.weight);
      if (!world.obeys) continue;
      if (effect.kind === 'prepare') world.attached = true;
      else world.weight = effect.weight;
    }
  }

  const walk: Walk = {
    get state() {
      return state;
    },
    get now() {
      return now;
    },
    events,
    asked,
    look(circumstances = {}) {
      const { after, metrics = [], command, commandStep, reason = '', ...rest } = circumstances;
      now = after === undefined ? Math.max(now, wakeAt) : now + after;
      world = { ...world, ...rest };
      const step = commandStep ?? state.step;
      const commands = command === undefined ? [] : [{ kind: command, by: 'mei', reason, step }];
      const observation = deepFreeze({ target: targetNow(), metrics, commands, sent: new Set(sent) });
      const decision = decide(deepFreeze(facts), deepFreeze(state), observation, now);
      ({ state } = decision);
      wakeAt = decision.wakeAt ?? now;
      events.push(...decision.events.map(({ kind }) => kind));
      obey(decision);
      return decision;
    },
    until(phase, circumstances = {}) {
      for (let looks = 0; looks < 5000; looks += 1) {
        if (state.phase === phase || isTerminal(state.phase)) return state;
        walk.look(circumstances);
      }
      throw new Error(`${phase} was not reached; the phase is ${state.phase}`);
    },
    wait(milliseconds, circumstances = {}) {
      const end = now + milliseconds;
      while (now < end && !isTerminal(state.phase)) {
        if (wakeAt >= end) walk.look({ ...circumstances, after: end - now });
        else walk.look(circumstances);
      }
      return state;
    },
  };
  return walk;
}
