import type { EnvironmentConfig, FunctionConfig } from '../config/index.ts';
import type { SecretPins, Trx } from '../store/index.ts';

/** What a target needs to know of a release. `id` names the version everywhere: same content, same id. */
export interface TargetRelease {
  readonly id: string;
  /** `sha256:…` of the artifact. */
  readonly digest: string;
  /** Directory with the artifact's files; immutable. */
  readonly artifact: string;
  readonly functions: Readonly<Record<string, FunctionConfig>>;
  /** Variables of the environment, already merged under each function's own. */
  readonly variables: Readonly<Record<string, string>>;
  /** Versions of the secrets that variables refer to as `${NAME}`. */
  readonly secrets: SecretPins;
}

export interface TargetContext {
  readonly app: string;
  readonly environment: string;
  readonly rolloutId: string;
  /** Rises with every claim of the environment; a target refuses a lower one than it has seen (`FUN_FENCED`). */
  readonly fence: number;
  /** Idempotency key of this effect: the same key twice acts once. */
  readonly key: string;
  readonly candidate: TargetRelease;
  readonly stable: TargetRelease | null;
  readonly sticky: { readonly header: string } | { readonly cookie: string } | null;
  readonly signal: AbortSignal;
}

export interface Candidate {
  readonly version: string;
  /** Address where the candidate answers without taking traffic, when the target has previews. */
  readonly preview: string | null;
}

export interface VersionState {
  /** Release id. */
  readonly version: string;
  readonly digest: string;
  /** Percent of the traffic, 0–100, as the router really has it. */
  readonly weight: number;
  readonly ready: boolean;
  /** Why it can't become ready by itself (an import that throws, a handler that is missing); null otherwise. */
  readonly failure: string | null;
  /** Instances that are up, for screens. */
  readonly instances: number;
}

/** The target as it is, not as it was asked to be. Empty when nothing was ever deployed there. */
export interface TargetState {
  readonly versions: readonly VersionState[];
}

export interface TargetCapabilities {
  readonly weights: 'any' | 'two-phase' | 'none';
  readonly preview: boolean;
  readonly warm: boolean;
  readonly sticky: boolean;
}

/** A place that runs releases. Every verb is idempotent and fenced; `observe` has no side effects. */
export interface Target {
  readonly id: string;
  readonly capabilities: TargetCapabilities;
  /** Faults of a release that this target could not run (for example a handler that the artifact lacks). */
  check(release: TargetRelease): Promise<readonly string[]>;
  /** Brings the candidate up beside the live version with 0 % of the traffic; returns when asked for, not when ready. */
  prepare(context: TargetContext): Promise<Candidate>;
  /** Gives the candidate `weight` percent and the stable version the rest; 100 makes it the only one. */
  shift(context: TargetContext, weight: number): Promise<void>;
  observe(environment: { readonly app: string; readonly environment: string }): Promise<TargetState>;
  /** Ends a version that takes no traffic; requests in flight finish first. */
  retire(context: TargetContext, version: string): Promise<void>;
}

/** Counters of one version in one interval. */
export interface IntervalCounts {
  /** Epoch milliseconds; the interval is [start, end). */
  readonly start: number;
  readonly end: number;
  readonly requests: number;
  readonly errors: number;
  /** Requests per latency bucket; the bounds are `LATENCY_BOUNDS`, the last bucket is open. */
  readonly latency: readonly number[];
}

/** Upper bounds of the latency buckets in milliseconds; one more bucket counts everything above. */
export const LATENCY_BOUNDS = [
  1, 2, 3, 5, 7.5, 10, 15, 20, 30, 50, 75, 100, 150, 200, 300, 500, 750, 1000, 1500, 2000, 3000, 5000, 10_000, 30_000,
] as const;

export interface MetricsQuery {
  readonly app: string;
  readonly environment: string;
  readonly metric: string;
  readonly candidate: string;
  readonly stable: string | null;
  /** Epoch milliseconds. Only intervals that lie wholly inside are returned. */
  readonly since: number;
  readonly until: number;
}

/** What a provider found; trouble is a reading of its own and never an exception that looks like data. */
export type Reading =
  | {
      readonly kind: 'counts';
      readonly candidate: readonly IntervalCounts[];
      readonly stable: readonly IntervalCounts[];
    }
  | { readonly kind: 'samples'; readonly candidate: readonly Sample[]; readonly stable: readonly Sample[] }
  | { readonly kind: 'no_data'; readonly reason: string }
  | { readonly kind: 'provider_error'; readonly reason: string };

export interface Sample {
  readonly at: number;
  readonly value: number;
}

export interface MetricsProvider {
  readonly id: string;
  /** Names of the metrics it can read; anything else is a fault at lint time. */
  readonly metrics: readonly string[];
  read(query: MetricsQuery): Promise<Reading>;
}

/** What the releases room tells about a release; rollouts never look inside its tables. */
export interface ReleaseCatalog {
  /** Throws `FUN_NOT_FOUND` for an unknown id. */
  get(releaseId: string, environment: string): Promise<CatalogRelease>;
  /** Whether `a` is an ancestor of `b` in the application's history (and not the same commit). */
  isOlder(a: string, b: string): Promise<boolean>;
  /** Whether the release could be put back right now: artifact present and intact, configuration readable. */
  preflight(
    releaseId: string,
    environment: string,
  ): Promise<{ readonly ready: boolean; readonly reason: string | null }>;
}

export interface CatalogRelease {
  readonly release: TargetRelease;
  /** Shown as `v12`. */
  readonly number: number;
  readonly commit: string;
  readonly config: EnvironmentConfig;
}

/** Told, in the transaction that ends a rollout, so that whoever waits for it goes on. */
export interface RolloutListener {
  ended(
    trx: Trx,
    rollout: { readonly id: string; readonly runId: string | null; readonly phase: string },
  ): Promise<void>;
}
