import type { Lease } from '../queue/index.ts';
import { appendEvent, transaction } from '../store/index.ts';
import { type EngineDependencies, targetOf } from './dependencies.ts';
import type { Target, TargetState, VersionState } from './port.ts';
import type { EnvironmentRow, RolloutRow } from './store.ts';
import * as store from './store.ts';

const IDLE_LOOK = 30_000;

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
  const observed = await target.observe(key);
  const now = clock.now();
  const warmUntil = environment.warm_until?.getTime() ?? 0;
  const keeps = new Set([
    environment.live_release,
    warmUntil > now ? environment.warm_release : null,
    ...waiting.map((rollout) => rollout.release_id),
  ]);
  const obsolete = observed.versions.filter(
    (version) => !keeps.has(version.version) && isSafeToRetire(version, environment),
  );
  for (const version of obsolete) await retire(dependencies, { lease, environment, target, version });
  await noteDrift(dependencies, environment, observed);
  if (environment.live_release === null && waiting.length === 0 && observed.versions.length === 0) return null;
  const look = obsolete.length > 0 ? now + 1000 : now + IDLE_LOOK;
  return warmUntil > now ? Math.min(look, warmUntil) : look;
}

/** Never takes the last version that answers, unless the ledger says that nothing is to be live. */
function isSafeToRetire(version: VersionState, environment: EnvironmentRow): boolean {
  return version.weight === 0 || environment.live_release === null;
}

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
): Promise<void> {
  const { db, catalog } = dependencies;
  const known = { app: environment.app, environment: environment.name };
  const key = `${known.app}/${known.environment}:retire-${version.version}:${lease.fence}`;
  const release = (await catalog.get(version.version, environment.name)).release;
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
    candidate: release,
    stable: null,
    sticky: null,
    signal: lease.signal,
  };
  await target.retire(context, version.version);
  await store.markSent(db, key);
}

/** `live` is what the target shows; when the ledger says otherwise, that is drift, told and kept until it is gone. */
async function noteDrift(
  dependencies: EngineDependencies,
  environment: EnvironmentRow,
  observed: TargetState,
): Promise<void> {
  const drift = driftOf(environment.live_release, observed);
  if (drift === environment.drift) return;
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
}

export function driftOf(live: string | null, observed: TargetState): string | null {
  const carrying = observed.versions.filter((version) => version.weight > 0);
  if (live === null) return null;
  if (carrying.length === 1 && carrying[0]?.version === live) return null;
  const seen = carrying.map((version) => `${version.version} ${version.weight}%`).join(', ');
  return `the ledger says ${live} is live, the target gives ${seen === '' ? 'no version traffic' : seen}`;
}
