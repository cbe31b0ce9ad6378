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
  readonly row: Pick<RolloutRow, 'kind' | 'release_id' | 'plan' | 'initiator' | 'reason'>;
  readonly state: RolloutState;
  readonly candidate: CatalogRelease;
  /** What was live before. */
  readonly stable: CatalogRelease | null;
  readonly hold: Hold | null;
  readonly now: number;
}

/** What an end changes in the environment: what is live, what stays warm, and what automation may not bring back. */
export function environmentAfter(end: End): {
  live?: string;
  warm?: { release: string; until: number } | null;
  hold?: Hold | null;
} {
  const { row, state, candidate, stable, now } = end;
  const arrived = state.phase === 'succeeded' || (row.kind === 'rollback' && state.phase === 'rolled_back');
  if (arrived) {
    const warm = stable === null ? null : { release: stable.release.id, until: now + row.plan.keepWarm };
    const live = row.release_id;
    if (row.kind === 'deploy') return { live, warm };
    const hold =
      stable === null
        ? end.hold
        : holdOf(stable, {
            scope: 'environment',
            by: row.initiator.user,
            reason: row.reason ?? 'rolled back',
            since: now,
          });
    return { live, warm, hold };
  }
  if (row.kind === 'rollback') return {};
  const tookBack = state.phase === 'aborted' || state.phase === 'rolled_back';
  if (!tookBack || state.back === null) return {};
  return {
    warm: null,
    hold: keepStronger(
      end.hold,
      holdOf(candidate, { scope: 'release', by: state.back.by, reason: state.back.reason, since: now }),
    ),
  };
}

function holdOf(release: CatalogRelease, facts: Pick<Hold, 'scope' | 'by' | 'reason' | 'since'>): Hold {
  return { releaseId: release.release.id, releaseNumber: release.number, ...facts };
}

/** A hold on the whole environment is not weakened by a later one on a single release. */
function keepStronger(before: Hold | null, next: Hold): Hold {
  return before?.scope === 'environment' ? before : next;
}
