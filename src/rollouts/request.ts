import { type Clock, FunadeError, newId } from '../kernel/index.ts';
import type { Driver } from '../queue/index.ts';
import { type Trx, appendEvent } from '../store/index.ts';
import type { Initiator } from './admit.ts';
import { environmentId } from './engine.ts';
import { type RolloutPlan, planDeployment } from './plan.ts';
import type { CatalogRelease } from './port.ts';
import { initialState } from './state.ts';
import * as store from './store.ts';

export interface DeployRequest {
  readonly app: string;
  readonly environment: string;
  readonly releaseId: string;
  readonly runId: string | null;
  readonly initiator: Initiator;
}

/** Puts a deployment in the environment's line, once per run and environment. */
export async function requestDeploy(
  trx: Trx,
  {
    driver,
    clock,
    request,
    release,
  }: {
    readonly driver: Driver;
    readonly clock: Clock;
    readonly request: DeployRequest;
    readonly release: CatalogRelease;
  },
): Promise<string> {
  const existing =
    request.runId === null ? undefined : await store.readRolloutOfRun(trx, request.runId, request.environment);
  if (existing !== undefined) return existing.id;
  const id = newId('rollout', clock.now());
  const target = await store.upsertEnvironment(trx, request, release.config.target);
  if (target !== release.config.target) throw otherTarget(request, target, release.config.target);
  await insert(trx, {
    id,
    kind: 'deploy',
    request,
    release,
    plan: planDeployment(release.config),
    reason: null,
    now: clock.now(),
  });
  await driver.schedule(trx, environmentId(request));
  return id;
}

/** What is live stays where it is: a release that names another target would leave it running there, unwatched. */
export function targetFault(present: string, wanted: string): string {
  return `it runs on target ${present} and can't move to ${wanted} while a release is live there; use another environment`;
}

function otherTarget(key: store.EnvironmentKey, present: string, wanted: string): FunadeError {
  const faults = [{ message: targetFault(present, wanted) }];
  return new FunadeError('FUN_TARGET_UNSUITABLE', { environment: environmentId(key), count: 1 }, { faults });
}

export interface NewRollout {
  readonly id: string;
  readonly kind: 'deploy' | 'rollback';
  readonly request: DeployRequest;
  readonly release: CatalogRelease;
  readonly plan: RolloutPlan;
  readonly reason: string | null;
  readonly now: number;
}

/** A rollout at the end of the line, its row in the ledger and the event that tells of it. */
export async function insert(trx: Trx, { id, kind, request, release, plan, reason, now }: NewRollout): Promise<void> {
  const { app, environment, releaseId, runId, initiator } = request;
  await store.insertRollout(trx, {
    id,
    app,
    environment,
    kind,
    release_id: releaseId,
    run_id: runId,
    initiator,
    reason,
    plan,
    state: initialState(now),
  });
  await store.insertDeployment(trx, {
    id: newId('deployment', now),
    rollout_id: id,
    app,
    environment,
    kind,
    release_id: releaseId,
    previous_release_id: null,
    by_user: initiator.user,
    commit_sha: release.commit,
    reason,
  });
  await appendEvent(trx, {
    kind: 'rollout.queued',
    app,
    environment,
    subject: id,
    actor: initiator.user,
    data: { kind, releaseId, runId, reason },
  });
}
