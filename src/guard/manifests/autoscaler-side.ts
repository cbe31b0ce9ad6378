import type { AdmissionRule, Validation } from './admission-rule.ts';
import { type Manner, type Message, messages } from './messages.ts';
import type { AdmissionPolicyOptions } from './validating-admission-policy.ts';
import {
  type Cel,
  all,
  isNew,
  minReplicasOf,
  nameOfObject,
  not,
  notDeleted,
  ownedByKeda,
  replicasOf,
  targets,
  targetsDeployment,
} from './cel.ts';

const RESOURCE = {
  apiGroups: ['autoscaling'],
  apiVersions: ['v1', 'v2'],
  resources: ['horizontalpodautoscalers'],
} as const;
const DEPLOYMENT = { apiVersion: 'apps/v1', kind: 'Deployment' } as const;
const CONDITIONS = [
  { name: 'not-being-deleted', expression: notDeleted },
  { name: 'scales-a-deployment', expression: targetsDeployment('object') },
] as const;
const OWN_VARIABLES = {
  autoscaler: nameOfObject,
  minimum: minReplicasOf('object'),
  ofKeda: ownedByKeda('object'),
} as const;

/** An autoscaler beside each Deployment of the namespace. */
export function autoscalerRules(options: AdmissionPolicyOptions): readonly AdmissionRule[] {
  // What was so before passes with a warning; where that is denied, only what gets less bad.
  const allowed: Cel = options.existingViolations === 'allow' ? 'variables.before' : 'variables.mended';
  const shared = {
    parameter: DEPLOYMENT,
    resource: RESOURCE,
    conditions: CONDITIONS,
    variables: {
      ...OWN_VARIABLES,
      targeted: targets('object', 'params.metadata.name'),
      replicas: replicasOf('params'),
      before: `!(${isNew}) && ${all(targets('oldObject', 'params.metadata.name'), ...countedBefore(options))}`,
      mended: MENDED,
    },
  } as const;
  const violated = ['variables.targeted', SINGLE, ...counts(options)];
  const say = messages(options.language, {
    hpa: 'variables.autoscaler',
    deployment: 'params.metadata.name',
    minimum: 'variables.minimum',
  });
  const deny: AdmissionRule = {
    ...shared,
    name: 'funade-guard-autoscalers',
    action: 'Deny',
    validations: [
      {
        expression: not(all(...violated, not(allowed))),
        message: pairMessage(say, 'plain'),
      },
    ],
  };
  const warnings = [
    { expression: not(all(...violated, allowed)), message: pairMessage(say, 'existing') },
    ...notices(options, say),
  ];
  return [deny, { ...shared, name: 'funade-guard-autoscalers-warnings', action: 'Warn', validations: warnings }];
}

/** `strict`: an autoscaler that may go below two, whatever its Deployment has now. */
export function minimumRules(options: AdmissionPolicyOptions): readonly AdmissionRule[] {
  if (options.mode !== 'strict') return [];
  // What was so before passes with a warning; where that is denied, only what gets less bad.
  const allowed: Cel = options.existingViolations === 'allow' ? 'variables.before' : 'variables.mended';
  const shared = {
    parameter: null,
    resource: RESOURCE,
    conditions: CONDITIONS,
    variables: {
      ...OWN_VARIABLES,
      before: `!(${isNew}) && ${all(targetsDeployment('oldObject'), `${minReplicasOf('oldObject')} < 2`, ...countedBefore(options))}`,
      mended: MENDED,
    },
  } as const;
  const violated = ['variables.minimum < 2', ...counts(options)];
  const say = messages(options.language, {
    hpa: 'variables.autoscaler',
    deployment: 'object.spec.scaleTargetRef.name',
    minimum: 'variables.minimum',
  });
  const deny: AdmissionRule = {
    ...shared,
    name: 'funade-guard-minimum',
    action: 'Deny',
    validations: [
      {
        expression: not(all(...violated, not(allowed))),
        message: say('hpaAllowsSingleReplica', 'plain'),
      },
    ],
  };
  const warnings: readonly Validation[] = [
    { expression: not(all(...violated, allowed)), message: say('hpaAllowsSingleReplica', 'existing') },
    ...(options.keda === 'warn'
      ? [
          {
            expression: not(all('variables.minimum < 2', 'variables.ofKeda')),
            message: say('hpaAllowsSingleReplica', 'plain'),
          },
        ]
      : []),
  ];
  return [deny, { ...shared, name: 'funade-guard-minimum-warnings', action: 'Warn', validations: warnings }];
}

const SINGLE: Cel = 'variables.replicas == 1';

/** It was so before, and becomes less bad. */
const MENDED: Cel = `variables.before && variables.minimum > ${minReplicasOf('oldObject')}`;

/** What makes the autoscaler count, beside its target. */
function counts({ mode, keda }: AdmissionPolicyOptions): readonly Cel[] {
  return [
    ...(keda === 'deny' ? [] : ['!variables.ofKeda']),
    ...(mode === 'effective' ? ['variables.minimum < 2'] : []),
  ];
}

/** The same of the state before. Whether KEDA owns it counts as it is now, as in the rules. */
function countedBefore({ mode }: AdmissionPolicyOptions): readonly Cel[] {
  return mode === 'effective' ? [`${minReplicasOf('oldObject')} < 2`] : [];
}

/** What is no violation in this mode, but worth a warning. */
function notices({ mode, keda }: AdmissionPolicyOptions, say: Message): readonly Validation[] {
  const considered = keda === 'ignore' ? ['variables.targeted', '!variables.ofKeda'] : ['variables.targeted'];
  const found: Validation[] = [
    { expression: not(all(...considered, 'variables.replicas == 0')), message: say('pausedUnderHpa', 'plain') },
  ];
  if (mode === 'effective')
    found.push({
      expression: not(all(...considered, SINGLE, 'variables.minimum >= 2')),
      message: say('healedByHpa', 'plain'),
    });
  if (keda === 'warn')
    found.push({
      expression: not(
        all(...considered, SINGLE, 'variables.ofKeda', ...(mode === 'effective' ? ['variables.minimum < 2'] : [])),
      ),
      message: pairMessage(say, 'plain'),
    });
  return found;
}

function pairMessage(say: Message, manner: Manner): Cel {
  return `variables.minimum < 2 ? ${say('hpaLow', manner)} : ${say('hpaHigh', manner)}`;
}
