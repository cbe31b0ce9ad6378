import type { CanaryStep, EnvironmentConfig, MetricConfig, StrategyConfig } from '../../src/config/index.ts';
import type { MetricResult, Verdict } from '../../src/rollouts/judge/index.ts';
import { type RolloutPlan, planDeployment, planRollback } from '../../src/rollouts/plan.ts';

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

/** `error-rate ≤ 5%`, ten requests a measurement of ten seconds. */
export function metric(overrides: Partial<MetricConfig> = {}): MetricConfig {
  return {
    name: 'error-rate',
    metric: 'error-rate',
    provider: 'embedded',
    max: 0.05,
    min: null,
    warn: null,
    compare: null,
    alpha: 0.02,
    interval: 10 * SECOND,
    initialDelay: 0,
    minSamples: 10,
    tolerateFailures: 0,
    dryRun: false,
    onFail: 'abort',
    onInconclusive: 'pause',
    onProviderError: 'pause',
    maxErrors: 5,
    ...overrides,
  };
}

export function verdict(is: Verdict, overrides: Partial<MetricResult> = {}): MetricResult {
  return {
    name: 'error-rate',
    verdict: is,
    condition: 'error-rate ≤ 5%',
    finding: `found ${is}`,
    value: null,
    samples: 20,
    measurements: 1,
    failures: 0,
    ...overrides,
  };
}

export function weight(percent: number): CanaryStep {
  return { kind: 'weight', weight: percent };
}

export function pause(duration: number | null): CanaryStep {
  return { kind: 'pause', duration };
}

export interface PlanOptions {
  readonly strategy?: StrategyConfig;
  readonly metrics?: readonly MetricConfig[];
  readonly maxWait?: number;
  readonly progressDeadline?: number;
  readonly concurrency?: 'supersede' | 'queue';
  readonly target?: string;
}

export function environmentConfig(options: PlanOptions = {}): EnvironmentConfig {
  return {
    target: options.target ?? 'noop',
    strategy: options.strategy ?? canary([weight(10), pause(10 * SECOND), weight(25), weight(50), weight(75)]),
    analysis: { metrics: options.metrics ?? [], maxWait: options.maxWait ?? 5 * MINUTE },
    concurrency: options.concurrency ?? 'supersede',
    progressDeadline: options.progressDeadline ?? 10 * MINUTE,
    onFailure: null,
    environment: {},
  };
}

export function canary(steps: readonly CanaryStep[], bake = 30 * SECOND): StrategyConfig {
  return { kind: 'canary', steps, bake, keepWarm: 10 * MINUTE, sticky: null };
}

export function deployment(options: PlanOptions = {}): RolloutPlan {
  return planDeployment(environmentConfig(options));
}

export function rollback(options: PlanOptions = {}): RolloutPlan {
  return planRollback(environmentConfig(options));
}

/** The weights that a plan leads through, in order. */
export function weightsOf(plan: RolloutPlan): readonly number[] {
  return plan.steps.flatMap((step) => (step.kind === 'weight' ? [step.weight] : []));
}
