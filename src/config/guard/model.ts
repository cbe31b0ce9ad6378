import type { Language, LogLevel } from '../../kernel/index.ts';
import type { Origin } from '../server/model.ts';

/** What the guard is run for: chooses defaults, and how much its messages tell. */
export const GUARD_PROFILES = ['development', 'staging', 'production'] as const;
export type GuardProfile = (typeof GUARD_PROFILES)[number];

/** `deny`: refuses what introduces the violation. `warn`: allows it and warns. `off`: does not look. */
export const POLICY_MODES = ['deny', 'warn', 'off'] as const;
export type PolicyMode = (typeof POLICY_MODES)[number];

/** Policies in the order in which they are asked; each is named as the fact that violates it. */
export const POLICY_NAMES = [
  'singleReplicaUnderHpa',
  /** Asked in mode `strict` only. */
  'hpaAllowsSingleReplica',
  'duplicateHpa',
  'imageWithoutDigest',
  'imageNotReleased',
  'resourcesMissing',
  'privilegedContainer',
  'rootContainer',
  'readinessProbeMissing',
  'disruptionBudgetNeverSatisfied',
] as const;
export type PolicyName = (typeof POLICY_NAMES)[number];

/**
 * When one replica under an HPA is a violation. `seed`: with any HPA. `strict`: also an HPA that may go below two.
 * `effective`: only when an HPA on it may stay below two, since otherwise the HPA controller raises it within seconds.
 */
export const REPLICA_MODES = ['seed', 'strict', 'effective'] as const;
export type ReplicaMode = (typeof REPLICA_MODES)[number];

export interface GuardRules {
  readonly mode: ReplicaMode;
  /** What happens to a request on something that violated before and still does. */
  readonly existingViolations: 'allow' | 'deny';
  /** How HPAs that KEDA owns count: not at all, as warnings, or like others. */
  readonly keda: 'ignore' | 'warn' | 'deny';
  /** Answer when something that decides could not be learnt in time. */
  readonly onUncertain: 'deny' | 'allow';
  /** Told with a denial of that kind. */
  readonly retryAfterSeconds: number;
  /** Users whose changes of `deployments/scale` are always allowed: the HPA controller and KEDA. */
  readonly exemptScalers: readonly string[];
  readonly policies: Readonly<Record<PolicyName, PolicyMode>>;
}

export interface GuardConfig {
  readonly profile: GuardProfile;
  /** Of messages that people get with `kubectl`. */
  readonly language: Language;
  readonly logLevel: LogLevel;
  readonly rules: GuardRules;
  /** Not looked at, beside `kube-system` and the guard's own. */
  readonly skipNamespaces: readonly string[];
  /** The guard's own namespace; `null`: not in a cluster. */
  readonly namespace: string | null;
  /** Groups whose members may set the annotation `guard.funade.dev/bypass`. */
  readonly bypassGroups: readonly string[];
  readonly server: {
    readonly host: string;
    /** Admission over TLS; 0 lets the system choose. */
    readonly port: number;
    /** Health and metrics, plain; 0 lets the system choose. */
    readonly healthPort: number;
    /** Directory of `tls.crt` and `tls.key`, as a mounted Secret. */
    readonly certificates: string;
    /** Bytes of one request. */
    readonly bodyLimit: number;
    readonly maxConnections: number;
    /** Milliseconds for headers, and for a whole request. */
    readonly headersTimeoutMs: number;
    readonly requestTimeoutMs: number;
    /** Milliseconds that a decision may take; a request may ask for less. */
    readonly deadlineMs: number;
    /** Milliseconds of further service after SIGTERM, until endpoints no longer name this process. */
    readonly endpointDelayMs: number;
    /** Milliseconds from SIGTERM to the end at the latest. */
    readonly graceMs: number;
  };
  readonly cluster: {
    /** Where the API server is; `null`: as a pod learns it, or from the kubeconfig. */
    readonly url: string | null;
    /** `null`: the credentials of the pod. */
    readonly kubeconfig: string | null;
    /** Milliseconds without a word on a watch (bookmarks included) until it counts as dead. */
    readonly silenceMs: number;
    /** Milliseconds that an allowed change counts before the watch shows it. */
    readonly inFlightMs: number;
    /** Objects of one page of a list. */
    readonly pageSize: number;
  };
  readonly audit: { readonly enabled: boolean; readonly intervalMs: number };
  /** Control plane that knows what was released; `null`: none. */
  readonly funade: { readonly url: string | null; readonly token: string | null };
  /** What the manifests of this profile say; `guard doctor` compares the cluster with it. */
  readonly webhook: {
    readonly replicas: number;
    readonly failurePolicy: 'Ignore' | 'Fail';
    readonly timeoutSeconds: number;
  };
  readonly origins: Readonly<Record<string, readonly Origin[]>>;
}
