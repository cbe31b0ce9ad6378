/** An object as JSON brought it: nothing about it is known yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

export const REVIEW_VERSIONS = ['admission.k8s.io/v1', 'admission.k8s.io/v1beta1'] as const;
export type ReviewVersion = (typeof REVIEW_VERSIONS)[number];

export const OPERATIONS = ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'] as const;
export type Operation = (typeof OPERATIONS)[number];

/** A request of the API server for a decision (`AdmissionReview.request`), checked in its outer form. */
export interface Review {
  /** The answer goes back in the same version. */
  readonly apiVersion: ReviewVersion;
  readonly uid: string;
  /** Of the object as it is sent here; with `matchPolicy: Equivalent` not the one that the user wrote. */
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly resource: { readonly group: string; readonly version: string; readonly resource: string };
  /** `scale`; `null`: the object itself. */
  readonly subresource: string | null;
  /** `null`: not in a namespace. The one of the object is not believed. */
  readonly namespace: string | null;
  /** `null`: not chosen yet (`generateName`). */
  readonly name: string | null;
  readonly operation: Operation;
  readonly user: { readonly name: string; readonly groups: readonly string[] };
  readonly object: JsonObject | null;
  readonly oldObject: JsonObject | null;
  readonly dryRun: boolean;
}
