/** Phases of a rollout; the states of `docs/explanation/how-a-rollout-works.md`. */
export const PHASES = [
  'queued',
  'waiting_gate',
  'waiting_lock',
  'preparing',
  'shifting',
  'holding',
  'baking',
  'succeeded',
  'aborting',
  'aborted',
  'rolling_back',
  'rolled_back',
  'rollback_failed',
  'superseded',
  'cancelled',
] as const;
export type Phase = (typeof PHASES)[number];

const TERMINAL: ReadonlySet<Phase> = new Set([
  'succeeded',
  'aborted',
  'rolled_back',
  'rollback_failed',
  'superseded',
  'cancelled',
]);
const WAITING: ReadonlySet<Phase> = new Set(['queued', 'waiting_gate', 'waiting_lock']);

export function isTerminal(phase: Phase): boolean {
  return TERMINAL.has(phase);
}

/** Whether it has not yet been given the environment. */
export function isWaiting(phase: Phase): boolean {
  return WAITING.has(phase);
}

/** Whether it holds the environment: at most one rollout of an environment does. */
export function isActive(phase: Phase): boolean {
  return !isTerminal(phase) && !isWaiting(phase);
}

export interface Pause {
  readonly by: string;
  readonly reason: string;
  /** Epoch milliseconds. */
  readonly since: number;
}

export interface Outcome {
  readonly reason: string;
  readonly by: string;
  /** Lines that show why, with their numbers. */
  readonly evidence: readonly string[];
}

/** Everything that changes while a rollout moves. Times are epoch milliseconds. */
export interface RolloutState {
  readonly phase: Phase;
  /** Index of the step in progress; `plan.steps.length` while baking. */
  readonly step: number;
  /** When this step (or baking) began; a pause continues from here after any restart. */
  readonly stepSince: number;
  /** Since when the present weight has been *seen* at the target; null until it is. */
  readonly observedSince: number | null;
  /** Since when the new version has been seen not ready; null while it is. */
  readonly unreadySince: number | null;
  /** Samples before this time do not count for the present step. */
  readonly freshFrom: number;
  /** Where the comparison with stable began: the first weight that was seen. */
  readonly comparedFrom: number | null;
  /** Last time the rollout got ahead; the progress deadline counts from here. */
  readonly progressAt: number;
  /** Last round: a long gap means that nobody was watching. */
  readonly seenAt: number;
  readonly paused: Pause | null;
  /** Percent of traffic as last seen. */
  readonly weight: number;
  /** Every weight that was seen, in order, without repetition. */
  readonly weightsSeen: readonly number[];
  /** Consecutive provider errors per metric name, and when the last one was counted. */
  readonly providerErrors: Readonly<Record<string, { readonly count: number; readonly at: number }>>;
  /** Why it is being taken back; set once. */
  readonly back: Outcome | null;
  readonly outcome: Outcome | null;
  /** Sentences worth keeping: steps skipped, gaps, break-glass. */
  readonly notes: readonly string[];
}

export function initialState(now: number): RolloutState {
  return {
    phase: 'queued',
    step: 0,
    stepSince: now,
    observedSince: null,
    unreadySince: null,
    freshFrom: now,
    comparedFrom: null,
    progressAt: now,
    seenAt: now,
    paused: null,
    weight: 0,
    weightsSeen: [],
    providerErrors: {},
    back: null,
    outcome: null,
    notes: [],
  };
}
