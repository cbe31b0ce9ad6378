import type { GuardRules } from '../../config/index.ts';
import type { Language } from '../../kernel/index.ts';
import type { JsonObject } from '../review/review.ts';
import { deploymentRules, scaleRules } from './deployment-side.ts';
import { autoscalerRules, minimumRules } from './autoscaler-side.ts';
import type { AdmissionRule } from './admission-rule.ts';

export interface AdmissionPolicyOptions extends Pick<
  GuardRules,
  'mode' | 'keda' | 'existingViolations' | 'exemptScalers'
> {
  /** Not looked at, beside `kube-system`. */
  readonly skipNamespaces: readonly string[];
  /** Of messages that people get with `kubectl`. */
  readonly language: Language;
}

const LABELS = { 'app.kubernetes.io/name': 'funade-guard-policies', 'app.kubernetes.io/part-of': 'funade' } as const;

/**
 * The rules about replicas as objects for an API server from 1.30 on, each policy followed by its binding. No process of the
 * guard is asked. The other side of a pair comes as parameters: an object is judged once with each autoscaler (or each
 * Deployment) of its namespace, as the API server's own watch shows it.
 */
export function validatingAdmissionPolicy(options: AdmissionPolicyOptions): readonly JsonObject[] {
  const rules = [
    ...deploymentRules(options),
    ...scaleRules(options),
    ...autoscalerRules(options),
    ...minimumRules(options),
  ];
  return rules.flatMap((rule) => [policyOf(rule, options), bindingOf(rule)]);
}

function policyOf(rule: AdmissionRule, { skipNamespaces }: AdmissionPolicyOptions): JsonObject {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name: rule.name, labels: LABELS },
    spec: {
      // Also what happens when an expression can't be evaluated. A warning that can't be made must not stop a change.
      failurePolicy: rule.action === 'Deny' ? 'Fail' : 'Ignore',
      ...(rule.parameter === null ? {} : { paramKind: rule.parameter }),
      matchConstraints: {
        matchPolicy: 'Equivalent',
        namespaceSelector: {
          matchExpressions: [
            {
              key: 'kubernetes.io/metadata.name',
              operator: 'NotIn',
              values: [...new Set(['kube-system', ...skipNamespaces])],
            },
          ],
        },
        resourceRules: [{ ...rule.resource, operations: ['CREATE', 'UPDATE'], scope: 'Namespaced' }],
      },
      matchConditions: rule.conditions,
      variables: Object.entries(rule.variables).map(([name, expression]) => ({ name, expression })),
      validations: rule.validations.map(({ expression, message }) => ({
        expression,
        messageExpression: message,
        reason: 'Forbidden',
      })),
    },
  };
}

function bindingOf(rule: AdmissionRule): JsonObject {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name: rule.name, labels: LABELS },
    spec: {
      policyName: rule.name,
      validationActions: [rule.action],
      // The empty selector: all of the namespace of the request. Where there is none, there is no pair.
      ...(rule.parameter === null ? {} : { paramRef: { selector: {}, parameterNotFoundAction: 'Allow' } }),
    },
  };
}
