import type { PolicyName } from '../../config/index.ts';
import { disruptionBudgetNeverSatisfied } from './disruption-budget-never-satisfied.ts';
import { duplicateHpa } from './duplicate-hpa.ts';
import { hpaAllowsSingleReplica } from './hpa-allows-single-replica.ts';
import { imageNotReleased } from './image-not-released.ts';
import { imageWithoutDigest } from './image-without-digest.ts';
import type { Policy } from './policy.ts';
import { privilegedContainer } from './privileged-container.ts';
import { readinessProbeMissing } from './readiness-probe-missing.ts';
import { resourcesMissing } from './resources-missing.ts';
import { rootContainer } from './root-container.ts';
import { singleReplicaUnderHpa } from './single-replica-under-hpa.ts';

/** All policies, in the order in which they are asked and their violations are told. */
export const policies: ReadonlyMap<PolicyName, Policy> = new Map(
  [
    singleReplicaUnderHpa,
    hpaAllowsSingleReplica,
    duplicateHpa,
    imageWithoutDigest,
    imageNotReleased,
    resourcesMissing,
    privilegedContainer,
    rootContainer,
    readinessProbeMissing,
    disruptionBudgetNeverSatisfied,
  ].map((policy) => [policy.name, policy]),
);
