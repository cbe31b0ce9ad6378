import { dirname, join } from 'node:path';
import { isObject } from './manifest.ts';

const NAMES: readonly string[] = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];

export function isKustomization(file: string): boolean {
  return NAMES.includes(file.split(/[\\/]/u).at(-1) ?? '');
}

/**
 * Files that a kustomization names as patches: parts of objects, which would read as objects with fields missing – a
 * patched Deployment without `replicas` is none with one replica.
 */
export function patchesOf(file: string, value: unknown): readonly string[] {
  if (!isObject(value)) return [];
  const named = [...listOf(value['patches']), ...listOf(value['patchesJson6902'])]
    .map((patch) => (isObject(patch) ? patch['path'] : undefined))
    .concat(listOf(value['patchesStrategicMerge']));
  const paths = named.filter((path): path is string => typeof path === 'string' && !path.includes('\n'));
  return paths.map((path) => join(dirname(file), path));
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}
