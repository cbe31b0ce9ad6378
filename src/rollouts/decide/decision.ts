import type { TargetState, VersionState } from '../port.ts';
import type { MetricResult } from '../judge/index.ts';
import type { RolloutPlan } from '../plan.ts';
import type { Outcome, RolloutState } from '../state.ts';

/** What a person (or automation in a person's place) asked of a running rollout. */
export interface Command {
  readonly kind: 'promote' | 'promote_full' | 'pause' | 'resume' | 'abort';
  readonly by: string;
  readonly reason: string;
  /** Step in progress when it was asked. A promotion leaves that step; when it is over already, it changes nothing. */
  readonly step?: number;
}

/** What stays the same during a rollout. */
export interface Facts {
  readonly rolloutId: string;
  readonly plan: RolloutPlan;
  /** Release ids. `stable` is the candidate itself when the live release is put in place again. */
  readonly candidate: string;
  readonly stable: string | null;
}

export interface Observation {
  readonly target: TargetState;
  /** Verdicts of this round; empty when nothing was measured. */
  readonly metrics: readonly MetricResult[];
  readonly commands: readonly Command[];
  /** Keys of effects whose call has returned; whether they took effect is for `target` to say. */
  readonly sent: ReadonlySet<string>;
}

/** A call to the target. The key makes it happen at most once, whatever crashes in between. */
export type Effect =
  | { readonly kind: 'prepare'; readonly key: string }
  | { readonly kind: 'shift'; readonly key: string; readonly weight: number };

export interface RolloutEvent {
  readonly kind: string;
  readonly actor: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface Decision {
  readonly state: RolloutState;
  readonly effects: readonly Effect[];
  readonly events: readonly RolloutEvent[];
  /** Epoch milliseconds of the next look; null when only a command can move it. */
  readonly wakeAt: number | null;
}

/** Everything a phase looks at. */
export interface Round {
  readonly facts: Facts;
  readonly state: RolloutState;
  readonly observation: Observation;
  readonly now: number;
}

/** How long to wait before looking at the target again while something is being brought about, in milliseconds. */
export const POLL = 100;
/** A person's attention is waited for this long before the rollout is taken back. */
export const PAUSE_LIMIT = 24 * 3_600_000;
/** A version that is not ready, or weights that are not ours, for this long are a fault and not a hiccup. */
export const PATIENCE = 10_000;
/** Gaps longer than this mean that nobody was watching: older samples no longer count, and deadlines stood still. */
export const WATCH_GAP = 60_000;

export const AUTOMATION = 'automation';

export function stay(state: RolloutState, wakeAt: number | null): Decision {
  return { state, effects: [], events: [], wakeAt };
}

export function versionOf(target: TargetState, version: string | null): VersionState | undefined {
  return target.versions.find((entry) => entry.version === version);
}

export function weightOf(target: TargetState, version: string | null): number {
  return versionOf(target, version)?.weight ?? 0;
}

/** Whether there is another version that the candidate can be compared with and that can take the traffic back. */
export function hasStable(facts: Facts): boolean {
  return facts.stable !== null && facts.stable !== facts.candidate;
}

/** Whether the router gives the candidate exactly `weight` and the stable version all the rest. */
export function isAtWeight(round: Round, weight: number): boolean {
  const { facts, observation } = round;
  if (weightOf(observation.target, facts.candidate) !== weight) return false;
  return !hasStable(facts) || weightOf(observation.target, facts.stable) === 100 - weight;
}

/** Turns around: from here on the only aim is that the stable version has all the traffic. */
export function turnBack(state: RolloutState, back: Outcome, now: number): Decision {
  const phase = state.phase === 'baking' ? 'rolling_back' : 'aborting';
  const event = { kind: `rollout.${phase}`, actor: back.by, data: { reason: back.reason, evidence: back.evidence } };
  const next = { ...state, phase, back, paused: null, stepSince: now, observedSince: null, progressAt: now } as const;
  return { state: next, effects: [], events: [event], wakeAt: now };
}
