export { type Hold, type Initiator, type Wait } from './admit.ts';
export type { Command } from './decide/decision.ts';
export type { MetricResult } from './judge/index.ts';
export type { PlanStep, RolloutPlan } from './plan.ts';
export {
  type CatalogRelease,
  type IntervalCounts,
  LATENCY_BOUNDS,
  type MetricsProvider,
  type ReleaseCatalog,
  type RolloutListener,
  type Target,
  type TargetRelease,
  type TargetState,
} from './port.ts';
export type { DeployRequest } from './request.ts';
export type { RollbackReadiness, RollbackRequest } from './rollback.ts';
export { type Rollouts, createRollouts } from './rollouts.ts';
export { type Phase, type RolloutState, isActive, isTerminal, isWaiting } from './state.ts';
export {
  type DeploymentRow,
  type EnvironmentKey,
  type EnvironmentRow,
  type RolloutRow,
  listDeployments,
  listEnvironments,
  listRollouts,
  readEnvironment,
  readOpenRollouts,
  readRollout,
  readRollouts,
} from './store.ts';
