import type { Deployment, Hpa, TargetRef } from '../objects/state.ts';

type Labels = Readonly<Record<string, string>>;

export const NO_LABELS: Labels = {};

/** The same state for the rules; uids are not compared, since a subresource and a new object may not have one yet. */
export function sameDeployment(one: Deployment, other: Deployment): boolean {
  return one.replicas === other.replicas && one.bypass === other.bypass && sameLabels(one.podLabels, other.podLabels);
}

export function sameHpa(one: Hpa, other: Hpa): boolean {
  return (
    one.minReplicas === other.minReplicas &&
    one.keda === other.keda &&
    one.bypass === other.bypass &&
    targetKey(one.target) === targetKey(other.target)
  );
}

/** Equal for the same target; no name of Kubernetes has a slash. */
export function targetKey({ namespace, group, kind, name }: TargetRef): string {
  return `${namespace}/${group}/${kind}/${name}`;
}

export function deploymentTarget({
  namespace,
  name,
}: {
  readonly namespace: string;
  readonly name: string;
}): TargetRef {
  return { namespace, group: 'apps', kind: 'Deployment', name };
}

function sameLabels(one: Labels, other: Labels): boolean {
  if (one === other) return true;
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => one[key] === other[key]);
}
