import type { Deployment, Hpa } from '../objects/state.ts';
import type { ApiClient } from './api-client.ts';
import type { Entry } from './cache.ts';
import { listPages } from './pages.ts';
import type { Project } from './projections.ts';
import type { Resource } from './resources.ts';
import { type Random, retrying } from './retry.ts';
import { createSharedCalls } from './shared-calls.ts';
import { ApiTrouble, isApiTrouble } from './trouble.ts';

/** Reads of what the cache does not have. Tried again until `signal` ends it, except where that can't help. Throws `ApiTrouble`. */
export interface ReadThrough {
  /** `null`: there is none (404, and nothing else). */
  deployment(namespace: string, name: string, signal: AbortSignal): Promise<Entry<Deployment> | null>;
  deploymentsIn(namespace: string, signal: AbortSignal): Promise<readonly Entry<Deployment>[]>;
  hpasIn(namespace: string, signal: AbortSignal): Promise<readonly Entry<Hpa>[]>;
}

export interface ReadThroughOptions {
  readonly api: Pick<ApiClient, 'get' | 'list'>;
  readonly deployments: { readonly resource: Resource; readonly project: Project<Deployment> };
  readonly hpas: { readonly resource: Resource; readonly project: Project<Hpa> };
  readonly pageSize: number;
  readonly random: Random;
}

/** Of one try: a connection that hangs is given up while there is time for another. Less than an allowed change counts. */
const TRY_MS = 1500;
/** Of one page of a namespace. */
const PAGE_MS = 3000;

export function createReadThrough({ api, deployments, hpas, pageSize, random }: ReadThroughOptions): ReadThrough {
  const shared = createSharedCalls();

  function read<T>(key: string, signal: AbortSignal, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return shared.call(key, signal, (ending, note) => retrying(() => run(ending), { signal: ending, random, note }));
  }

  async function readDeployment(namespace: string, name: string, signal: AbortSignal) {
    const path = deployments.resource.path(namespace, name);
    try {
      const { body } = await api.get(path, { signal, timeoutMs: TRY_MS });
      const entry = deployments.project(body);
      if (entry === null) throw new ApiTrouble('malformed', 'get deployments.apps: the object is unreadable');
      return entry;
    } catch (error) {
      if (isApiTrouble(error, 'not_found')) return null;
      throw error;
    }
  }

  async function readList<T>(
    { resource, project }: { readonly resource: Resource; readonly project: Project<T> },
    namespace: string,
    signal: AbortSignal,
  ): Promise<readonly Entry<T>[]> {
    for (;;) {
      const entries: Entry<T>[] = [];
      const path = resource.path(namespace);
      try {
        await listPages({ api, resource, namespace, pageSize, options: { signal, timeoutMs: PAGE_MS } }, (object) => {
          const entry = object === null ? null : project(object);
          if (entry !== null) entries.push(entry);
        });
        return entries;
      } catch (error) {
        // Another version of the API is tried; a list that the server forgot begins anew.
        const isOther = isApiTrouble(error, 'not_found') && resource.path(namespace) !== path;
        if (!isOther && !isApiTrouble(error, 'gone')) throw error;
        if (signal.aborted) throw error;
      }
    }
  }

  return {
    deployment: (namespace, name, signal) =>
      read(`get deployments.apps in namespace ${namespace}: ${name}`, signal, (ending) =>
        readDeployment(namespace, name, ending),
      ),
    deploymentsIn: (namespace, signal) =>
      read(`list deployments.apps in namespace ${namespace}`, signal, (ending) =>
        readList(deployments, namespace, ending),
      ),
    hpasIn: (namespace, signal) =>
      read(`list horizontalpodautoscalers.autoscaling in namespace ${namespace}`, signal, (ending) =>
        readList(hpas, namespace, ending),
      ),
  };
}
