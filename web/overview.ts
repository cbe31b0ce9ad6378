import type { AppView, EnvironmentView, RolloutView, RunView } from '../src/api/contract/index.ts';

/**
 * Columns of the table: the environments of all applications, each list in its own order. A name that another
 * application does not have goes before the next one that both have, so `dev` stays left of `staging`.
 */
export function environmentNames(apps: readonly AppView[]): readonly string[] {
  const names: string[] = [];
  for (const app of apps) {
    let place = names.length;
    for (const environment of app.environments.toReversed()) {
      const known = names.indexOf(environment.name);
      if (known === -1) names.splice(place, 0, environment.name);
      else place = known;
    }
  }
  return names;
}

const ATTENTION: readonly RunView['state'][] = ['running', 'waiting', 'queued'];

export function isActive(run: RunView): boolean {
  return ATTENTION.includes(run.state);
}

/** The run to show in full: one that works, else one that waits, else the newest. `runs` is newest first. */
export function runInFocus(runs: readonly RunView[]): RunView | undefined {
  for (const state of ATTENTION) {
    const run = runs.find((candidate) => candidate.state === state);
    if (run !== undefined) return run;
  }
  return runs[0];
}

/** The rollout that an environment is in, when one of the runs at hand has it. */
export function rolloutOf(environment: EnvironmentView, runs: readonly RunView[]): RolloutView | undefined {
  if (environment.rolloutId === null) return undefined;
  for (const run of runs) {
    for (const stage of run.stages) {
      if (stage.rollout?.id === environment.rolloutId) return stage.rollout;
    }
  }
  return undefined;
}

export interface Share {
  /** `v12`, or null for a version that belongs to no release. */
  readonly releaseNumber: number | null;
  readonly weight: number;
  readonly isNew: boolean;
}

/** Traffic by version, the live one first. Empty unless two versions are up: one version with all of it says nothing. */
export function trafficShares(environment: Pick<EnvironmentView, 'traffic' | 'live'>): readonly Share[] {
  const versions = environment.traffic.filter((entry) => entry.weight > 0 || entry.ready);
  if (versions.length < 2 || versions.every((entry) => entry.weight === 0 || entry.weight === 100)) return [];
  const shares = versions.map((entry) => ({
    releaseNumber: entry.releaseNumber,
    weight: entry.weight,
    isNew: entry.releaseId !== environment.live?.id,
  }));
  return shares.toSorted((a, b) => Number(a.isNew) - Number(b.isNew));
}

/** Stable's and the new version's share of a rollout; only the new one when there is nothing to go back to. */
export function rolloutShares(rollout: Pick<RolloutView, 'weight' | 'release' | 'stable'>): readonly Share[] {
  const candidate = { releaseNumber: rollout.release.number, weight: rollout.weight, isNew: true };
  if (rollout.stable === null) return [candidate];
  return [{ releaseNumber: rollout.stable.number, weight: 100 - rollout.weight, isNew: false }, candidate];
}
