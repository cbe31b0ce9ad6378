export interface RouteTable<T> {
  /** The value whose route fits best: an exact one, else the longest that ends in `/*`. */
  match(path: string): { readonly route: string; readonly value: T } | undefined;
}

/** Routes are `/exact/path` or `/prefix/*`, which also takes `/prefix` itself. */
export function createRouteTable<T>(entries: readonly { readonly route: string; readonly value: T }[]): RouteTable<T> {
  const exact = new Map(entries.filter(({ route }) => !route.endsWith('/*')).map((entry) => [entry.route, entry]));
  const open = entries
    .filter(({ route }) => route.endsWith('/*'))
    .map((entry) => ({ ...entry, prefix: entry.route.slice(0, -1) }))
    .sort((a, b) => b.prefix.length - a.prefix.length);
  return {
    match(path) {
      return exact.get(path) ?? open.find(({ prefix }) => path.startsWith(prefix) || `${path}/` === prefix);
    },
  };
}
