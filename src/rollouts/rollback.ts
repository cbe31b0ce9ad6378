import { FunadeError, newId } from '../kernel/index.ts';
import type { Driver } from '../queue/index.ts';
import { type Trx, transaction } from '../store/index.ts';
import type { Initiator } from './admit.ts';
import type { EngineDependencies } from './dependencies.ts';
import { environmentId } from './engine.ts';
import { planRollback } from './plan.ts';
import type { CatalogRelease } from './port.ts';
import { insert } from './request.ts';
import { isActive } from './state.ts';
import * as store from './store.ts';

export interface RollbackRequest {
  readonly app: string;
  readonly environment: string;
  /** Release id; the last one that succeeded there when null. */
  readonly to: string | null;
  readonly by: string;
  readonly reason: string;
}

export interface RollbackReadiness {
  readonly ready: boolean;
  readonly to: string | null;
  readonly reason: string | null;
}

/**
 * Puts an earlier release back, first in line; a deployment in progress is aborted. Asking again while a rollback to the same
 * release is on its way answers with that one. Throws `FUN_ROLLBACK_IMPOSSIBLE` before anything is touched.
 */
export async function requestRollback(
  dependencies: EngineDependencies,
  driver: Driver,
  request: RollbackRequest,
): Promise<string> {
  const { db, catalog } = dependencies;
  const name = environmentId(request);
  const environment = await store.readEnvironment(db, request);
  if (environment === undefined)
    throw new FunadeError('FUN_NOT_FOUND', { kind: 'environment', id: name, list: 'funade status' });
  const running = sameRollback(await store.readOpenRollouts(db, request), request);
  if (running !== undefined) return running.id;
  const { ready, to, reason } = await readinessOf(dependencies, request, request.to);
  if (!ready || to === null) {
    throw new FunadeError('FUN_ROLLBACK_IMPOSSIBLE', {
      environment: `${request.app} ${request.environment}`,
      reason: reason ?? 'there is no earlier release',
    });
  }
  const release = await catalog.get(to, request.environment);
  const id = await transaction(db, (trx) => queue(trx, dependencies, driver, { request, release, seen: environment }));
  return id ?? requestRollback(dependencies, driver, request);
}

function sameRollback(open: readonly store.RolloutRow[], { to }: RollbackRequest): store.RolloutRow | undefined {
  return open.find((rollout) => rollout.kind === 'rollback' && (to === null || to === rollout.release_id));
}

/** Null when the environment has changed since it was looked at, so that the choice of the release may be wrong by now. */
async function queue(
  trx: Trx,
  { clock }: EngineDependencies,
  driver: Driver,
  {
    request,
    release,
    seen,
  }: { readonly request: RollbackRequest; readonly release: CatalogRelease; readonly seen: store.EnvironmentRow },
): Promise<string | null> {
  const environment = await store.lockEnvironment(trx, request);
  const open = await store.readOpenRollouts(trx, request);
  const running = sameRollback(open, request);
  if (running !== undefined) return running.id;
  if (environment?.live_release !== seen.live_release) return null;
  const active = open.find((rollout) => rollout.kind === 'deploy' && isActive(rollout.phase));
  const reason = `rollback requested: ${request.reason}`;
  if (active !== undefined) await store.insertCommand(trx, active.id, { kind: 'abort', by: request.by, reason });
  const id = newId('rollout', clock.now());
  const initiator: Initiator = { kind: 'person', user: request.by, approvedBy: [] };
  await insert(trx, {
    id,
    kind: 'rollback',
    request: { ...request, releaseId: release.release.id, runId: null, initiator },
    release,
    plan: planRollback(release.config),
    reason: request.reason,
    now: clock.now(),
  });
  await driver.schedule(trx, environmentId(request));
  return id;
}

/** Whether `rollback` without an argument would work right now, and to which release. */
export function rollbackReadiness(
  dependencies: EngineDependencies,
  key: store.EnvironmentKey,
): Promise<RollbackReadiness> {
  return readinessOf(dependencies, key, null);
}

async function readinessOf(
  { db, catalog }: EngineDependencies,
  key: store.EnvironmentKey,
  wanted: string | null,
): Promise<RollbackReadiness> {
  const environment = await store.readEnvironment(db, key);
  const live = environment?.live_release ?? null;
  if (live === null) return { ready: false, to: null, reason: 'nothing has been deployed there yet' };
  const open = await store.readOpenRollouts(db, key);
  const isDeploying = open.some((rollout) => rollout.kind === 'deploy' && isActive(rollout.phase));
  const choice = wanted === null ? await lastGood(db, key, { live, isDeploying }) : { to: wanted, reason: null };
  const { to } = choice;
  if (to === null) return { ready: false, to, reason: choice.reason };
  if (to === live && !isDeploying && environment?.drift === null)
    return { ready: false, to, reason: 'that release is live already' };
  if (to !== live && !(await store.hasSucceeded(db, key, to)))
    return { ready: false, to, reason: 'that release has never succeeded there' };
  return { ...(await catalog.preflight(to, key.environment)), to };
}

/** The last release that succeeded there: while another one is on its way the live one, otherwise the one before it. */
async function lastGood(
  db: EngineDependencies['db'],
  key: store.EnvironmentKey,
  { live, isDeploying }: { readonly live: string; readonly isDeploying: boolean },
): Promise<{ readonly to: string | null; readonly reason: string | null }> {
  if (isDeploying) return { to: live, reason: null };
  if ((await store.readLastArrival(db, key))?.kind === 'rollback')
    return { to: null, reason: 'what is live came by a rollback, and a rollback is not rolled back by itself' };
  const [previous] = await store.readEarlierReleases(db, key, live);
  return previous === undefined
    ? { to: null, reason: 'no earlier release has succeeded there' }
    : { to: previous, reason: null };
}
