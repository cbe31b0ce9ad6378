import type { Deployment, Hpa, TargetRef } from '../objects/state.ts';
import type { Reads } from '../world.ts';
import type { Cache, Entry } from './cache.ts';
import { type InFlight, keyOf, landingOf } from './in-flight.ts';
import { sameDeployment, sameHpa, targetKey } from './sameness.ts';
import type { TargetIndex } from './target-index.ts';

/** What one decision learnt beside the cache, and only for itself. */
export interface Learnt {
  /** By `keyOf`. */
  readonly deployments: Map<string, LearntDeployment>;
  /** By namespace. */
  readonly hpasIn: Map<string, readonly Entry<Hpa>[]>;
  readonly released: Map<string, boolean>;
}

export interface LearntDeployment {
  /** `null`: there is none. */
  readonly entry: Entry<Deployment> | null;
  /** Version in the cache when it was asked for; `null`: it was not there. */
  readonly cached: number | null;
}

export interface Known {
  readonly deployments: Cache<Deployment>;
  readonly index: TargetIndex;
  readonly inFlight: InFlight;
  readonly released: (digest: string) => boolean | null;
}

export function createLearnt(): Learnt {
  return { deployments: new Map(), hpasIn: new Map(), released: new Map() };
}

/**
 * Reads of the cache, of changes in flight and of what was learnt, each at the time of reading: a change that was allowed while
 * this decision waited for an answer counts.
 */
export function createLiveReads(known: Known, learnt: Learnt | null): Reads {
  const { deployments, index, inFlight } = known;

  function settled(namespace: string, name: string): Deployment | undefined {
    const cached = deployments.get(namespace, name);
    const asked = learnt?.deployments.get(keyOf({ namespace, name }));
    if (asked === undefined) return cached?.value;
    return newer(cached, asked);
  }

  function deployment(namespace: string, name: string): readonly Deployment[] {
    const base = settled(namespace, name);
    const states = base === undefined ? [] : [base];
    for (const flight of inFlight.deployments.ofKey(keyOf({ namespace, name }))) {
      const state = landingOf(flight, base);
      if (!states.some((other) => sameDeployment(other, state))) states.push(state);
    }
    return states;
  }

  function deploymentsIn(namespace: string): readonly Deployment[] {
    const names = new Set<string>();
    for (const { name } of deployments.in(namespace)) names.add(name);
    for (const { entry } of learnt?.deployments.values() ?? []) {
      if (entry?.value.namespace === namespace) names.add(entry.value.name);
    }
    for (const { value } of inFlight.deployments.ofGroup(namespace)) names.add(value.name);
    return [...names].flatMap((name) => deployment(namespace, name));
  }

  function hpasOn(target: TargetRef): readonly Hpa[] {
    const cached = index.on(target);
    const key = targetKey(target);
    const more = learnt?.hpasIn.get(target.namespace) ?? [];
    const others = [
      ...more.map(({ value }) => value).filter(({ target: other }) => targetKey(other) === key),
      ...Array.from(inFlight.hpas.ofGroup(key), ({ value }) => value),
    ];
    return others.length === 0 ? cached : statesByName([...cached, ...others]);
  }

  return {
    deployment,
    deploymentsIn,
    hpasOn,
    released: (digest) => learnt?.released.get(digest) ?? known.released(digest) ?? false,
  };
}

/** The cache went on while the question was under way: what has the larger version is the newer one. */
function newer(cached: Entry<Deployment> | undefined, asked: LearntDeployment): Deployment | undefined {
  const { entry } = asked;
  if (entry !== null) return cached !== undefined && cached.version > entry.version ? cached.value : entry.value;
  // It was gone, unless it came, or changed, since.
  return cached !== undefined && cached.version !== asked.cached ? cached.value : undefined;
}

/** Each different state once; those of one HPA in the order given, which is from old to new. */
function statesByName(hpas: readonly Hpa[]): readonly Hpa[] {
  const byName = new Map<string, Hpa[]>();
  for (const hpa of hpas) {
    const states = byName.get(hpa.name);
    if (states === undefined) byName.set(hpa.name, [hpa]);
    else if (!states.some((other) => sameHpa(other, hpa))) states.push(hpa);
  }
  return [...byName.keys()].toSorted().flatMap((name) => byName.get(name) ?? []);
}
