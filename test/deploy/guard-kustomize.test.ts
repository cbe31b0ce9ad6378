import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  COMPONENTS,
  ENVIRONMENTS,
  guardFolder,
  kubectlHere,
  kubectlKustomize,
  overlay,
  overlayWith,
  withKustomization,
} from './guard-manifests.ts';
import { type Manifest, renderKustomization } from './kustomize.ts';

const kubectl = kubectlHere();
const DIRECTORIES = [
  'base',
  ...ENVIRONMENTS.map((environment) => `overlays/${environment}`),
  'argocd/settings',
] as const;
/** Components that every environment may have beside its own; `fail-open` has to stand before others. */
const ADDABLE = COMPONENTS.filter((name) => name === 'workload-policies');

function byName(objects: readonly Manifest[]): Readonly<Record<string, Manifest>> {
  return Object.fromEntries(
    objects.map((object) => [`${object.kind} ${object.metadata.namespace ?? ''}/${object.metadata.name}`, object]),
  );
}

test.each(DIRECTORIES)('%s builds, and no object stands in it twice', (path) => {
  const objects = renderKustomization(join(guardFolder, path));
  expect(objects.length).toBeGreaterThan(0);
  expect(Object.keys(byName(objects))).toHaveLength(objects.length);
});

test.each(ENVIRONMENTS)('%s builds with every component that can be added', (environment) => {
  const own = overlay(environment);
  const kinds = overlayWith(environment, ADDABLE);
  expect(kinds.length).toBe(own.length);
});

test('a component is used by an overlay, or one that people may add', () => {
  const used = new Set<string>(ADDABLE);
  for (const environment of ENVIRONMENTS) {
    const names = Object.keys(byName(overlay(environment)));
    if (names.some((name) => name.includes('existing-violations'))) used.add('existing-violations');
    if (names.some((name) => name.includes('ServiceMonitor'))) used.add('monitoring');
    if (JSON.stringify(overlay(environment)).includes('"failurePolicy":"Ignore"')) used.add('fail-open');
  }
  expect([...used].toSorted()).toEqual([...COMPONENTS].toSorted());
});

test('where CI runs there is a kubectl', () => {
  if (process.env['CI'] === 'true') expect(kubectl).not.toBe('none');
  else expect(['none', 'old', 'recent']).toContain(kubectl);
});

// Debian's kubectl of bookworm has Kustomize 2.0.3, which knows no components: there only our own renderer is tried.
describe.skipIf(kubectl !== 'recent')('kubectl kustomize (a recent one)', () => {
  test.each(DIRECTORIES)('builds %s as our own renderer does', (path) => {
    const directory = join(guardFolder, path);
    expect(byName(kubectlKustomize(directory))).toEqual(byName(renderKustomization(directory)));
  });

  test.each(ENVIRONMENTS)('builds %s with the component workload-policies', (environment) => {
    const built = withKustomization(environment, ADDABLE, kubectlKustomize);
    expect(byName(built)).toEqual(byName(overlayWith(environment, ADDABLE)));
  });
});
