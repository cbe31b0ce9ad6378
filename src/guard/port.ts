import type { Decision } from './decision.ts';
import type { Review } from './review/review.ts';

/** Decides about one review. Never throws for what a review says; an exception is a defect of the guard. */
export interface Decider {
  decide(review: Review, deadline: AbortSignal): Decision | Promise<Decision>;
}

/** Asks the control plane whether an artifact with this digest was released. Throws when it can't be learnt. */
export interface Ledger {
  isReleased(digest: string, signal: AbortSignal): Promise<boolean>;
}

/** One component as `/healthz` tells it. */
export interface ComponentHealth {
  readonly name: string;
  readonly ok: boolean;
  /** Names, times and numbers; no secrets, no upstream texts. */
  readonly detail: Readonly<Record<string, string | number | boolean | null | readonly string[]>>;
}

/** Something that `/healthz` asks. */
export interface HealthSource {
  health(): ComponentHealth;
}

/** What the server counts beside requests; each call is cheap. */
export interface GuardMetrics {
  decided(
    of: { readonly operation: string; readonly kind: string; readonly decision: DecisionLabel },
    seconds: number,
  ): void;
  /** An error (not a denial): `code` is one of `GUARD_ERROR_CODES`. */
  failed(code: string): void;
  existing(policy: string): void;
  bypassed(reason: string): void;
  reloaded(outcome: 'loaded' | 'refused'): void;
  /** A call to the API server: `get`, `list`, `watch`, `event`. */
  called(verb: string, outcome: string): void;
  /** Values that are read when somebody scrapes. */
  observe(sources: {
    readonly cacheAgeSeconds?: () => number | null;
    readonly certificateNotAfter?: () => number | null;
    readonly violations?: () => ReadonlyMap<string, number>;
    /** Open connections to the admission server. */
    readonly connections?: () => number;
  }): void;
  /** Prometheus text. */
  text(): Promise<string>;
}

export type DecisionLabel = 'allowed' | 'warned' | 'denied' | 'invalid' | 'uncertain' | 'bypassed' | 'skipped';
