import type { DeployStageConfig } from '../../config/index.ts';
import { FunadeError, formatDuration } from '../../kernel/index.ts';
import { readApproversOf } from '../approvals/store.ts';
import { deliverable } from '../catalog.ts';
import { failureOf } from '../failure.ts';
import type { DeliveryStatus, StageFailure, StageWait } from '../port.ts';
import { setStageRollout } from '../store.ts';
import type { StageContext, StageResult } from './stage.ts';
import { initiatorOf, releaseOf } from './with-release.ts';

/** Between asking for the end of a rollout that took too long and looking again, in milliseconds. */
const ABORT_PATIENCE = 5000;

/** Asks for a rollout once, then waits for its end. Whatever happens to the environment is the rollout's affair. */
export async function deployStage(context: StageContext<DeployStageConfig>): Promise<StageResult> {
  if (context.stage.rollout_id === null) return requestRollout(context);
  const { delivery, clock } = context.dependencies;
  const { timeout } = context.config;
  const status = await delivery.status(context.stage.rollout_id);
  if (status.ended) return resultOf(context, status);
  const now = clock.now();
  if (status.startedAt === null) return waiting(context, status, { until: null, wakeAt: now + timeout });
  const until = status.startedAt + timeout;
  if (now < until) return waiting(context, status, { until, wakeAt: until });
  return overdue(context, context.stage.rollout_id, now);
}

/** Asks for the end of a rollout that took too long, and again when it is still there a while later. */
async function overdue(context: StageContext<DeployStageConfig>, rolloutId: string, now: number): Promise<StageResult> {
  const { config, dependencies, stage } = context;
  const cause = `the end of the rollout to ${config.to}, which was aborted after ${formatDuration(config.timeout)}`;
  const asked = stage.wait?.cause === cause ? stage.wait.since : null;
  if (asked !== null && now < asked + ABORT_PATIENCE)
    return { kind: 'waiting', wait: { ...waitFor(context, asked), cause }, wakeAt: asked + ABORT_PATIENCE };
  await dependencies.delivery.abort(rolloutId, `the stage did not end within ${formatDuration(config.timeout)}`);
  return { kind: 'waiting', wait: { ...waitFor(context, now), cause }, wakeAt: now + ABORT_PATIENCE };
}

async function requestRollout(context: StageContext<DeployStageConfig>): Promise<StageResult> {
  const { dependencies, run, stage, config } = context;
  const release = await releaseOf(context);
  if ((await dependencies.artifacts.locate(release.artifact_digest)) === null)
    throw new FunadeError('FUN_ARTIFACT_GONE', { release: `v${release.number}`, run: run.id });
  const key = { app: run.app, environment: config.to };
  await dependencies.delivery.check({ ...key, releaseId: release.id });
  const approvedBy = await readApproversOf(dependencies.db, run.id);
  const request = { ...key, releaseId: release.id, runId: run.id, initiator: initiatorOf(context, approvedBy) };
  const forDelivery = await deliverable(dependencies.artifacts, release, config.to);
  return {
    kind: 'waiting',
    wait: waitFor(context, dependencies.clock.now()),
    // The rollout's end wakes the run; a rollout that does not end has to be found by its time.
    wakeAt: dependencies.clock.now() + config.timeout,
    commit: async (trx) => setStageRollout(trx, stage, await dependencies.delivery.deploy(trx, request, forDelivery)),
  };
}

function waiting(
  context: StageContext<DeployStageConfig>,
  status: DeliveryStatus,
  { until, wakeAt }: { readonly until: number | null; readonly wakeAt: number },
): StageResult {
  const since = context.stage.wait?.since ?? context.dependencies.clock.now();
  const wait = status.wait ?? { ...waitFor(context, since), until };
  return { kind: 'waiting', wait, wakeAt };
}

function waitFor({ config, run }: StageContext<DeployStageConfig>, since: number): StageWait {
  return {
    cause: `rollout to ${config.to}`,
    since,
    until: null,
    endedBy: 'the rollout',
    next: [{ command: `funade watch ${run.id}` }],
  };
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
