import type { AdmissionRule, Validation } from './admission-rule.ts';
import { type Manner, type Message, messages } from './messages.ts';
import type { AdmissionPolicyOptions } from './validating-admission-policy.ts';
import {
  type Cel,
  all,
  isNew,
  literal,
  minReplicasOf,
  nameOfObject,
  not,
  notDeleted,
  ownedByKeda,
  replicasOf,
  scaleReplicasOf,
  targets,
} from './cel.ts';

const AUTOSCALER = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler' } as const;

interface Side {
  readonly name: string;
  readonly resource: string;
  readonly deployment: Cel;
  readonly replicas: (object: Cel) => Cel;
  readonly conditions: AdmissionRule['conditions'];
}

export function deploymentRules(options: AdmissionPolicyOptions): readonly AdmissionRule[] {
  return sideRules(options, {
    name: 'funade-guard-deployments',
    resource: 'deployments',
    deployment: nameOfObject,
    replicas: replicasOf,
    conditions: [{ name: 'not-being-deleted', expression: notDeleted }],
  });
}

export function scaleRules(options: AdmissionPolicyOptions): readonly AdmissionRule[] {
  const exempt = options.exemptScalers.map(literal).join(', ');
  return sideRules(options, {
    name: 'funade-guard-scale',
    resource: 'deployments/scale',
    deployment: 'request.name',
    replicas: scaleReplicasOf,
    conditions: [{ name: 'not-an-autoscaler', expression: not(`request.userInfo.username in [${exempt}]`) }],
  });
}

/** A Deployment, or its scale, beside each autoscaler of the namespace. */
function sideRules(options: AdmissionPolicyOptions, side: Side): readonly AdmissionRule[] {
  const single = `${side.replicas('object')} == 1`;
  const introduces = `${isNew} || ${side.replicas('oldObject')} != 1`;
  const isExistingAllowed = options.existingViolations === 'allow';
  const shared = {
    parameter: AUTOSCALER,
    resource: { apiGroups: ['apps'], apiVersions: ['v1'], resources: [side.resource] },
    variables: {
      deployment: side.deployment,
      replicas: side.replicas('object'),
      minimum: minReplicasOf('params'),
      targeted: targets('params', 'variables.deployment'),
      ofKeda: ownedByKeda('params'),
    },
  } as const;
  const say = messages(options.language, {
    hpa: 'params.metadata.name',
    deployment: 'variables.deployment',
    minimum: 'variables.minimum',
  });
  return [
    {
      ...shared,
      name: side.name,
      action: 'Deny',
      conditions: [
        ...side.conditions,
        { name: 'one-replica', expression: single },
        ...(isExistingAllowed ? [{ name: 'not-so-before', expression: introduces }] : []),
      ],
      validations: [{ expression: not(counts(options)), message: pairMessage(say, 'plain') }],
    },
    {
      ...shared,
      name: `${side.name}-warnings`,
      action: 'Warn',
      conditions: [...side.conditions, { name: 'below-two', expression: `${side.replicas('object')} < 2` }],
      validations: [
        ...(isExistingAllowed
          ? [
              {
                expression: not(all('variables.replicas == 1', not(introduces), counts(options))),
                message: pairMessage(say, 'existing'),
              },
            ]
          : []),
        ...notices(options, say),
      ],
    },
  ];
}

/** The autoscaler makes one replica a violation. */
function counts({ mode, keda }: AdmissionPolicyOptions): Cel {
  return all(
    'variables.targeted',
    ...(keda === 'deny' ? [] : ['!variables.ofKeda']),
    ...(mode === 'effective' ? ['variables.minimum < 2'] : []),
  );
}

/** What is no violation, but worth a warning. */
function notices({ mode, keda }: AdmissionPolicyOptions, say: Message): readonly Validation[] {
  const considered = keda === 'ignore' ? ['variables.targeted', '!variables.ofKeda'] : ['variables.targeted'];
  const single = 'variables.replicas == 1';
  const found: Validation[] = [
    { expression: not(all('variables.replicas == 0', ...considered)), message: say('pausedUnderHpa', 'plain') },
  ];
  if (mode === 'effective')
    found.push({
      expression: not(all(single, ...considered, 'variables.minimum >= 2')),
      message: say('healedByHpa', 'plain'),
    });
  if (keda === 'warn')
    found.push({
      expression: not(
        all(single, ...considered, 'variables.ofKeda', ...(mode === 'effective' ? ['variables.minimum < 2'] : [])),
      ),
      message: pairMessage(say, 'plain'),
    });
  return found;
}

function pairMessage(say: Message, manner: Manner): Cel {
  return `variables.minimum < 2 ? ${say('deploymentLow', manner)} : ${say('deploymentHigh', manner)}`;
}
