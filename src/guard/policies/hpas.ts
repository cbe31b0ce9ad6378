import { assertNever } from '../../kernel/index.ts';
import type { GuardRules } from '../../config/index.ts';
import type { Deployment, Hpa, TargetRef } from '../objects/state.ts';
import type { Finding } from './policy.ts';

/** How a finding about an HPA counts; `null`: HPAs of KEDA do not count. */
export function severityOf(hpa: Hpa, rules: GuardRules): Finding['severity'] | null {
  if (!hpa.keda) return 'violation';
  switch (rules.keda) {
    case 'ignore':
      return null;
    case 'warn':
      return 'notice';
    case 'deny':
      return 'violation';
    default:
      return assertNever(rules.keda);
  }
}

export function targetOf(deployment: Deployment): TargetRef {
  return { namespace: deployment.namespace, group: 'apps', kind: 'Deployment', name: deployment.name };
}

/** A kind `Deployment` of another group is something else. */
export function isDeployment(target: TargetRef): boolean {
  return target.group === 'apps' && target.kind === 'Deployment';
}
