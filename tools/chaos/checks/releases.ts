import type { Sample } from '../../demo/load.ts';
import type { Sent } from '../sender.ts';
import type { Facts, RolloutFact } from '../store.ts';
import { type Finding, illegal } from './finding.ts';

/** Faults younger than this may not have been counted when a rollout ended. */
const COUNTED_AFTER = 2000;
const ENOUGH = 10;
/** What begins to fail while it takes traffic is out of it again within this time, whatever is killed meanwhile. */
const BACK_WITHIN = 60_000;

/** A release that fails must not stay; one that does not must not be taken back by automation. */
export function checkReleases(facts: Facts, sent: readonly Sent[], samples: readonly Sample[]): readonly Finding[] {
  return sent.flatMap(({ push }) => {
    const { sha } = push.commit;
    const release = facts.releases.find((entry) => entry.sha === sha);
    const rollout = facts.rollouts.find(
      ({ releaseId, environment, kind }) =>
        environment === 'production' && kind === 'deploy' && releaseId === release?.id,
    );
    if (rollout === undefined) return [];
    const faults = faultsBefore(samples, rollout);
    if (faults >= ENOUGH && rollout.phase === 'succeeded' && rollout.stableId !== null)
      return [illegal(`${push.kind} release ${sha.slice(0, 7)} was kept by ${rollout.id} after ${faults} faults`)];
    if (push.kind === 'good' && wasTakenBack(rollout))
      return [illegal(`${push.kind} release ${sha.slice(0, 7)} was taken back: ${rollout.outcome?.reason}`)];
    const badFor = badTimeOf(samples, rollout);
    if (badFor > BACK_WITHIN)
      return [illegal(`${push.kind} release ${sha.slice(0, 7)} answered with faults for ${badFor} ms`)];
    return [];
  });
}

/** Milliseconds between the first and the last fault of a release. */
function badTimeOf(samples: readonly Sample[], { releaseId }: RolloutFact): number {
  const times = samples.filter(({ version, status }) => version === releaseId && status >= 400).map(({ at }) => at);
  return times.length === 0 ? 0 : Math.max(...times) - Math.min(...times);
}

/** Requests that the release failed early enough to be known when its rollout ended. */
function faultsBefore(samples: readonly Sample[], { releaseId, endedAt }: RolloutFact): number {
  const end = (endedAt ?? 0) - COUNTED_AFTER;
  return samples.filter(({ version, status, at }) => version === releaseId && status >= 400 && at < end).length;
}

function wasTakenBack({ phase, outcome }: RolloutFact): boolean {
  return ['aborted', 'rolled_back'].includes(phase) && outcome?.by === 'automation';
}
