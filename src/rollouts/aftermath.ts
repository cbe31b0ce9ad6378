import type { Hold } from './admit.ts';
import type { CatalogRelease } from './port.ts';
import type { RolloutState } from './state.ts';
import type { DeploymentStatus, RolloutRow } from './store.ts';

/** The ledger's word for how a rollout ended. */
export function deploymentOf(state: RolloutState): {
  readonly status: DeploymentStatus;
  readonly evidence: readonly string[];
  readonly reason: string;
} {
  const status: Partial<Record<RolloutState['phase'], DeploymentStatus>> = {
    succeeded: 'succeeded',
    aborted: 'aborted',
    rolled_back: 'rolled_back',
    superseded: 'superseded',
    cancelled: 'aborted',
  };
  return {
    status: status[state.phase] ?? 'failed',
    evidence: state.outcome?.evidence ?? [],
    reason: state.outcome?.reason ?? '',
  };
}

export interface End {
  readonly row: Pick<RolloutRow, 'kind' | 'release_id' | 'stable_id' | 'plan' | 'initiator' | 'reason'>;
  readonly state: RolloutState;
  /** Null when the release can't be read any more: then there is nothing that automation could bring back. */
  readonly candidate: Pick<CatalogRelease, 'number'> | null;
  /** What was live before. */
  readonly stable: Pick<CatalogRelease, 'number'> | null;
  readonly hold: Hold | null;
  readonly now: number;
}

interface EnvironmentChange {
  live?: string;
  warm?: { release: string; until: number } | null;
  hold?: Hold | null;
}

/** What an end changes in the environment: what is live, what stays warm, and what automation may not bring back. */
export function environmentAfter(end: End): EnvironmentChange {
  const { row, state } = end;
  if (state.phase === 'succeeded') return { ...arrival(end), ...lifted(end) };
  if (row.kind === 'rollback') return state.phase === 'rolled_back' ? { ...arrival(end), ...heldByRollback(end) } : {};
  const tookBack = state.phase === 'aborted' || state.phase === 'rolled_back';
  // The live release is not held: what was taken back was only the try to put it in place again.
  if (!tookBack || state.back === null || row.stable_id === row.release_id) return {};
  if (end.candidate === null) return { warm: null };
  const { by, reason } = state.back;
  const hold = holdOf(row.release_id, end.candidate.number, { scope: 'release', by, reason, since: end.now });
  return { warm: null, hold: keepStronger(end.hold, hold) };
}

function arrival({ row, now }: End): EnvironmentChange {
  const before = row.stable_id === row.release_id ? null : row.stable_id;
  const warm = before === null ? null : { release: before, until: now + row.plan.keepWarm };
  return { live: row.release_id, warm };
}

/** The held release itself, brought by a person, or a newer one lifts the hold. */
function lifted({ hold, candidate }: End): EnvironmentChange {
  return hold !== null && candidate !== null && candidate.number >= hold.releaseNumber ? { hold: null } : {};
}

function heldByRollback({ row, stable, now }: End): EnvironmentChange {
  if (row.stable_id === null || row.stable_id === row.release_id || stable === null) return {};
  const by = row.initiator.user;
  const reason = row.reason ?? 'rolled back';
  return { hold: holdOf(row.stable_id, stable.number, { scope: 'environment', by, reason, since: now }) };
}

function holdOf(
  releaseId: string,
  releaseNumber: number,
  cause: Pick<Hold, 'scope' | 'by' | 'reason' | 'since'>,
): Hold {
  return { releaseId, releaseNumber, ...cause };
}

/** A hold on the whole environment is not weakened by a later one on a single release. */
function keepStronger(before: Hold | null, next: Hold): Hold {
  return before?.scope === 'environment' ? before : next;
}
