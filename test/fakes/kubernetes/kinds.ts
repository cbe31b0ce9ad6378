/** A kind of objects that the fake keeps; all are in namespaces. */
export interface FakeKind {
  readonly kind: string;
  /** As in paths. */
  readonly resource: string;
  /** `''` for the core group. */
  readonly group: string;
  /** The first one is that in which objects are kept. */
  readonly versions: readonly [string, ...string[]];
}

export const KINDS: readonly FakeKind[] = [
  { kind: 'Deployment', resource: 'deployments', group: 'apps', versions: ['v1'] },
  {
    kind: 'HorizontalPodAutoscaler',
    resource: 'horizontalpodautoscalers',
    group: 'autoscaling',
    versions: ['v2', 'v1'],
  },
  { kind: 'Event', resource: 'events', group: '', versions: ['v1'] },
];

/** What a path names. */
export interface Place {
  readonly kind: FakeKind;
  readonly version: string;
  readonly namespace: string | null;
  readonly name: string | null;
  readonly subresource: string | null;
}

const PATH = /^\/(?:api|apis\/([^/]+))\/([^/]+)\/(?:namespaces\/([^/]+)\/)?([^/]+)(?:\/([^/]+))?(?:\/([^/]+))?$/;

export function placeOf(pathname: string): Place | null {
  const match = PATH.exec(pathname);
  if (match === null) return null;
  const [, group = '', version = '', namespace, resource = '', name, subresource] = match;
  const kind = KINDS.find((one) => one.group === group && one.resource === resource && one.versions.includes(version));
  if (kind === undefined) return null;
  return {
    kind,
    version,
    namespace: namespace === undefined ? null : decodeURIComponent(namespace),
    name: name === undefined ? null : decodeURIComponent(name),
    subresource: subresource ?? null,
  };
}

export function apiVersionOf({ group }: FakeKind, version: string): string {
  return group === '' ? version : `${group}/${version}`;
}

export function kindNamed(name: string): FakeKind {
  const found = KINDS.find(({ kind, resource }) => kind === name || resource === name);
  if (found === undefined) throw new Error(`the fake knows no kind ${name}`);
  return found;
}
