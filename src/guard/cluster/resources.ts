/** Where objects of one kind are. Reads go to the version that the API server has. */
export interface Resource {
  /** `deployments`, `horizontalpodautoscalers`. */
  readonly name: string;
  /** Of all namespaces, or of one, or one object. Names are checked by the API server, so that they need no escape. */
  path(namespace: string | null, name?: string): string;
  /** The path is not there (404): the next one is tried from now on. */
  fallBack(path: string): void;
}

export function createResource(name: string, versions: readonly [string, ...string[]]): Resource {
  let index = 0;
  const base = () => versions[index] ?? versions[0];
  return {
    name,
    path: (namespace, object) => {
      const within = namespace === null ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
      return `${base()}${within}/${name}${object === undefined ? '' : `/${encodeURIComponent(object)}`}`;
    },
    // Two readers that meet the same 404 go one version further, not two. After the last comes the first again: a server that
    // is starting does not have all of them yet.
    fallBack: (path) => {
      if (path.startsWith(`${base()}/`)) index = (index + 1) % versions.length;
    },
  };
}

export function deploymentsResource(): Resource {
  return createResource('deployments', ['/apis/apps/v1']);
}

export function hpasResource(): Resource {
  return createResource('horizontalpodautoscalers', ['/apis/autoscaling/v2', '/apis/autoscaling/v1']);
}
