import type { GuardConfig } from '../../config/index.ts';
import type { Clock, Logger } from '../../kernel/index.ts';
import type { Deployment, Hpa, TargetRef } from '../objects/state.ts';
import type { ComponentHealth, HealthSource, Ledger } from '../port.ts';
import type { Reads, World } from '../world.ts';
import type { ApiClient } from './api-client.ts';
import { createCache } from './cache.ts';
import { createInFlight } from './in-flight.ts';
import { createLearning } from './learning.ts';
import { type Known, createLiveReads } from './live-reads.ts';
import { projectDeployment, projectHpa } from './projections.ts';
import { createReadThrough } from './read-through.ts';
import { type Reflector, createReflector } from './reflector.ts';
import { createReleased } from './released.ts';
import { deploymentsResource, hpasResource } from './resources.ts';
import type { Random } from './retry.ts';
import { deploymentTarget, sameDeployment, sameHpa, targetKey } from './sameness.ts';
import { createTargetIndex } from './target-index.ts';

export type ChangeListener = (namespace: string, target: TargetRef) => void;

/** The world as two watches show it, with what is in flight, and single reads of what they do not have. */
export interface WatchedWorld extends World, HealthSource {
  start(): void;
  stop(): Promise<void>;
  /** Both lists were there once; it stays so. */
  synced(): boolean;
  /** Seconds since the API server last said something, of the watch that heard less; `null`: never yet. */
  ageSeconds(): number | null;
  deployments(): Iterable<Deployment>;
  hpas(): Iterable<Hpa>;
  /** A Deployment, or an HPA on it, is seen in another state. Returns how to stop. */
  onChange(listener: ChangeListener): () => void;
  /** What the cache and changes in flight say at the time of reading. */
  reads(): Reads;
  /** What the watches show: stored for sure, unlike what is in flight. */
  shown(): Reads;
}

export interface WatchedWorldOptions {
  readonly api: Pick<ApiClient, 'get' | 'list' | 'watch'>;
  readonly config: Pick<GuardConfig, 'cluster' | 'rules'>;
  readonly ledger: Ledger | null;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random?: Random;
}

export function createWatchedWorld(options: WatchedWorldOptions): WatchedWorld {
  const { api, config, ledger, clock, logger, random = Math.random } = options;
  const { inFlightMs, pageSize, silenceMs } = config.cluster;
  const withLabels = config.rules.policies.disruptionBudgetNeverSatisfied !== 'off';
  const inFlight = createInFlight({ inFlightMs, clock, withLabels });
  const nothingInFlight = createInFlight({ inFlightMs, clock, withLabels });
  const index = createTargetIndex();
  const listeners = new Set<ChangeListener>();

  const deployments = createCache<Deployment>({
    same: (one, other) => one.uid === other.uid && sameDeployment(one, other),
    seen: inFlight.deployments.landed,
    changed: (before, after) => {
      if (before !== null && before.uid !== after?.uid) inFlight.deployments.gone(before);
      const deployment = after ?? before;
      if (deployment !== null) tell(deploymentTarget(deployment));
    },
  });
  const hpas = createCache<Hpa>({
    same: (one, other) => one.uid === other.uid && sameHpa(one, other),
    seen: inFlight.hpas.landed,
    changed: (before, after) => {
      index.update(before, after);
      if (before !== null && before.uid !== after?.uid) inFlight.hpas.gone(before);
      if (before !== null) tell(before.target);
      if (after !== null && (before === null || targetKey(before.target) !== targetKey(after.target)))
        tell(after.target);
    },
  });

  function tell(target: TargetRef): void {
    for (const listener of listeners) listener(target.namespace, target);
  }

  const released = ledger === null ? null : createReleased(ledger, clock);
  const known: Known = { deployments, index, inFlight, released: (digest) => released?.known(digest) ?? null };
  const sources = {
    deployments: { resource: deploymentsResource(), project: projectDeployment(withLabels) },
    hpas: { resource: hpasResource(), project: projectHpa() },
  };
  const shared = { api, pageSize, silenceMs, clock, logger, random };
  const watches: { readonly deployments: Reflector; readonly hpas: Reflector } = {
    deployments: createReflector({ ...shared, ...sources.deployments, cache: deployments }),
    hpas: createReflector({ ...shared, ...sources.hpas, cache: hpas }),
  };
  const both = [watches.deployments, watches.hpas];
  const reads = createReadThrough({ api, ...sources, pageSize, random });
  const synced = { deployments: watches.deployments.synced, hpas: watches.hpas.synced };
  const learning = createLearning({ known, reads, released, synced });
  const live = createLiveReads(known, null);
  const shown = createLiveReads({ ...known, inFlight: nothingInFlight }, null);

  function ageSeconds(): number | null {
    const heard = both.map((watch) => watch.heardAt()).filter((at) => at !== null);
    return heard.length < both.length ? null : Math.max(0, (clock.now() - Math.min(...heard)) / 1000);
  }

  function health(): ComponentHealth {
    const age = ageSeconds();
    const troubles = both.map((watch) => watch.trouble()).filter((trouble) => trouble !== null);
    const isSynced = both.every((watch) => watch.synced());
    return {
      name: 'cluster',
      // Two silences and the list after them fit into that: older is trouble, although decisions go on.
      ok: isSynced && age !== null && age * 1000 <= 3 * silenceMs,
      detail: {
        synced: isSynced,
        ageSeconds: age === null ? null : Math.round(age),
        reachable: troubles.length === 0 && age !== null,
        trouble: troubles[0] ?? null,
        deployments: deployments.size(),
        deploymentsWatch: watches.deployments.state(),
        horizontalpodautoscalers: hpas.size(),
        horizontalpodautoscalersWatch: watches.hpas.state(),
        inFlight: inFlight.deployments.size() + inFlight.hpas.size(),
        unreadableObjects: both.reduce((sum, watch) => sum + watch.skipped(), 0),
      },
    };
  }

  return {
    prepare: learning.prepare,
    reserve: inFlight.reserve,
    start: () => both.forEach((watch) => watch.start()),
    stop: async () => {
      await Promise.all(both.map((watch) => watch.stop()));
    },
    synced: () => both.every((watch) => watch.synced()),
    ageSeconds,
    health,
    deployments: deployments.all,
    hpas: hpas.all,
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    reads: () => live,
    shown: () => shown,
  };
}
