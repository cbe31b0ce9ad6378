import type { Change, Deployment, Hpa, TargetRef } from './objects/state.ts';

/** Why something could not be learnt. `forbidden` names the permission that lacks; `internal` is a defect. */
export interface Uncertainty {
  readonly reason: 'forbidden' | 'timeout' | 'unreachable' | 'server_error' | 'not_synced' | 'ledger' | 'internal';
  /** For logs: what was asked, the status, the missing verb and resource. Never shown to users. */
  readonly detail: string;
}

export type Need = { readonly weight: 'decides' | 'informs' } & (
  | { readonly kind: 'hpasOn'; readonly target: TargetRef }
  | { readonly kind: 'deployment'; readonly namespace: string; readonly name: string }
  /** Deployments of a namespace, with the labels of their pods. */
  | { readonly kind: 'deploymentsIn'; readonly namespace: string }
  /** Whether an image came through a release of Funade; `digest` is `sha256:…`. */
  | { readonly kind: 'released'; readonly image: string; readonly digest: string }
);

/** What is known of the cluster now. Reading never waits and never fails: what was not learnt reads as absent. */
export interface Reads {
  /** By name. */
  hpasOn(target: TargetRef): readonly Hpa[];
  /** The states in which a Deployment may be: none, one, or two while a change of it is in flight. */
  deployment(namespace: string, name: string): readonly Deployment[];
  deploymentsIn(namespace: string): readonly Deployment[];
  released(digest: string): boolean;
}

export interface Prepared {
  readonly reads: Reads;
  /** Needs that could not be learnt before the deadline. */
  readonly unknown: readonly { readonly need: Need; readonly uncertainty: Uncertainty }[];
}

/**
 * The cluster as rules see it: the watch cache, changes that were allowed a moment ago, and single reads of what the cache
 * does not have. In steady state no call goes to the API server.
 */
export interface World {
  /**
   * Learns what is needed. Answers at once, without a promise, when everything is at hand: between that answer and
   * `reserve` nothing else may run, so that two requests can't both find the other one absent.
   */
  prepare(needs: readonly Need[], deadline: AbortSignal): Prepared | Promise<Prepared>;
  /** An allowed change counts from now on, until the watch shows it or its time is over. */
  reserve(change: Change): void;
}
