import type { StageConfig } from '../config/index.ts';

export const STAGE_STATES = [
  'pending',
  'running',
  'waiting',
  'succeeded',
  'failed',
  'aborted',
  'rolled_back',
  'skipped',
  'superseded',
] as const;
export type StageState = (typeof STAGE_STATES)[number];
export const RUN_STATES = [
  'queued',
  'running',
  'waiting',
  'succeeded',
  'failed',
  'aborted',
  'rolled_back',
  'superseded',
  'cancelled',
] as const;
export type RunState = (typeof RUN_STATES)[number];

const RUN_ENDED: ReadonlySet<RunState> = new Set([
  'succeeded',
  'failed',
  'aborted',
  'rolled_back',
  'superseded',
  'cancelled',
]);
const STAGE_BAD: ReadonlySet<StageState> = new Set(['failed', 'aborted', 'rolled_back', 'superseded']);
const STAGE_OPEN: ReadonlySet<StageState> = new Set(['pending', 'running', 'waiting']);

export function hasRunEnded(state: RunState): boolean {
  return RUN_ENDED.has(state);
}

export interface StageProgress {
  readonly index: number;
  readonly state: StageState;
  readonly when: StageConfig['when'];
}

export type NextStep =
  | { readonly kind: 'work'; readonly index: number }
  | { readonly kind: 'skip'; readonly index: number }
  | { readonly kind: 'end'; readonly state: RunState };

/**
 * What a run does next. Stages go in order; after one has not succeeded, only those with `failure()` or `always()` still run.
 * The run ends as its first stage that did not succeed.
 */
export function nextStep(stages: readonly StageProgress[]): NextStep {
  const bad = stages.find((stage) => STAGE_BAD.has(stage.state));
  const open = stages.find((stage) => STAGE_OPEN.has(stage.state));
  if (open === undefined) return { kind: 'end', state: bad === undefined ? 'succeeded' : (bad.state as RunState) };
  if (open.state !== 'pending') return { kind: 'work', index: open.index };
  const failed = bad !== undefined && bad.index < open.index;
  const wanted = open.when === 'always()' || (open.when === 'failure()') === failed;
  return { kind: wanted ? 'work' : 'skip', index: open.index };
}

/** The environment that an approval opens: that of the next deployment after it; null when there is none. */
export function targetOfApproval(stages: readonly StageConfig[], index: number): string | null {
  const next = stages.slice(index + 1).find((stage) => stage.kind === 'deploy');
  return next?.kind === 'deploy' ? next.to : null;
}
