import type { PolicyName } from '../../config/index.ts';
import { assertNever } from '../../kernel/index.ts';
import type { Manifest } from './manifest.ts';
import type { Path } from './read-documents.ts';

/** The line to look at first: of the field that breaks the rule, or of what should hold it. */
export function lineOfFinding(manifest: Manifest, policy: PolicyName): number {
  return manifest.lineOf(pathOf(manifest.kind, policy));
}

function pathOf(kind: string, policy: PolicyName): Path {
  switch (policy) {
    case 'singleReplicaUnderHpa':
      return kind === 'Deployment' ? ['spec', 'replicas'] : ['spec', 'minReplicas'];
    case 'hpaAllowsSingleReplica':
      return ['spec', 'minReplicas'];
    case 'duplicateHpa':
      return ['spec', 'scaleTargetRef'];
    case 'imageWithoutDigest':
    case 'imageNotReleased':
    case 'resourcesMissing':
    case 'privilegedContainer':
    case 'rootContainer':
    case 'readinessProbeMissing':
      return [...podPathOf(kind), 'containers'];
    case 'disruptionBudgetNeverSatisfied':
      return ['spec'];
    default:
      return assertNever(policy);
  }
}

function podPathOf(kind: string): Path {
  if (kind === 'Pod') return ['spec'];
  return kind === 'CronJob' ? ['spec', 'jobTemplate', 'spec', 'template', 'spec'] : ['spec', 'template', 'spec'];
}
