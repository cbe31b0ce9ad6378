import type { AnalysisConfig, EnvironmentConfig } from '../config/index.ts';
import { assertNever } from '../kernel/index.ts';

/** One step of a rollout. The last one always gives the new version all the traffic; baking follows it. */
export type PlanStep =
  | { readonly kind: 'weight'; readonly weight: number }
  /** `duration: null` waits until somebody promotes. */
  | { readonly kind: 'pause'; readonly duration: number | null }
  | { readonly kind: 'analyse' };

/** Everything that was decided before the rollout began; it never changes afterwards. */
export interface RolloutPlan {
  readonly kind: 'deploy' | 'rollback';
  readonly strategy: 'rolling' | 'blueGreen' | 'canary';
  readonly steps: readonly PlanStep[];
  /** Milliseconds of watching after 100 %. */
  readonly bake: number;
  /** Milliseconds that the previous version stays up afterwards. */
  readonly keepWarm: number;
  readonly analysis: AnalysisConfig;
  readonly progressDeadline: number;
  readonly sticky: { readonly header: string } | { readonly cookie: string } | null;
}

const DEFAULT_KEEP_WARM = 600_000;

/** The plan of a deployment, from the environment's configuration in the release that is to be deployed. */
export function planDeployment(config: EnvironmentConfig): RolloutPlan {
  const { strategy } = config;
  const common = {
    kind: 'deploy',
    strategy: strategy.kind,
    bake: strategy.bake,
    analysis: config.analysis,
    progressDeadline: config.progressDeadline,
  } as const;
  switch (strategy.kind) {
    case 'rolling':
      return { ...common, steps: weights([25, 50, 75, 100]), keepWarm: DEFAULT_KEEP_WARM, sticky: null };
    case 'blueGreen':
      return { ...common, steps: [...preview(strategy), ...weights([100])], keepWarm: strategy.keepWarm, sticky: null };
    case 'canary':
      return { ...common, steps: toFull(strategy.steps), keepWarm: strategy.keepWarm, sticky: strategy.sticky };
    default:
      return assertNever(strategy);
  }
}

/** A rollback switches at once: it has no steps to wait in and no analysis that could hold it up. */
export function planRollback(config: EnvironmentConfig): RolloutPlan {
  return {
    kind: 'rollback',
    strategy: config.strategy.kind,
    steps: weights([100]),
    bake: 0,
    keepWarm: DEFAULT_KEEP_WARM,
    analysis: { metrics: [], maxWait: 0 },
    progressDeadline: config.progressDeadline,
    sticky: config.strategy.kind === 'canary' ? config.strategy.sticky : null,
  };
}

/** The same plan for the first release of an environment: there is nothing to compare with and nothing to go back to. */
export function withoutSteps(plan: RolloutPlan): RolloutPlan {
  return { ...plan, steps: weights([100]) };
}

function weights(values: readonly number[]): readonly PlanStep[] {
  return values.map((weight) => ({ kind: 'weight', weight }));
}

function preview(strategy: { readonly preview: number; readonly autoPromote: boolean }): readonly PlanStep[] {
  if (!strategy.autoPromote) return [{ kind: 'pause', duration: null }];
  return strategy.preview > 0 ? [{ kind: 'pause', duration: strategy.preview }] : [];
}

function toFull(steps: readonly PlanStep[]): readonly PlanStep[] {
  const last = steps.findLast((step) => step.kind === 'weight');
  return last?.kind === 'weight' && last.weight === 100 ? steps : [...steps, { kind: 'weight', weight: 100 }];
}
