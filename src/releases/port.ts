import type { EnvironmentConfig, FunctionConfig } from '../config/index.ts';
import type { SecretPins, Trx } from '../store/index.ts';

/** What the pipeline needs of rollouts; filled by the rollouts room. */
export interface Delivery {
  check(request: { readonly app: string; readonly environment: string; readonly releaseId: string }): Promise<void>;
  /** Puts the release in the environment's line, once per run and environment; answers the rollout's id. */
  deploy(trx: Trx, request: DeliveryRequest, release: ReleaseForDelivery): Promise<string>;
  status(rolloutId: string): Promise<DeliveryStatus>;
  /** Nothing happens when it has ended or is being taken back already. */
  abort(rolloutId: string, reason: string): Promise<void>;
  /**
   * Takes `releaseId` out of an environment by putting the previous release back; answers the rollout's id. Null when another
   * release is live there by now, or when there is nothing to go back to. Asked twice, it acts once.
   */
  rollback(
    place: { readonly app: string; readonly environment: string; readonly releaseId: string },
    reason: string,
  ): Promise<string | null>;
  /** Why automation may not bring this release there now; null when it may. */
  heldBecause(
    request: Omit<DeliveryRequest, 'runId'>,
  ): Promise<{ readonly cause: string; readonly since: number } | null>;
}

export interface DeliveryRequest {
  readonly app: string;
  readonly environment: string;
  readonly releaseId: string;
  readonly runId: string;
  readonly initiator: {
    readonly kind: 'automation' | 'person';
    readonly user: string;
    readonly approvedBy: readonly string[];
  };
}

export interface DeliveryStatus {
  readonly phase: string;
  readonly ended: boolean;
  readonly succeeded: boolean;
  readonly reason: string;
  readonly evidence: readonly string[];
  readonly wait: StageWait | null;
  /** When the environment was given to it, epoch milliseconds; null while it waits in line. */
  readonly startedAt: number | null;
}

/** What a release is to rollouts; the same shape as their catalogue gives. */
export interface ReleaseForDelivery {
  readonly release: {
    readonly id: string;
    readonly digest: string;
    readonly artifact: string;
    readonly functions: Readonly<Record<string, FunctionConfig>>;
    readonly variables: Readonly<Record<string, string>>;
    readonly secrets: SecretPins;
  };
  readonly number: number;
  readonly commit: string;
  readonly config: EnvironmentConfig;
}

/** Asks an application in an environment over HTTP, as its users do. */
export interface Probe {
  url(app: string, environment: string): string;
  get(url: string, signal: AbortSignal): Promise<{ readonly status: number; readonly body: string }>;
}

/** Whether a user is (still) somebody: asked when an approval is given and again when it is used. */
export interface Members {
  roleOf(user: string): Promise<string | null>;
  atLeast(role: string, needed: string): boolean;
}

/** A wait names its cause, since when, when it gives up, what ends it and what to type. Times in epoch milliseconds. */
export interface StageWait {
  readonly cause: string;
  readonly since: number;
  readonly until: number | null;
  readonly endedBy: string;
  /** Nothing but a person ends it. */
  readonly needsPerson?: boolean | undefined;
  readonly next: readonly { readonly command: string; readonly why?: string | undefined }[];
}

export interface StageFailure {
  readonly code: string;
  readonly message: string;
  readonly fix: string;
  readonly retryable: boolean;
  readonly evidence: readonly string[];
}
