import type { Violation } from './policies/policy.ts';
import type { Uncertainty } from './world.ts';

/** Why a request was let through without asking a policy. Counted, and told in the log. */
export type BypassReason = 'namespace' | 'annotation' | 'exempt_scaler';

/** Why there was nothing to decide. `owned`: a controller made it from an object that is judged itself. */
export type SkipReason = 'operation' | 'deleting' | 'unknown_kind' | 'generated_name' | 'subresource' | 'owned';

/** The answer to one review, before it is written in the version that was asked. */
export type Decision =
  | {
      readonly kind: 'allowed';
      /** In the configured language, one line each, for `kubectl`. */
      readonly warnings: readonly string[];
      /** Violations that were there before. */
      readonly existing: readonly Violation[];
      /** Violations that policies in mode `warn` let pass. */
      readonly warned: readonly Violation[];
      /** What is worth a word and would never be denied. */
      readonly notices: readonly Violation[];
      readonly skipped: SkipReason | null;
      readonly bypassed: BypassReason | null;
      /** Allowed although something that decides is not known (`onUncertain: allow`). */
      readonly uncertain: Uncertainty | null;
    }
  | {
      readonly kind: 'denied';
      readonly violations: readonly Violation[];
      /** All violations with their fixes, in the configured language. */
      readonly message: string;
      readonly warnings: readonly string[];
    }
  /** The object can't be read: 422 with every fault. */
  | {
      readonly kind: 'invalid';
      readonly faults: readonly { readonly path: string; readonly message: string }[];
      readonly message: string;
    }
  /** 503: something that decides is not known (`onUncertain: deny`). */
  | {
      readonly kind: 'uncertain';
      readonly uncertainty: Uncertainty;
      readonly message: string;
      readonly retryAfterSeconds: number;
    };
