import type { Sample } from '../../demo/load.ts';
import type { Facts } from '../store.ts';
import { type Finding, illegal, lost } from './finding.ts';

export interface TrafficCount {
  readonly requests: number;
  /** Faults of the releases themselves. */
  readonly byReleases: number;
  readonly lost: number;
}

/** Requests after the first answer; before that there was nothing to answer. */
function trafficSince(samples: readonly Sample[]): readonly Sample[] {
  const first = Math.min(...samples.filter(({ version }) => version !== null).map(({ at }) => at));
  return samples.filter(({ at }) => at >= first);
}

export function countTraffic(samples: readonly Sample[]): TrafficCount {
  const all = trafficSince(samples);
  return {
    requests: all.length,
    byReleases: all.filter((sample) => isFailed(sample) && !isLost(sample)).length,
    lost: all.filter(isLost).length,
  };
}

/** No request fails because of the platform, and none reaches a release that was taken back. */
export function checkTraffic(facts: Facts, samples: readonly Sample[]): readonly Finding[] {
  const all = trafficSince(samples);
  return [
    ...all
      .filter(isLost)
      .map(({ at, status, fault }) => lost(`request at ${new Date(at).toISOString()}: ${status} ${fault ?? ''}`)),
    ...facts.rollouts.flatMap(({ id, environment, kind, phase, releaseId, endedAt }) => {
      const isBack = kind === 'deploy' && ['aborted', 'rolled_back'].includes(phase);
      if (environment !== 'production' || !isBack || endedAt === null) return [];
      const late = all.filter(({ at, version }) => version === releaseId && at > endedAt);
      if (late.length === 0) return [];
      return [illegal(`${late.length} requests reached ${releaseId} after rollout ${id} had taken it back`)];
    }),
  ];
}

function isFailed({ status }: Sample): boolean {
  return status === 0 || status >= 400;
}

function isLost(sample: Sample): boolean {
  return sample.status === 0 || sample.version === null || (sample.status >= 400 && !sample.byFunction);
}
