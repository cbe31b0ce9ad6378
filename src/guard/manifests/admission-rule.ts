import type { Cel } from './cel.ts';

/** One ValidatingAdmissionPolicy with its binding, before it is written down. */
export interface AdmissionRule {
  readonly name: string;
  readonly action: 'Deny' | 'Warn';
  /** Kind of the objects that come as `params`, one at a time. `null`: the object is judged alone. */
  readonly parameter: { readonly apiVersion: string; readonly kind: string } | null;
  readonly resource: {
    readonly apiGroups: readonly string[];
    readonly apiVersions: readonly string[];
    readonly resources: readonly string[];
  };
  /** What has to hold so that it is looked at all; without `params`. */
  readonly conditions: readonly { readonly name: string; readonly expression: Cel }[];
  /** Read as `variables.name` in what follows, each when it is first needed. */
  readonly variables: Readonly<Record<string, Cel>>;
  /** `expression` is true when all is well. */
  readonly validations: readonly Validation[];
}

export interface Validation {
  readonly expression: Cel;
  readonly message: Cel;
}
