import type { Deployment, Hpa, State, TargetRef } from '../objects/state.ts';
import type { Reads, World } from '../world.ts';

/** A cluster that is made of what files hold, and changes as requests are allowed. */
export interface Scene extends World {
  readonly reads: Reads;
  /** An object in this state; the one of the same name goes. */
  put(state: State): void;
  remove(kind: State['kind'], namespace: string, name: string): void;
}

/** Nothing is unknown in it: what was not put in does not exist. Which images were released it does not know. */
export function createScene(): Scene {
  const deployments = new Map<string, Map<string, Deployment>>();
  const hpas = new Map<string, Hpa>();
  const byTarget = new Map<string, Map<string, Hpa>>();

  const reads: Reads = {
    hpasOn: (target) => [...(byTarget.get(targetKey(target))?.values() ?? [])].sort(byName),
    deployment: (namespace, name) => listOf(deployments.get(namespace)?.get(name)),
    deploymentsIn: (namespace) => [...(deployments.get(namespace)?.values() ?? [])],
    released: () => true,
  };

  function put(state: State): void {
    switch (state.kind) {
      case 'deployment':
        return putDeployment(state.deployment);
      case 'scale': {
        // A Scale tells only a number: the rest stays as it was.
        const { namespace, name, replicas } = state.deployment;
        const known = deployments.get(namespace)?.get(name);
        return putDeployment(known === undefined ? state.deployment : { ...known, replicas });
      }
      case 'hpa':
        removeHpa(state.hpa);
        hpas.set(keyOf(state.hpa.namespace, state.hpa.name), state.hpa);
        inner(byTarget, targetKey(state.hpa.target)).set(state.hpa.name, state.hpa);
        return undefined;
      case 'workload':
      case 'budget':
        return undefined; // no policy asks for others of these
    }
  }

  function remove(kind: State['kind'], namespace: string, name: string): void {
    if (kind === 'deployment') deployments.get(namespace)?.delete(name);
    if (kind === 'hpa') removeHpa({ namespace, name });
  }

  function putDeployment(deployment: Deployment): void {
    inner(deployments, deployment.namespace).set(deployment.name, deployment);
  }

  /** It may have had another target before. */
  function removeHpa({ namespace, name }: Pick<Hpa, 'namespace' | 'name'>): void {
    const known = hpas.get(keyOf(namespace, name));
    if (known === undefined) return;
    byTarget.get(targetKey(known.target))?.delete(name);
    hpas.delete(keyOf(namespace, name));
  }

  return {
    reads,
    put,
    remove,
    prepare: () => ({ reads, unknown: [] }),
    reserve: ({ after }) => put(after),
  };
}

function inner<T>(outer: Map<string, Map<string, T>>, key: string): Map<string, T> {
  const found = outer.get(key) ?? new Map<string, T>();
  outer.set(key, found);
  return found;
}

function listOf<T>(value: T | undefined): readonly T[] {
  return value === undefined ? [] : [value];
}

function byName(one: Hpa, other: Hpa): number {
  return one.name < other.name ? -1 : 1;
}

function targetKey({ namespace, group, kind, name }: TargetRef): string {
  return keyOf(namespace, group, kind, name);
}

/** A NUL stands in no name. */
function keyOf(...parts: readonly string[]): string {
  return parts.join('\u0000');
}
