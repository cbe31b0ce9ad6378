import { decide } from '../../src/rollouts/decide.ts';
import type { Command, Decision, Effect, Facts } from '../../src/rollouts/decide/decision.ts';
import type { MetricResult, Verdict } from '../../src/rollouts/judge/index.ts';
import type { RolloutPlan } from '../../src/rollouts/plan.ts';
import type { TargetState } from '../../src/rollouts/port.ts';
import { type RolloutState, initialState, isTerminal } from '../../src/rollouts/state.ts';
import { HOUR, verdict } from './plans.ts';

export const START = 1_750_000_000_000;
export const CANDIDATE = 'rel_new';
export const STABLE = 'rel_old';

/** What befalls one round. */
export interface Chaos {
  /** `before`, `after`: the process dies around the call; `lost`: the call returns and never acts. */
  readonly call: 'acts' | 'before' | 'after' | 'lost';
  /** Milliseconds until the call acts. */
  readonly delay: number;
  readonly verdict: Verdict;
  readonly command: Command['kind'] | null;
  /** Milliseconds that the clock is off the wake-up. */
  readonly jump: number;
  /** Percent that somebody else gives the candidate, behind Funade's back. */
  readonly meddling: number | null;
  readonly ready: boolean;
}

export const FAIR: Chaos = {
  call: 'acts',
  delay: 20,
  verdict: 'pass',
  command: null,
  jump: 1500,
  meddling: null,
  ready: true,
};

interface Call {
  readonly effect: Effect;
  readonly fence: number;
  readonly at: number;
}

/** One look at the world, what was decided on it, and the state before. */
export interface Look {
  readonly now: number;
  readonly chaos: Chaos;
  readonly before: RolloutState;
  readonly target: TargetState;
  readonly metrics: readonly MetricResult[];
  readonly commands: readonly Command[];
  readonly decision: Decision;
}

export interface Story {
  readonly facts: Facts;
  readonly looks: readonly Look[];
  readonly state: RolloutState;
  /** Weights of the candidate as the router had them, in order, beginning with 0. */
  readonly routed: readonly number[];
  /** Router at the end, after everything that was still on its way has arrived. */
  readonly target: TargetState;
}

export interface Setting {
  readonly plan: RolloutPlan;
  readonly stable?: string | null;
  /** Milliseconds until the candidate is ready; Infinity = never. */
  readonly readyAfter?: number;
  readonly state?: RolloutState;
  readonly failure?: string | null;
}

/**
 * Plays a rollout against a router that obeys after a while or not at all, then lets the world be fair until the rollout ends or
 * `patience` rounds are over. Every state goes through JSON, as a restart makes it.
 */
export function play(setting: Setting, chaos: readonly Chaos[], patience = 4000): Story {
  const world = new World(setting);
  for (const round of chaos) if (!isTerminal(world.state.phase)) world.round(round);
  for (let round = 0; round < patience && !isTerminal(world.state.phase); round += 1)
    world.round({ ...FAIR, command: whatAPersonDoes(world.state, round) });
  world.arriveAll();
  const { facts, looks, state, routed } = world;
  return { facts, looks, state, routed, target: world.observe(true) };
}

/** Goes on after pauses, gives up on a router that somebody else has changed, and promotes what waits for it. */
function whatAPersonDoes({ paused }: RolloutState, round: number): Command['kind'] | null {
  if (paused !== null) return paused.reason.startsWith('drift') ? 'abort' : 'resume';
  return round > 0 && round % 40 === 0 ? 'promote' : null;
}

class World {
  readonly facts: Facts;
  readonly looks: Look[] = [];
  readonly routed: number[] = [0];
  state: RolloutState;
  private now = START;
  private fence = 0;
  private seenFence = 0;
  private readyAt = Infinity;
  private weight = 0;
  private attached = false;
  private onItsWay: Call[] = [];
  private readonly acted = new Set<string>();
  private readonly sent = new Set<string>();
  private readonly setting: Setting;

  constructor(setting: Setting) {
    const { plan, stable = STABLE, state = { ...initialState(START), phase: 'preparing' as const } } = setting;
    this.facts = deepFreeze({ rolloutId: 'ro_1', plan, candidate: CANDIDATE, stable });
    this.setting = setting;
    this.state = state;
    if (state.phase === 'preparing') return;
    this.attached = true;
    this.readyAt = START;
    this.weight = state.weight;
  }

  round(chaos: Chaos): void {
    this.now = Math.max(START - HOUR, this.now + chaos.jump);
    this.fence += 1;
    this.arrive();
    if (chaos.meddling !== null && this.attached) this.route(chaos.meddling);
    const look = this.look(chaos);
    this.looks.push(look);
    this.state = throughJson(look.decision.state);
    for (const effect of look.decision.effects) this.call(effect, chaos);
    this.now = Math.max(this.now + 1, look.decision.wakeAt ?? 0);
  }

  private look(chaos: Chaos): Look {
    const { now, state } = this;
    const target = this.observe(chaos.ready);
    const { metrics: configured } = this.facts.plan.analysis;
    const isWatched = state.phase === 'holding' || state.phase === 'baking';
    // Samples take their time: before an interval is over there is nothing to judge by.
    const metrics = (isWatched ? configured : []).map(({ name, interval }) =>
      verdict(now - state.freshFrom < interval && chaos.verdict === 'pass' ? 'no_data' : chaos.verdict, { name }),
    );
    const command = { by: 'mei', reason: 'because', step: state.step };
    const commands = chaos.command === null ? [] : [{ ...command, kind: chaos.command }];
    const observation = deepFreeze({ target, metrics, commands, sent: new Set(this.sent) });
    const before = deepFreeze(state);
    return { now, chaos, before, target, metrics, commands, decision: decide(this.facts, before, observation, now) };
  }

  observe(ready: boolean): TargetState {
    const { stable } = this.facts;
    const { failure = null } = this.setting;
    const isReady = ready && failure === null && this.now >= this.readyAt;
    const candidate = { version: CANDIDATE, digest: 'sha256:new', weight: this.weight, instances: 1 };
    const versions = this.attached ? [{ ...candidate, ready: isReady, failure }] : [];
    if (stable === null || stable === CANDIDATE) return { versions };
    const rest = { version: stable, digest: 'sha256:old', weight: 100 - this.weight, instances: 1 };
    return { versions: [...versions, { ...rest, ready: true, failure: null }] };
  }

  private call(effect: Effect, { call, delay }: Chaos): void {
    if (call === 'before') return;
    if (call !== 'lost') this.onItsWay.push({ effect, fence: this.fence, at: this.now + delay });
    if (call !== 'after') this.sent.add(effect.key);
  }

  arriveAll(): void {
    this.now += 1000 * HOUR;
    this.arrive();
  }

  private arrive(): void {
    const arriving = this.onItsWay.filter((call) => call.at <= this.now).toSorted((a, b) => a.at - b.at);
    this.onItsWay = this.onItsWay.filter((call) => call.at > this.now);
    for (const { effect, fence } of arriving) {
      if (fence < this.seenFence || this.acted.has(effect.key)) continue;
      this.seenFence = fence;
      this.acted.add(effect.key);
      if (effect.kind === 'prepare') this.attach();
      else this.route(effect.weight);
    }
  }

  private attach(): void {
    this.attached = true;
    this.readyAt = this.now + (this.setting.readyAfter ?? 0);
  }

  private route(weight: number): void {
    this.weight = weight;
    if (this.routed.at(-1) !== weight) this.routed.push(weight);
  }
}

function throughJson(state: RolloutState): RolloutState {
  return JSON.parse(JSON.stringify(state)) as RolloutState;
}

export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || value instanceof Set) return value;
  for (const inner of Object.values(value)) deepFreeze(inner);
  return Object.freeze(value);
}
