import type { GuardRules } from '../../config/index.ts';
import { standing } from '../chain.ts';
import type { Deployment, Hpa, State, TargetRef } from '../objects/state.ts';
import type { Violation } from '../policies/policy.ts';
import type { Reads } from '../world.ts';

/** An object that an Event is written on. */
export interface Involved {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string | null;
}

/** A violation that stands in the cluster, on the objects that make it. */
export interface StandingViolation {
  readonly namespace: string;
  readonly violation: Violation;
  readonly involved: readonly Involved[];
}

interface Judged {
  readonly state: State;
  readonly object: Involved;
}

/** What stands on one target: the target itself and each HPA on it, as they are now. */
export function findStanding(target: TargetRef, reads: Reads, rules: GuardRules): readonly StandingViolation[] {
  const found = new Map<string, { readonly violation: Violation; readonly involved: Involved[] }>();
  for (const { state, object } of statesOf(target, reads)) {
    for (const violation of standing(state, reads, rules)) {
      if (violation.severity !== 'violation') continue;
      const key = `${violation.policy} ${violation.key}`;
      const known = found.get(key);
      if (known === undefined) found.set(key, { violation, involved: [object] });
      else if (!known.involved.some((other) => isSame(other, object))) known.involved.push(object);
    }
  }
  return [...found.values()].map((one) => ({ ...one, namespace: target.namespace }));
}

function statesOf(target: TargetRef, reads: Reads): readonly Judged[] {
  const isDeployment = target.kind === 'Deployment' && target.group === 'apps';
  const deployments = isDeployment ? reads.deployment(target.namespace, target.name) : [];
  return [...deployments.map(judgedDeployment), ...reads.hpasOn(target).map(judgedHpa)];
}

function judgedDeployment(deployment: Deployment): Judged {
  const { namespace, name, uid } = deployment;
  return {
    state: { kind: 'deployment', deployment, pod: null },
    object: { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name, uid },
  };
}

function judgedHpa(hpa: Hpa): Judged {
  const { namespace, name, uid } = hpa;
  return {
    state: { kind: 'hpa', hpa },
    object: { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', namespace, name, uid },
  };
}

function isSame(one: Involved, other: Involved): boolean {
  return one.kind === other.kind && one.namespace === other.namespace && one.name === other.name;
}
