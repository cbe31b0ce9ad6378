import { formatDuration } from '../../kernel/index.ts';
import {
  type MetricResult,
  type PlanStep,
  type RolloutRow,
  isActive,
  isTerminal,
  isWaiting,
} from '../../rollouts/index.ts';
import type { MetricView, RolloutView, WaitView } from '../contract/index.ts';
import { type Summaries, requireSummary } from './release.ts';

const PAUSE_LIMIT = 24 * 3_600_000;

/** `ahead`: open rollouts of the same environment that were asked for earlier. */
export function rolloutViewOf(row: RolloutRow, summaries: Summaries, ahead: readonly RolloutRow[]): RolloutView {
  const { state, plan } = row;
  const position = isWaiting(row.phase) ? ahead.length : 0;
  return {
    id: row.id,
    app: row.app,
    environment: row.environment,
    kind: row.kind,
    strategy: plan.strategy,
    phase: row.phase,
    paused: state.paused,
    release: requireSummary(summaries, row.release_id),
    stable: summaries(row.stable_id),
    runId: row.run_id,
    requestedBy: row.initiator.user,
    reason: row.reason,
    steps: stepsOf(row),
    weight: state.weight,
    weightsSeen: [...state.weightsSeen],
    metrics: row.metrics.map((metric) => metricViewOf(metric, row)),
    wait: waitOf(row),
    position,
    blocker: position > 0 ? (ahead[0]?.id ?? null) : null,
    outcome: state.outcome === null ? null : { reason: state.outcome.reason, evidence: [...state.outcome.evidence] },
    notes: [...state.notes],
    createdAt: row.created_at.getTime(),
    startedAt: row.started_at?.getTime() ?? null,
    finishedAt: row.finished_at?.getTime() ?? null,
  };
}

function stepsOf(row: RolloutRow): RolloutView['steps'] {
  const { plan, state } = row;
  const steps = plan.steps.map((step, index) => ({ ...describeStep(step), state: stateOfStep(row, index) }));
  if (plan.bake === 0) return steps;
  const bake = {
    label: `bake ${formatDuration(plan.bake)}`,
    kind: 'bake' as const,
    weight: null,
    state: stateOfStep(row, plan.steps.length),
  };
  return state.outcome !== null && plan.kind === 'rollback' ? steps : [...steps, bake];
}

function describeStep(step: PlanStep): Pick<RolloutView['steps'][number], 'label' | 'kind' | 'weight'> {
  if (step.kind === 'weight') return { label: `${step.weight}%`, kind: 'weight', weight: step.weight };
  if (step.kind === 'analyse') return { label: 'analyse', kind: 'analyse', weight: null };
  const label = step.duration === null ? 'pause until promoted' : `pause ${formatDuration(step.duration)}`;
  return { label, kind: 'pause', weight: null };
}

function stateOfStep({ phase, state }: RolloutRow, index: number): RolloutView['steps'][number]['state'] {
  if (phase === 'succeeded' || (phase === 'rolled_back' && state.back === null)) return 'done';
  if (index < state.step) return 'done';
  if (isTerminal(phase) || state.back !== null) return 'skipped';
  return index === state.step && isActive(phase) && phase !== 'preparing' ? 'active' : 'pending';
}

function metricViewOf(metric: MetricResult, row: RolloutRow): MetricView {
  const config = row.plan.analysis.metrics.find((entry) => entry.name === metric.name);
  return { ...metric, tolerated: config?.tolerateFailures ?? 0, dryRun: config?.dryRun ?? false };
}

/** What the rollout waits for, since when, until when, and what a person can type. */
function waitOf(row: RolloutRow): WaitView | null {
  if (isTerminal(row.phase)) return null;
  const abort = { command: `funade abort ${row.id} --reason "…"`, why: 'gives all traffic back to the stable version' };
  if (row.wait !== null)
    return { ...row.wait, needsPerson: row.phase === 'waiting_gate', next: [...keysOf(row), abort] };
  const { state, plan } = row;
  const deadline = state.progressAt + plan.progressDeadline;
  if (state.paused !== null) {
    const next = [{ command: `funade resume ${row.id}`, why: 'goes on with fresh samples' }, promoteOf(row), abort];
    return {
      cause: `paused by ${state.paused.by}: ${state.paused.reason}`,
      since: state.paused.since,
      until: state.paused.since + PAUSE_LIMIT,
      endedBy: 'a person',
      needsPerson: true,
      next,
    };
  }
  switch (row.phase) {
    case 'queued':
    case 'waiting_gate':
    case 'waiting_lock':
      return {
        cause: 'its turn in the environment',
        since: row.created_at.getTime(),
        until: null,
        endedBy: 'the engine',
        needsPerson: false,
        next: [abort],
      };
    case 'preparing':
      return {
        cause: 'the new version to become ready',
        since: state.stepSince,
        until: deadline,
        endedBy: 'its readiness',
        needsPerson: false,
        next: [abort],
      };
    case 'shifting':
      return {
        cause: 'the new weight to be seen at the router',
        since: state.stepSince,
        until: deadline,
        endedBy: 'the target',
        needsPerson: false,
        next: [abort],
      };
    case 'aborting':
    case 'rolling_back':
      return {
        cause: 'the stable version to have all traffic',
        since: state.stepSince,
        until: deadline,
        endedBy: 'the target',
        needsPerson: false,
        next: [],
      };
    default:
      return holdOf(row, abort);
  }
}

/** What opens the gate that it waits at. */
function keysOf({ app, environment, phase, wait }: RolloutRow): WaitView['next'] {
  if (phase !== 'waiting_gate') return [];
  if (wait?.cause.startsWith('drift:') === true)
    return [{ command: `funade rollback ${app} ${environment}`, why: 'makes target and ledger agree again' }];
  return [
    { command: `funade hold release ${app} ${environment} --reason "…"`, why: 'lets automation deploy it again' },
  ];
}

/** The way on. Baking has no next step: ending it early is a break-glass and needs a reason. */
function promoteOf(row: RolloutRow): WaitView['next'][number] {
  if (row.state.step < row.plan.steps.length)
    return { command: `funade promote ${row.id}`, why: 'takes the next step now' };
  return { command: `funade promote ${row.id} --full --reason "…"`, why: 'ends the baking now' };
}

function holdOf(row: RolloutRow, abort: WaitView['next'][number]): WaitView {
  const { state, plan } = row;
  const step = plan.steps[state.step];
  const promote = promoteOf(row);
  const duration = step === undefined ? plan.bake : durationOf(step);
  const measured = plan.analysis.metrics.length > 0;
  const time =
    step === undefined ? `baking for ${formatDuration(plan.bake)}` : `the pause of ${formatDuration(duration ?? 0)}`;
  const parts = [...(duration === 0 ? [] : [time]), ...(measured ? ['fresh samples that pass'] : [])];
  return {
    cause: duration === null ? 'a person to promote' : parts.join(' and '),
    since: state.stepSince,
    // Without samples it pauses for a person then; time alone gives up nothing.
    until: duration !== null && measured ? state.freshFrom + plan.analysis.maxWait : null,
    endedBy: duration === null ? '`funade promote`' : 'time and a passing analysis',
    needsPerson: duration === null,
    next: row.kind === 'rollback' ? [abort] : [promote, abort],
  };
}

function durationOf(step: PlanStep): number | null {
  return step.kind === 'pause' ? step.duration : 0;
}
