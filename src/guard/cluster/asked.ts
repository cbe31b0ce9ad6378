export interface Asked {
  readonly verb: string;
  /** `deployments.apps`, `events`. */
  readonly resource: string;
  readonly namespace: string | null;
}

const RESOURCE = /^\/(?:api|apis\/([^/]+))\/[^/]+\/(?:namespaces\/([^/]+)\/)?([^/]+)(?:\/([^/]+))?(?:\/([^/]+))?$/;

/** What a call asks of the API server, in the words of RBAC. `path` with its query. */
export function askedOf(method: string, path: string): Asked {
  const { pathname, searchParams } = new URL(path, 'http://api');
  const [, group, namespace, resource, name, subresource] = RESOURCE.exec(pathname) ?? [];
  if (resource === undefined) return { verb: method.toLowerCase(), resource: pathname, namespace: null };
  const full = subresource === undefined ? resource : `${resource}/${subresource}`;
  return {
    verb: verbOf(method, name !== undefined, searchParams.has('watch')),
    resource: group === undefined ? full : `${full}.${group}`,
    namespace: namespace ?? null,
  };
}

/** `get deployments.apps in namespace shop`. */
export function wordsOf({ verb, resource, namespace }: Asked): string {
  return namespace === null ? `${verb} ${resource}` : `${verb} ${resource} in namespace ${namespace}`;
}

function verbOf(method: string, isNamed: boolean, isWatch: boolean): string {
  if (isWatch) return 'watch';
  if (method === 'GET') return isNamed ? 'get' : 'list';
  if (method === 'POST') return 'create';
  return method === 'PUT' ? 'update' : method.toLowerCase();
}
