import { randomUUID } from 'node:crypto';
import { type FakeKind, kindNamed } from './kinds.ts';

/** An object as JSON; the fake looks at `kind`, `metadata`, and what it has defaults for. */
// oxlint-disable-next-line typescript/no-explicit-any -- tests look into it as they need
export type FakeObject = any;

export interface FakeEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly kind: FakeKind;
  readonly object: FakeObject;
  readonly version: number;
  /** When it happened, `performance.now()`. */
  readonly at: number;
}

/** The etcd of the fake: objects, one counter of versions, and the history that watches are served from. */
export interface FakeObjects {
  version(): number;
  find(kind: FakeKind, namespace: string, name: string): FakeObject;
  list(kind: FakeKind, namespace: string | null): readonly FakeObject[];
  /** Stores it as it is, with metadata that a server gives. */
  put(object: FakeObject): FakeObject;
  remove(kind: FakeKind, namespace: string, name: string): FakeObject;
  since(kind: FakeKind, version: number): readonly FakeEvent[];
  /** Versions before this one are forgotten. */
  compactedAt(): number;
  compact(): void;
  onEvent(listener: (event: FakeEvent) => void): void;
}

export function createFakeObjects(historyLimit = 100_000): FakeObjects {
  const tables = new Map<FakeKind, Map<string, FakeObject>>();
  let history: FakeEvent[] = [];
  const listeners: ((event: FakeEvent) => void)[] = [];
  let version = 1000;
  let compacted = 0;

  function tableOf(kind: FakeKind): Map<string, FakeObject> {
    const known = tables.get(kind) ?? new Map<string, FakeObject>();
    tables.set(kind, known);
    return known;
  }

  function note(type: FakeEvent['type'], kind: FakeKind, object: FakeObject): void {
    const event = { type, kind, object, version, at: performance.now() };
    history.push(event);
    if (history.length > historyLimit) {
      history = history.slice(-Math.ceil(historyLimit / 2));
      compacted = (history[0]?.version ?? version) - 1;
    }
    for (const listener of listeners) listener(event);
  }

  function put(given: FakeObject): FakeObject {
    const kind = kindNamed(given.kind);
    const { namespace = 'default', name } = given.metadata;
    const key = `${namespace}/${name}`;
    const table = tableOf(kind);
    const old = table.get(key);
    version += 1;
    const object = {
      ...given,
      metadata: {
        ...given.metadata,
        namespace,
        uid: old?.metadata.uid ?? given.metadata.uid ?? randomUUID(),
        creationTimestamp: old?.metadata.creationTimestamp ?? new Date().toISOString(),
        resourceVersion: String(version),
      },
    };
    table.set(key, object);
    note(old === undefined ? 'ADDED' : 'MODIFIED', kind, object);
    return object;
  }

  function remove(kind: FakeKind, namespace: string, name: string): FakeObject {
    const table = tableOf(kind);
    const old = table.get(`${namespace}/${name}`);
    if (old === undefined) return undefined;
    table.delete(`${namespace}/${name}`);
    version += 1;
    const object = { ...old, metadata: { ...old.metadata, resourceVersion: String(version) } };
    note('DELETED', kind, object);
    return object;
  }

  return {
    version: () => version,
    find: (kind, namespace, name) => tableOf(kind).get(`${namespace}/${name}`),
    list: (kind, namespace) =>
      [...tableOf(kind).values()]
        .filter((object) => namespace === null || object.metadata.namespace === namespace)
        .sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1)),
    put,
    remove,
    since: (kind, from) => {
      // Watches are nearly always up to date: from the end it is a short way.
      let start = history.length;
      while (start > 0 && (history[start - 1]?.version ?? 0) > from) start -= 1;
      return history.slice(start).filter((event) => event.kind === kind);
    },
    compactedAt: () => compacted,
    compact: () => {
      history = [];
      version += 1;
      compacted = version;
    },
    onEvent: (listener) => listeners.push(listener),
  };
}

function keyOf({ metadata }: FakeObject): string {
  return `${metadata.namespace}/${metadata.name}`;
}
