import type { GuardRules, PolicyName } from '../../config/index.ts';
import type { MessageValues } from '../../kernel/index.ts';
import type { Change, State } from '../objects/state.ts';
import type { Need, Reads } from '../world.ts';
import type { TextKey } from '../texts/index.ts';

/**
 * One breach of a policy in a state of an object. The ratchet compares the findings of a state with those of the state
 * before: the same `key` is an existing violation, and one whose `degree` became smaller is being mended.
 */
export interface Finding {
  /** Identity of the breach, equal in both states when it is the same: `Deployment/web under HorizontalPodAutoscaler/web`. */
  readonly key: string;
  /** How bad it is; only compared with itself. 0 where there are no degrees. */
  readonly degree: number;
  /** A notice never denies, whatever the mode of the policy. */
  readonly severity: 'violation' | 'notice';
  /** Text of the message, with how to mend it. */
  readonly text: TextKey;
  readonly values: MessageValues;
}

export interface Policy {
  readonly name: PolicyName;
  /** States that it judges; about others it finds nothing. */
  readonly about: readonly State['kind'][];
  /** Whether it is asked at all under these rules. */
  asked(rules: GuardRules): boolean;
  /**
   * What has to be known of the cluster. `decides`: without it there is no decision; only for changes that could introduce
   * a violation. `informs`: without it only a warning is lost.
   */
  needs(change: Change, rules: GuardRules): readonly Need[];
  /** The breaches of a state. Pure; everything of the cluster is read through `reads`. */
  find(state: State, reads: Reads, rules: GuardRules): readonly Finding[];
}

/** A finding with the policy that made it. */
export interface Violation extends Finding {
  readonly policy: PolicyName;
}
