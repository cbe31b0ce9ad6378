import type { JsonObject } from '../review/review.ts';

/** A Deployment, or anything else with a scale, in one namespace. */
export interface TargetRef {
  readonly namespace: string;
  /** API group; `extensions` and the empty one are read as `apps`. */
  readonly group: string;
  readonly kind: string;
  readonly name: string;
}

/** The few fields of a Deployment that rules look at; what the watch cache keeps. */
export interface Deployment {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string | null;
  /** A missing number is 1. 0: paused. */
  readonly replicas: number;
  /** Reason given in `guard.funade.dev/bypass`; `null`: not asked for. */
  readonly bypass: string | null;
  /** Labels of its pods; empty unless a policy that reads them is on. */
  readonly podLabels: Readonly<Record<string, string>>;
}

/** The few fields of a HorizontalPodAutoscaler that rules look at. */
export interface Hpa {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string | null;
  readonly target: TargetRef;
  /** A missing number is 1. */
  readonly minReplicas: number;
  /** Owned by a ScaledObject of KEDA. */
  readonly keda: boolean;
  readonly bypass: string | null;
}

/** Container of a pod template as policies read it; `kind` tells ordinary, init and ephemeral ones apart. */
export interface PodTemplate {
  readonly containers: readonly { readonly kind: 'container' | 'init'; readonly spec: JsonObject }[];
  /** `securityContext` of the pod. */
  readonly securityContext: JsonObject;
}

/** One object in one state, as a policy judges it. */
export type State =
  | { readonly kind: 'deployment'; readonly deployment: Deployment; readonly pod: PodTemplate | null }
  /** `deployments/scale`: only the number of replicas is known. */
  | { readonly kind: 'scale'; readonly deployment: Deployment }
  | { readonly kind: 'hpa'; readonly hpa: Hpa }
  /** Other owners of pods: StatefulSet, DaemonSet, ReplicaSet, Job, CronJob, Pod. */
  | {
      readonly kind: 'workload';
      readonly object: { readonly kind: string; readonly namespace: string; readonly name: string };
      readonly pod: PodTemplate;
    }
  | { readonly kind: 'budget'; readonly budget: DisruptionBudget };

export interface DisruptionBudget {
  readonly namespace: string;
  readonly name: string;
  /** As written: a number of pods, or a percentage with `%`. */
  readonly minAvailable: number | string | null;
  readonly maxUnavailable: number | string | null;
  /** `spec.selector`; `null`: none is given. */
  readonly selector: JsonObject | null;
}

/** What a request does to one object. `before` is `null` for a new one. */
export interface Change {
  readonly before: State | null;
  readonly after: State;
}
