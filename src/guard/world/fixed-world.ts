import type { Deployment, Hpa, TargetRef } from '../objects/state.ts';
import type { Prepared, Reads, World } from '../world.ts';

export interface FixedWorldOptions {
  readonly deployments: Iterable<Deployment>;
  readonly hpas: Iterable<Hpa>;
  /** Digests of released images; without them it is not known which were, and no image is held for one that was not. */
  readonly released?: ReadonlySet<string>;
}

export interface FixedWorld extends World {
  readonly reads: Reads;
}

/** A cluster that is known whole and stays as it is: what was allowed changes nothing in it. */
export function fixedWorld({ deployments, hpas, released }: FixedWorldOptions): FixedWorld {
  const all = [...deployments];
  const byNamespace = Map.groupBy(all, (deployment) => deployment.namespace);
  const byName = Map.groupBy(all, (deployment) => keyOf(deployment.namespace, deployment.name));
  const byTarget = Map.groupBy(hpas, (hpa) => targetKey(hpa.target));
  for (const found of byTarget.values()) found.sort((one, other) => compare(one.name, other.name));

  const reads: Reads = {
    hpasOn: (target) => byTarget.get(targetKey(target)) ?? [],
    deployment: (namespace, name) => byName.get(keyOf(namespace, name)) ?? [],
    deploymentsIn: (namespace) => byNamespace.get(namespace) ?? [],
    released: (digest) => released?.has(digest) ?? true,
  };
  return {
    reads,
    prepare(needs): Prepared {
      const unlearnt = released === undefined ? needs.filter((need) => need.kind === 'released') : [];
      const uncertainty = { reason: 'ledger', detail: 'no list of released images was given' } as const;
      return { reads, unknown: unlearnt.map((need) => ({ need, uncertainty })) };
    },
    reserve() {},
  };
}

function targetKey({ namespace, group, kind, name }: TargetRef): string {
  return keyOf(namespace, group, kind, name);
}

/** A NUL stands in no name. */
function keyOf(...parts: readonly string[]): string {
  return parts.join('\u0000');
}

function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
