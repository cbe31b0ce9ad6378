import { isObject } from '../objects/field.ts';
import { POD_STATES, containersIn, inContainer } from './containers.ts';
import type { Policy } from './policy.ts';

/** Workloads that serve for long. A bare Pod may be a task as well as a service, so that it is not asked about. */
const LONG_RUNNING = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet']);

/** An ordinary container of a workload that serves, without a readiness probe. */
export const readinessProbeMissing: Policy = {
  name: 'readinessProbeMissing',
  about: POD_STATES,
  asked: () => true,
  needs: () => [],
  find(state) {
    return containersIn(state)
      .filter((container) => container.kind === 'container' && LONG_RUNNING.has(container.of.kind))
      .filter((container) => !isObject(container.spec['readinessProbe']))
      .map((container) => inContainer(container, 'without readinessProbe', 'readinessProbeMissing'));
  },
};
