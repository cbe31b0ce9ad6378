import { textAt } from '../objects/field.ts';
import type { Change, PodTemplate, State } from '../objects/state.ts';

/**
 * The change with a state before in which only that differs which may be held against the request:
 *
 * - A container that was only renamed has the violations that it had: same place among as many, same image, the old name
 *   gone and the new one new. Any other new name is a new container, which has to be right.
 * - An HPA counts before as it counts after. Otherwise the garbage collector, which takes the owner away from an HPA that
 *   KEDA leaves behind, would be denied for ever.
 */
export function comparable(change: Change): Change {
  const { before, after } = change;
  return before === null ? change : { before: madeComparable(before, after), after };
}

function madeComparable(before: State, after: State): State {
  if (before.kind === 'deployment' && after.kind === 'deployment' && before.pod !== null && after.pod !== null) {
    return { ...before, pod: renamed(before.pod, after.pod) };
  }
  if (before.kind === 'workload' && after.kind === 'workload')
    return { ...before, pod: renamed(before.pod, after.pod) };
  if (before.kind === 'hpa' && after.kind === 'hpa') return { ...before, hpa: { ...before.hpa, keda: after.hpa.keda } };
  return before;
}

type Listed = PodTemplate['containers'][number];

function renamed(before: PodTemplate, after: PodTemplate): PodTemplate {
  if (before.containers.length !== after.containers.length) return before;
  const [oldNames, newNames] = [namesOf(before), namesOf(after)];
  const containers = before.containers.map((container, index) => {
    const now = after.containers[index];
    if (now === undefined || !isSame(container, now)) return container;
    const [oldName, newName] = [textAt(container.spec, 'name'), textAt(now.spec, 'name')];
    if (oldName === newName || newName === null || newNames.has(oldName) || oldNames.has(newName)) return container;
    return { ...container, spec: { ...container.spec, name: newName } };
  });
  return { ...before, containers };
}

function isSame(before: Listed, after: Listed): boolean {
  const image = textAt(before.spec, 'image');
  return before.kind === after.kind && image !== null && image === textAt(after.spec, 'image');
}

function namesOf(pod: PodTemplate): ReadonlySet<string | null> {
  return new Set(pod.containers.map((container) => textAt(container.spec, 'name')));
}
