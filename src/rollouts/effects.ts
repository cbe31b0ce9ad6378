import type { Lease } from '../queue/index.ts';
import type { Effect } from './decide/decision.ts';
import type { EngineDependencies } from './dependencies.ts';
import type { CatalogRelease, Target, TargetContext, TargetRelease, TargetState } from './port.ts';
import type { EnvironmentKey, RolloutRow } from './store.ts';
import * as store from './store.ts';
import { within } from './time-limit.ts';

const OBSERVE_LIMIT = 15_000;
const ACT_LIMIT = 60_000;

/** What an effect is made of. A release that can't be read any more still has its name, which is enough to take it back. */
export interface Acting {
  readonly row: RolloutRow;
  readonly lease: Lease;
  readonly target: Target;
  readonly observed: TargetState;
  readonly candidate: CatalogRelease | null;
  readonly stable: CatalogRelease | null;
}

export function observe(
  target: Target,
  { app, environment }: EnvironmentKey,
  signal: AbortSignal,
): Promise<TargetState> {
  const limits = { limit: OBSERVE_LIMIT, what: `target ${target.id} of ${app}/${environment}`, signal };
  return within(limits, () => target.observe({ app, environment }));
}

/** Makes the call and records that it has returned. Throws what the target throws; the next round asks again with the same key. */
export async function perform(dependencies: EngineDependencies, acting: Acting, effect: Effect): Promise<void> {
  const { row, lease, target } = acting;
  const what = `${effect.kind} at target ${target.id} of ${row.app}/${row.environment}`;
  await within({ limit: ACT_LIMIT, what, signal: lease.signal }, async (signal) => {
    const context = { ...contextOf(acting, effect), signal };
    if (effect.kind === 'prepare') await target.prepare(context);
    else await target.shift(context, effect.weight);
  });
  await store.markSent(dependencies.db, effect.key);
}

function contextOf(acting: Acting, effect: Effect): Omit<TargetContext, 'signal'> {
  const { row, lease, observed, candidate } = acting;
  return {
    app: row.app,
    environment: row.environment,
    rolloutId: row.id,
    fence: lease.fence,
    key: effect.key,
    candidate: candidate?.release ?? nameOnly(row.release_id, observed),
    stable: stableOf(acting, effect),
    sticky: row.plan.sticky,
  };
}

/** Taking all the traffic needs no counterpart, so a stable version that the target has lost can't keep a rollback from its switch. */
function stableOf({ row, observed, stable }: Acting, effect: Effect): TargetRelease | null {
  if (row.stable_id === null) return null;
  const isAttached = observed.versions.some(({ version }) => version === row.stable_id);
  if (!isAttached && effect.kind === 'shift' && effect.weight === 100) return null;
  return stable?.release ?? nameOnly(row.stable_id, observed);
}

function nameOnly(id: string, observed: TargetState): TargetRelease {
  const digest = observed.versions.find(({ version }) => version === id)?.digest ?? '';
  return { id, digest, artifact: '', functions: {}, variables: {}, secrets: {} };
}
