import { objectAt } from '../objects/field.ts';
import type { JsonObject } from '../review/review.ts';
import { POD_STATES, containersIn, inContainer } from './containers.ts';
import type { Policy } from './policy.ts';

/**
 * Wanted of every container, init containers included: requests of cpu and memory, without which the scheduler and the HPA
 * can't compute, and a limit of memory, without which one container can take the node. No limit of cpu is wanted: it only
 * throttles. A limit counts as request, as Kubernetes defaults it. Each is ratcheted alone, so that what is added stays.
 */
export const resourcesMissing: Policy = {
  name: 'resourcesMissing',
  about: POD_STATES,
  asked: () => true,
  needs: () => [],
  find(state) {
    return containersIn(state).flatMap((container) =>
      missingIn(objectAt(container.spec, 'resources')).map((resource) =>
        inContainer(container, `without ${resource}`, 'resourceMissing', { resource }),
      ),
    );
  },
};

function missingIn(resources: JsonObject): readonly string[] {
  const [requests, limits] = [objectAt(resources, 'requests'), objectAt(resources, 'limits')];
  return [
    ...(has(requests, 'cpu') || has(limits, 'cpu') ? [] : ['requests.cpu']),
    ...(has(requests, 'memory') || has(limits, 'memory') ? [] : ['requests.memory']),
    ...(has(limits, 'memory') ? [] : ['limits.memory']),
  ];
}

/** A quantity is a text, or a number. */
function has(quantities: JsonObject, resource: string): boolean {
  const quantity = quantities[resource];
  return typeof quantity === 'number' || (typeof quantity === 'string' && quantity !== '');
}
