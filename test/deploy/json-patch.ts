import { isDeepStrictEqual } from 'node:util';

/** The operations of RFC 6902 that our manifests use. */
export type Operation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: unknown }
  | { readonly op: 'copy'; readonly from: string; readonly path: string };

type Node = Record<string, unknown>;

export function applyPatch(document: unknown, operations: readonly Operation[]): unknown {
  const copy = structuredClone(document) as Node;
  for (const operation of operations) apply(copy, operation);
  return copy;
}

function apply(document: Node, operation: Operation): void {
  const { parent, key } = placeOf(document, operation.path);
  switch (operation.op) {
    case 'add':
      insert(parent, key, operation.value);
      return;
    case 'copy': {
      const from = placeOf(document, operation.from);
      if (!(from.key in from.parent)) throw new Error(`Nothing at ${operation.from}`);
      insert(parent, key, structuredClone(from.parent[from.key]));
      return;
    }
    case 'replace':
      if (!(key in parent)) throw new Error(`Nothing at ${operation.path}`);
      parent[key] = operation.value;
      return;
    case 'test':
      if (!isDeepStrictEqual(parent[key], operation.value)) throw new Error(`Another value at ${operation.path}`);
      return;
    default:
      throw new Error(`Operation ${String((operation as { op: unknown }).op)} is not known`);
  }
}

function insert(parent: Node, key: string, value: unknown): void {
  if (!Array.isArray(parent)) {
    parent[key] = value;
    return;
  }
  const index = key === '-' ? parent.length : Number(key);
  if (!(index >= 0 && index <= parent.length)) throw new Error(`${key} is beyond the end`);
  parent.splice(index, 0, value);
}

function placeOf(document: Node, pointer: string): { readonly parent: Node; readonly key: string } {
  const keys = pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const key = keys.pop();
  if (key === undefined) throw new Error(`${pointer} names nothing`);
  let parent: Node = document;
  for (const part of keys) {
    const next = parent[part];
    if (typeof next !== 'object' || next === null) throw new Error(`Nothing at ${pointer}`);
    parent = next as Node;
  }
  return { parent, key };
}
