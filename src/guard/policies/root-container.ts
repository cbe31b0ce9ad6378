import { objectAt } from '../objects/field.ts';
import { POD_STATES, type Container, containersIn, inContainer } from './containers.ts';
import type { Policy } from './policy.ts';

/**
 * A container that may run as root: neither `runAsNonRoot: true` nor a user above 0 is set. What a container sets stands
 * above what its pod sets. What the image says is not known here, so that an image with another user must say so too.
 */
export const rootContainer: Policy = {
  name: 'rootContainer',
  about: POD_STATES,
  asked: () => true,
  needs: () => [],
  find(state) {
    return containersIn(state)
      .filter(mayBeRoot)
      .map((container) => inContainer(container, 'may be root', 'rootContainer'));
  },
};

function mayBeRoot(container: Container): boolean {
  if (effective(container, 'runAsNonRoot') === true) return false;
  const user = effective(container, 'runAsUser');
  return !(typeof user === 'number' && user > 0);
}

function effective(container: Container, field: string): unknown {
  return objectAt(container.spec, 'securityContext')[field] ?? container.securityContext[field];
}
