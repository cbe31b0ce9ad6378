import type { GuardRules } from '../../config/index.ts';
import type { Deployment, Hpa, State } from '../objects/state.ts';
import type { TextKey } from '../texts/index.ts';
import type { Need, Reads } from '../world.ts';
import { isDeployment, severityOf, targetOf } from './hpas.ts';
import type { Finding, Policy } from './policy.ts';
import { NOTHING_KNOWN, weightIn } from './weight.ts';

/**
 * A Deployment with one replica that an HPA targets, found from either side: an HPA computes from what is used, so that a
 * single replica that fails or restarts takes the service and the measurement with it.
 */
export const singleReplicaUnderHpa: Policy = {
  name: 'singleReplicaUnderHpa',
  about: ['deployment', 'scale', 'hpa'],
  asked: () => true,
  needs,
  find,
};

type Side = 'deployment' | 'hpa';

function find(state: State, reads: Reads, rules: GuardRules): readonly Finding[] {
  switch (state.kind) {
    case 'deployment':
    case 'scale': {
      const { deployment } = state;
      if (deployment.replicas > 1 || deployment.name === '') return [];
      return reads.hpasOn(targetOf(deployment)).flatMap((hpa) => findPair({ deployment, hpa }, 'deployment', rules));
    }
    case 'hpa': {
      const { hpa } = state;
      if (!isDeployment(hpa.target)) return [];
      return reads
        .deployment(hpa.target.namespace, hpa.target.name)
        .flatMap((deployment) => findPair({ deployment, hpa }, 'hpa', rules));
    }
    default:
      return [];
  }
}

interface Pair {
  readonly deployment: Deployment;
  readonly hpa: Hpa;
}

function findPair({ deployment, hpa }: Pair, side: Side, rules: GuardRules): readonly Finding[] {
  const severity = severityOf(hpa, rules);
  if (severity === null || deployment.replicas > 1) return [];
  const pair = {
    key: `Deployment/${deployment.name} under HorizontalPodAutoscaler/${hpa.name}`,
    // Raising minReplicas mends, lowering does not; from the Deployment's side there are no degrees.
    degree: side === 'hpa' ? -hpa.minReplicas : 0,
    values: { deployment: deployment.name, hpa: hpa.name, min: hpa.minReplicas },
  };
  if (deployment.replicas === 0) return [{ ...pair, severity: 'notice', text: 'pausedUnderHpa' }];
  const heals = rules.mode === 'effective' && hpa.minReplicas >= 2;
  if (heals) return [{ ...pair, severity: 'notice', text: 'healedByHpa' }];
  return [{ ...pair, severity, text: textOf(side, hpa) }];
}

function textOf(side: Side, hpa: Hpa): TextKey {
  if (side === 'hpa') return hpa.minReplicas < 2 ? 'hpaLow' : 'hpaHigh';
  return hpa.minReplicas < 2 ? 'deploymentLow' : 'deploymentHigh';
}

function needs(change: Parameters<Policy['needs']>[0], rules: GuardRules): readonly Need[] {
  const { after } = change;
  const weight = weightIn(worstWorld(after), change, find, rules);
  if (weight === null) return [];
  switch (after.kind) {
    case 'deployment':
    case 'scale':
      return [{ weight, kind: 'hpasOn', target: targetOf(after.deployment) }];
    case 'hpa':
      return [{ weight, kind: 'deployment', namespace: after.hpa.target.namespace, name: after.hpa.target.name }];
    default:
      return [];
  }
}

/** On a Deployment there is an HPA that may go to one; under an HPA there is a Deployment with one replica. */
function worstWorld(state: State): Reads {
  switch (state.kind) {
    case 'deployment':
    case 'scale':
      return { ...NOTHING_KNOWN, hpasOn: (target) => [hpaWithOne(target)] };
    case 'hpa':
      return { ...NOTHING_KNOWN, deployment: (namespace, name) => [deploymentWithOne(namespace, name)] };
    default:
      return NOTHING_KNOWN;
  }
}

function hpaWithOne(target: Hpa['target']): Hpa {
  return { namespace: target.namespace, name: '', uid: null, target, minReplicas: 1, keda: false, bypass: null };
}

function deploymentWithOne(namespace: string, name: string): Deployment {
  return { namespace, name, uid: null, replicas: 1, bypass: null, podLabels: {} };
}
