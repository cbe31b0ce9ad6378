import type {
  DeliveryView,
  EnvironmentView,
  MetricView,
  RolloutPhase,
  RolloutView,
  RunView,
  SourceView,
  StageView,
  TaskView,
} from '../src/api/contract/index.ts';
import type { TextKey } from './locales/en.ts';
import { isDrained } from './permissions.ts';

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

const TASK_KINDS: Readonly<Record<TaskView['state'], SignKind>> = {
  queued: 'waiting',
  claimed: 'running',
  running: 'running',
  pausing: 'running',
  paused: 'paused',
  stopping: 'running',
  stopped: 'aborted',
  awaiting_approval: 'paused',
  succeeded: 'done',
  failed: 'failed',
  dead: 'failed',
  cancelled: 'aborted',
  expired: 'aborted',
};

type Attempt = TaskView['attempts'][number];

const ATTEMPT_KINDS: Readonly<Record<NonNullable<Attempt['outcome']>, SignKind>> = {
  succeeded: 'done',
  failed: 'failed',
  cancelled: 'aborted',
  lost: 'alert',
};

const DELIVERY_KINDS: Readonly<Record<DeliveryView['outcome'], SignKind>> = {
  queued: 'done',
  ignored: 'idle',
  pong: 'done',
  rejected: 'failed',
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

/** A ping whose answer warns of the hook's settings needs a look. */
export function deliverySign({ outcome, reason }: Pick<DeliveryView, 'outcome' | 'reason'>): Sign {
  const warns = outcome === 'pong' && reason !== null;
  return { kind: warns ? 'alert' : DELIVERY_KINDS[outcome], word: `delivery.${outcome}` };
}

export function taskSign(task: Pick<TaskView, 'state' | 'reason'>): Sign {
  const state = isDrained(task) ? 'queued' : task.state;
  return { kind: TASK_KINDS[state], word: `task.${state}` };
}

export function attemptSign(outcome: Attempt['outcome']): Sign {
  if (outcome === null) return { kind: 'running', word: 'attempt.running' };
  return { kind: ATTEMPT_KINDS[outcome], word: `attempt.${outcome}` };
}

/** A hook that nobody has looked for yet is neither good nor bad. */
export function hookSign(hook: SourceView['repositories'][number]['hook']): Sign {
  if (hook === null) return { kind: 'idle', word: 'source.hook.none' };
  if (hook.troubles.length > 0) return { kind: 'alert', word: 'source.hook.troubles' };
  return { kind: 'done', word: 'source.hook.ok' };
}

/** Every state of a task, for the filter. */
export const TASK_STATES = Object.keys(TASK_KINDS) as readonly TaskView['state'][];
