import { objectAt } from '../objects/field.ts';
import type { JsonObject } from '../review/review.ts';
import { POD_STATES, containersIn, inContainer } from './containers.ts';
import type { Policy } from './policy.ts';

/** Capabilities with which a container can take over its node, or listen to and change what others do on it. */
const DANGEROUS = new Set([
  'ALL',
  'SYS_ADMIN',
  'SYS_MODULE',
  'SYS_PTRACE',
  'SYS_RAWIO',
  'SYS_BOOT',
  'SYS_TIME',
  'SYSLOG',
  'NET_ADMIN',
  'BPF',
  'PERFMON',
  'DAC_READ_SEARCH',
  'MAC_ADMIN',
  'MAC_OVERRIDE',
]);

/**
 * `privileged: true`, or a dangerous capability added. Namespaces of the host and `allowPrivilegeEscalation` are not asked
 * about: Pod Security admission does that per namespace.
 */
export const privilegedContainer: Policy = {
  name: 'privilegedContainer',
  about: POD_STATES,
  asked: () => true,
  needs: () => [],
  find(state) {
    return containersIn(state).flatMap((container) => {
      const context = objectAt(container.spec, 'securityContext');
      return [
        ...(context['privileged'] === true ? [inContainer(container, 'privileged', 'privileged')] : []),
        ...dangerousIn(context).map((capability) =>
          inContainer(container, `adds ${capability}`, 'dangerousCapability', { capability }),
        ),
      ];
    });
  },
};

function dangerousIn(context: JsonObject): readonly string[] {
  const added = objectAt(context, 'capabilities')['add'];
  if (!Array.isArray(added)) return [];
  const names = added.filter((name): name is string => typeof name === 'string');
  const normal = names.map((name) => name.toUpperCase().replace(/^CAP_/, ''));
  return [...new Set(normal)].filter((name) => DANGEROUS.has(name));
}
