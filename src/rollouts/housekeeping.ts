import { isFunadeError, messageOf } from '../kernel/index.ts';
import type { Lease } from '../queue/index.ts';
import { appendEvent, transaction } from '../store/index.ts';
import { type EngineDependencies, targetOf } from './dependencies.ts';
import { observe } from './effects.ts';
import type { CatalogRelease, Target, TargetState, VersionState } from './port.ts';
import type { EnvironmentRow, RolloutRow } from './store.ts';
import * as store from './store.ts';
import { within } from './time-limit.ts';

const IDLE_LOOK = 30_000;
/** While somebody waits for a drift to end. */
const DRIFT_LOOK = 2000;
const ACT_LIMIT = 60_000;

/** An environment at rest: retires what nobody needs any more and compares the target with the ledger. */
export async function tidy(
  dependencies: EngineDependencies,
  lease: Lease,
  environment: EnvironmentRow,
  waiting: readonly RolloutRow[],
): Promise<number | null> {
  const { clock } = dependencies;
  const key = { app: environment.app, environment: environment.name };
  const target = targetOf(dependencies, environment.target);
  const observed = await observe(target, key, lease.signal);
  const drift = await noteDrift(dependencies, environment, observed);
  const now = clock.now();
  const warmUntil = environment.warm_until?.getTime() ?? 0;
  const keeps = new Set([
    environment.live_release,
    warmUntil > now ? environment.warm_release : null,
    ...waiting.map((rollout) => rollout.release_id),
  ]);
  // While the target does not show what the ledger says, nothing is taken away from it.
  const obsolete = observed.versions.filter(
    (version) => drift === null && version.weight === 0 && !keeps.has(version.version),
  );
  let retired = false;
  for (const version of obsolete)
    retired = (await retire(dependencies, { lease, environment, target, version })) || retired;
  if (environment.live_release === null && waiting.length === 0 && observed.versions.length === 0) return null;
  if (retired) return now + 1000;
  const look = now + (drift !== null && waiting.length > 0 ? DRIFT_LOOK : IDLE_LOOK);
  return warmUntil > now ? Math.min(look, warmUntil) : look;
}

/** Takes down a version that the catalog knows; one that it does not know is not ours to take. */
async function retire(
  dependencies: EngineDependencies,
  {
    lease,
    environment,
    target,
    version,
  }: {
    readonly lease: Lease;
    readonly environment: EnvironmentRow;
    readonly target: Target;
    readonly version: VersionState;
  },
): Promise<boolean> {
  const { db } = dependencies;
  const known = { app: environment.app, environment: environment.name };
  const key = `${known.app}/${known.environment}:retire-${version.version}:${lease.fence}`;
  const release = await releaseOf(dependencies, environment, version.version);
  if (release === null) return false;
  await transaction(db, async (trx) => {
    await store.intend(trx, {
      ...known,
      key,
      rolloutId: null,
      kind: 'retire',
      detail: { version: version.version },
      fence: lease.fence,
    });
    await appendEvent(trx, {
      kind: 'environment.version_retired',
      ...known,
      subject: version.version,
      actor: 'automation',
    });
  });
  const context = {
    ...known,
    rolloutId: '',
    fence: lease.fence,
    key,
    candidate: release.release,
    stable: null,
    sticky: null,
  };
  await within({ limit: ACT_LIMIT, what: `retire at target ${target.id}`, signal: lease.signal }, (signal) =>
    target.retire({ ...context, signal }, version.version),
  );
  await store.markSent(db, key);
  return true;
}

async function releaseOf(
  { catalog }: EngineDependencies,
  environment: EnvironmentRow,
  id: string,
): Promise<CatalogRelease | null> {
  try {
    return await catalog.get(id, environment.name);
  } catch (thrown) {
    if (isFunadeError(thrown) && thrown.code === 'FUN_NOT_FOUND') return null;
    throw thrown;
  }
}

/** The drift as the target shows it now, noted in the ledger. A target that does not answer is one, as long as it does not. */
export async function driftNow(
  dependencies: EngineDependencies,
  lease: Lease,
  environment: EnvironmentRow,
): Promise<string | null> {
  const target = targetOf(dependencies, environment.target);
  try {
    const observed = await observe(target, { app: environment.app, environment: environment.name }, lease.signal);
    return await noteDrift(dependencies, environment, observed);
  } catch (thrown) {
    if (lease.signal.aborted) throw thrown;
    return `target ${target.id} does not answer: ${messageOf(thrown)}`;
  }
}

/** `live` is what the target shows; when the ledger says otherwise, that is drift, told and kept until it is gone. */
async function noteDrift(
  dependencies: EngineDependencies,
  environment: EnvironmentRow,
  observed: TargetState,
): Promise<string | null> {
  const drift = driftOf(environment.live_release, observed);
  if (drift === environment.drift) return drift;
  const key = { app: environment.app, environment: environment.name };
  await transaction(dependencies.db, async (trx) => {
    await store.updateEnvironment(trx, key, { drift });
    const kind = drift === null ? 'environment.drift_ended' : 'environment.drift';
    await appendEvent(trx, {
      kind,
      ...key,
      subject: `${key.app}/${key.environment}`,
      actor: 'automation',
      data: { drift },
    });
  });
  return drift;
}

export function driftOf(live: string | null, observed: TargetState): string | null {
  const carrying = observed.versions.filter((version) => version.weight > 0);
  if (live === null) return null;
  if (carrying.length === 1 && carrying[0]?.version === live) return null;
  const seen = carrying.map((version) => `${version.version} ${version.weight}%`).join(', ');
  return `the ledger says ${live} is live, the target gives ${seen === '' ? 'no version traffic' : seen}`;
}
