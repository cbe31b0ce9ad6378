import { assertNever } from '../../kernel/index.ts';
import type { MessageValues } from '../../kernel/index.ts';
import { textAt } from '../objects/field.ts';
import type { PodTemplate, State } from '../objects/state.ts';
import type { JsonObject } from '../review/review.ts';
import type { TextKey } from '../texts/index.ts';
import type { Finding } from './policy.ts';

/** A container in the state that a policy judges. */
export interface Container {
  readonly kind: 'container' | 'init';
  readonly name: string;
  readonly spec: JsonObject;
  /** Of the pod. */
  readonly securityContext: JsonObject;
  /** Kind and name of the object whose pods these are. */
  readonly of: { readonly kind: string; readonly name: string };
}

/** Kubernetes takes 63; the name is in the identity of each violation. */
const LONGEST_NAME = 253;

export const POD_STATES = ['deployment', 'workload'] as const;

/** Containers of a state; none where it has no pods, or they are not known. */
export function containersIn(state: State): readonly Container[] {
  switch (state.kind) {
    case 'deployment':
      return state.pod === null ? [] : list(state.pod, { kind: 'Deployment', name: state.deployment.name });
    case 'workload':
      return list(state.pod, state.object);
    case 'scale':
    case 'hpa':
    case 'budget':
      return [];
    default:
      return assertNever(state);
  }
}

function list(pod: PodTemplate, of: Container['of']): readonly Container[] {
  return pod.containers.map(({ kind, spec }, index) => ({
    kind,
    name: textAt(spec, 'name')?.slice(0, LONGEST_NAME) ?? `#${String(index + 1)}`,
    spec,
    securityContext: pod.securityContext,
    of: { kind: of.kind, name: of.name },
  }));
}

/** A violation in a container. Its identity is the container's name and the fact, so that each container is ratcheted alone. */
export function inContainer(container: Container, fact: string, text: TextKey, values: MessageValues = {}): Finding {
  const { of } = container;
  return {
    key: `${of.kind}/${of.name} ${container.kind}/${container.name} ${fact}`,
    degree: 0,
    severity: 'violation',
    text,
    values: { ...values, container: container.name, kind: of.kind, name: of.name },
  };
}
