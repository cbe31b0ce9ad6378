/** What is kept of an object, and the version in which it was seen. */
export interface Entry<T> {
  readonly value: T;
  /** `resourceVersion` as a number: versions of one cluster only grow. 0 when it can't be read so. */
  readonly version: number;
}

interface Named {
  readonly namespace: string;
  readonly name: string;
}

export interface CacheHooks<T> {
  same(one: T, other: T): boolean;
  /** Each time an object is seen, also unchanged. */
  seen(value: T): void;
  /** `null`: not there. */
  changed(before: T | null, after: T | null): void;
}

/** Projections of the objects of one kind, by namespace and name. */
export interface Cache<T extends Named> {
  get(namespace: string, name: string): Entry<T> | undefined;
  in(namespace: string): Iterable<T>;
  all(): Iterable<T>;
  size(): number;
  put(entry: Entry<T>): void;
  remove(namespace: string, name: string): void;
  /** Everything at once: no reader sees a part of it. */
  replace(entries: readonly Entry<T>[]): void;
}

export function createCache<T extends Named>({ same, seen, changed }: CacheHooks<T>): Cache<T> {
  const namespaces = new Map<string, Map<string, Entry<T>>>();
  let count = 0;

  function put(entry: Entry<T>): void {
    const { namespace, name } = entry.value;
    const names = namesOf(namespaces, namespace);
    const old = names.get(name);
    const isSame = old !== undefined && same(old.value, entry.value);
    names.set(name, isSame ? { value: old.value, version: entry.version } : entry);
    if (old === undefined) count += 1;
    if (!isSame) changed(old?.value ?? null, entry.value);
    seen(entry.value);
  }

  function remove(namespace: string, name: string): void {
    const names = namespaces.get(namespace);
    const old = names?.get(name);
    if (names === undefined || old === undefined) return;
    names.delete(name);
    count -= 1;
    if (names.size === 0) namespaces.delete(namespace);
    changed(old.value, null);
  }

  function replace(entries: readonly Entry<T>[]): void {
    const wanted = new Map<string, Map<string, Entry<T>>>();
    for (const entry of entries) namesOf(wanted, entry.value.namespace).set(entry.value.name, entry);
    const gone = [...all()].filter(({ namespace, name }) => wanted.get(namespace)?.has(name) !== true);
    for (const { namespace, name } of gone) remove(namespace, name);
    for (const entry of entries) put(entry);
  }

  function* all(): Iterable<T> {
    for (const names of namespaces.values()) for (const { value } of names.values()) yield value;
  }

  function* within(namespace: string): Iterable<T> {
    for (const { value } of namespaces.get(namespace)?.values() ?? []) yield value;
  }

  return {
    get: (namespace, name) => namespaces.get(namespace)?.get(name),
    in: within,
    all,
    size: () => count,
    put,
    remove,
    replace,
  };
}

function namesOf<V>(namespaces: Map<string, Map<string, V>>, namespace: string): Map<string, V> {
  const known = namespaces.get(namespace);
  if (known !== undefined) return known;
  const names = new Map<string, V>();
  namespaces.set(namespace, names);
  return names;
}
