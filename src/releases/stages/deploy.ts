import type { DeployStageConfig } from '../../config/index.ts';
import { FunadeError, formatDuration } from '../../kernel/index.ts';
import { readApproversOf } from '../approvals/store.ts';
import { deliverable } from '../catalog.ts';
import type { DeliveryStatus, StageFailure } from '../port.ts';
import { setStageRollout } from '../store.ts';
import { type StageContext, type StageResult, failureOf } from './stage.ts';
import { initiatorOf, releaseOf } from './with-release.ts';

/** Asks for a rollout once, then waits for its end. Whatever happens to the environment is the rollout's affair. */
export async function deployStage(context: StageContext<DeployStageConfig>): Promise<StageResult> {
  if (context.stage.rollout_id === null) return requestRollout(context);
  const status = await context.dependencies.delivery.status(context.stage.rollout_id);
  if (status.ended) return resultOf(context, status);
  const deadline = status.startedAt === null ? null : status.startedAt + context.config.timeout;
  if (deadline !== null && context.dependencies.clock.now() > deadline) {
    await context.dependencies.delivery.abort(
      context.stage.rollout_id,
      `the stage did not end within ${formatDuration(context.config.timeout)}`,
    );
  }
  return waiting(context, context.stage.rollout_id, status, deadline);
}

async function requestRollout(context: StageContext<DeployStageConfig>): Promise<StageResult> {
  const { dependencies, run, stage, config } = context;
  const release = await releaseOf(context);
  const key = { app: run.app, environment: config.to };
  await dependencies.delivery.check({ ...key, releaseId: release.id });
  const approvedBy = await readApproversOf(dependencies.db, run.id);
  const request = { ...key, releaseId: release.id, runId: run.id, initiator: initiatorOf(context, approvedBy) };
  const forDelivery = await deliverable(dependencies.artifacts, release, config.to);
  const wait = {
    cause: `rollout to ${config.to}`,
    since: dependencies.clock.now(),
    until: null,
    endedBy: 'the rollout',
    next: [],
  };
  return {
    kind: 'waiting',
    wait,
    wakeAt: null,
    commit: async (trx) => setStageRollout(trx, stage, await dependencies.delivery.deploy(trx, request, forDelivery)),
  };
}

function waiting(
  context: StageContext<DeployStageConfig>,
  rolloutId: string,
  status: DeliveryStatus,
  deadline: number | null,
): StageResult {
  const since = context.stage.wait?.since ?? context.dependencies.clock.now();
  const wait = status.wait ?? {
    cause: `rollout ${rolloutId} to ${context.config.to}`,
    since,
    until: null,
    endedBy: 'the rollout',
    next: [{ command: `funade watch ${context.run.id}` }],
  };
  return { kind: 'waiting', wait, wakeAt: deadline };
}

function resultOf(context: StageContext<DeployStageConfig>, status: DeliveryStatus): StageResult {
  if (status.succeeded) return { kind: 'succeeded' };
  const environment = `${context.run.app}/${context.config.to}`;
  const error = new FunadeError('FUN_ROLLOUT_ENDED', { environment, phase: status.phase, reason: status.reason });
  const failure: StageFailure = failureOf(error, status.evidence);
  if (status.phase === 'aborted' || status.phase === 'rolled_back' || status.phase === 'superseded')
    return { kind: 'failed', as: status.phase, failure };
  return { kind: 'failed', as: status.phase === 'cancelled' ? 'aborted' : 'failed', failure };
}
