import { expect } from 'vitest';
import { type GuardConfig, loadGuardConfig } from '../../src/config/index.ts';
import { one } from './guard-manifests.ts';
import type { Manifest } from './kustomize.ts';

interface Container {
  readonly env: readonly { readonly name: string; readonly value?: string }[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}

export interface PodSpec {
  readonly containers: readonly [Container & Readonly<Record<string, unknown>>];
  readonly volumes: readonly { readonly name: string; readonly configMap?: { readonly name: string } }[];
  readonly terminationGracePeriodSeconds: number;
  readonly [field: string]: unknown;
}

export function podOf(objects: readonly Manifest[]): PodSpec {
  const { template } = one(objects, 'Deployment')['spec'] as { readonly template: { readonly spec: PodSpec } };
  return template.spec;
}

/** Settings as a pod of these manifests reads them. */
export function guardConfigOf(objects: readonly Manifest[]): GuardConfig {
  const { containers, volumes } = podOf(objects);
  const [container] = containers;
  const volume = volumes.find(({ configMap }) => configMap !== undefined);
  const mount = container.volumeMounts.find(({ name }) => name === volume?.name);
  const data = one(objects, 'ConfigMap', volume?.configMap?.name ?? '')['data'] as Readonly<Record<string, string>>;
  const env = Object.fromEntries(container.env.map(({ name, value }) => [name, value ?? 'funade-guard']));
  const loaded = loadGuardConfig({
    flags: {},
    env,
    readFile: () => undefined,
    readDirectory: (path) => (path === mount?.mountPath ? new Map(Object.entries(data)) : undefined),
  });
  expect(loaded).toMatchObject({ ok: true });
  if (!loaded.ok) throw new Error('The configuration of the overlay is faulty');
  expect(loaded.value.origins['mode']?.[0]?.source).toBe('file');
  return loaded.value;
}
