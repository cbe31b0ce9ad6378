import type {
  EnvironmentView,
  MetricView,
  RolloutPhase,
  RolloutView,
  RunView,
  StageView,
} from '../src/api/contract/index.ts';
import type { TextKey } from './locales/en.ts';

export const SIGNS = [
  'waiting',
  'running',
  'paused',
  'done',
  'failed',
  'rolled_back',
  'aborted',
  'idle',
  'alert',
] as const;
export type SignKind = (typeof SIGNS)[number];

/** A state as the page shows it: a picture and a word, never one of them alone. */
export interface Sign {
  readonly kind: SignKind;
  readonly word: TextKey;
}

const PHASE_KINDS: Readonly<Record<RolloutPhase, SignKind>> = {
  queued: 'waiting',
  waiting_gate: 'waiting',
  waiting_lock: 'waiting',
  preparing: 'running',
  shifting: 'running',
  holding: 'waiting',
  baking: 'running',
  succeeded: 'done',
  aborting: 'running',
  aborted: 'aborted',
  rolling_back: 'running',
  rolled_back: 'rolled_back',
  rollback_failed: 'failed',
  superseded: 'aborted',
  cancelled: 'aborted',
};

const RUN_KINDS: Readonly<Record<RunView['state'], SignKind>> = {
  queued: 'waiting',
  running: 'running',
  waiting: 'waiting',
  succeeded: 'done',
  failed: 'failed',
  aborted: 'aborted',
  rolled_back: 'rolled_back',
  superseded: 'aborted',
  cancelled: 'aborted',
};

const STAGE_KINDS: Readonly<Record<StageView['state'], SignKind>> = {
  pending: 'idle',
  running: 'running',
  waiting: 'waiting',
  succeeded: 'done',
  failed: 'failed',
  aborted: 'aborted',
  rolled_back: 'rolled_back',
  skipped: 'idle',
  superseded: 'aborted',
};

const HEALTH_KINDS: Readonly<Record<EnvironmentView['health'], SignKind>> = {
  ok: 'done',
  degraded: 'alert',
  unknown: 'idle',
};

const VERDICT_KINDS: Readonly<Record<MetricView['verdict'], SignKind>> = {
  pass: 'done',
  fail: 'failed',
  inconclusive: 'alert',
  no_data: 'waiting',
  provider_error: 'alert',
};

const STEP_KINDS: Readonly<Record<RolloutView['steps'][number]['state'], SignKind>> = {
  pending: 'idle',
  active: 'running',
  done: 'done',
  skipped: 'aborted',
};

const PAUSED: Sign = { kind: 'paused', word: 'state.paused' };

export function rolloutSign(rollout: Pick<RolloutView, 'phase' | 'paused'>): Sign {
  if (rollout.paused !== null) return PAUSED;
  return { kind: PHASE_KINDS[rollout.phase], word: `phase.${rollout.phase}` };
}

/** `rollout` is the one that the environment is in, when it is known: only that tells whether a person paused it. */
export function environmentSign(state: EnvironmentView['state'], rollout: RolloutView | undefined): Sign {
  if (state === 'idle') return { kind: 'idle', word: 'state.idle' };
  if (rollout !== undefined && rollout.paused !== null) return PAUSED;
  return { kind: PHASE_KINDS[state], word: `phase.${state}` };
}

export function runSign(state: RunView['state']): Sign {
  return { kind: RUN_KINDS[state], word: `run.${state}` };
}

export function stageSign(state: StageView['state']): Sign {
  return { kind: STAGE_KINDS[state], word: `stage.${state}` };
}

export function healthSign(health: EnvironmentView['health']): Sign {
  return { kind: HEALTH_KINDS[health], word: `health.${health}` };
}

export function verdictSign(verdict: MetricView['verdict']): Sign {
  return { kind: VERDICT_KINDS[verdict], word: `verdict.${verdict}` };
}

export function stepSign(state: RolloutView['steps'][number]['state']): Sign {
  return { kind: STEP_KINDS[state], word: `step.${state}` };
}
