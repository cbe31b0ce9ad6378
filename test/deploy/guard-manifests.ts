import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Manifest, readManifests, renderKustomization } from './kustomize.ts';

export const repository = fileURLToPath(new URL('../../', import.meta.url));
export const guardFolder = join(repository, 'deploy/guard');
export const ENVIRONMENTS = ['development', 'staging', 'production'] as const;
export const COMPONENTS = ['fail-open', 'existing-violations', 'workload-policies', 'monitoring'] as const;

const rendered = new Map<string, readonly Manifest[]>();

/** Objects of an overlay. */
export function overlay(environment: string): readonly Manifest[] {
  const found = rendered.get(environment) ?? renderKustomization(join(guardFolder, 'overlays', environment));
  rendered.set(environment, found);
  return found;
}

/** An overlay with more components, as somebody would put it together. */
export function overlayWith(environment: string, components: readonly string[]): readonly Manifest[] {
  return withKustomization(environment, components, renderKustomization);
}

export function withKustomization<T>(
  environment: string,
  components: readonly string[],
  use: (directory: string) => T,
): T {
  // Kustomize refuses absolute paths, and what lies above the repository is none of its business.
  const directory = mkdtempSync(join(repository, 'test/deploy/.kustomization-'));
  try {
    const path = (rest: string): string => relative(directory, join(guardFolder, rest));
    writeFileSync(
      join(directory, 'kustomization.yaml'),
      JSON.stringify({
        resources: [path(`overlays/${environment}`)],
        components: components.map((name) => path(`components/${name}`)),
      }),
    );
    return use(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

export function one(objects: readonly Manifest[], kind: string, name = 'funade-guard'): Manifest {
  const found = objects.filter((object) => object.kind === kind && object.metadata.name === name);
  const [first] = found;
  if (first === undefined || found.length > 1) throw new Error(`${found.length} of ${kind} ${name}`);
  return first;
}

export interface Webhook {
  readonly name: string;
  readonly failurePolicy: string;
  readonly timeoutSeconds: number;
  readonly matchPolicy: string;
  readonly sideEffects: string;
  readonly admissionReviewVersions: readonly string[];
  readonly clientConfig: {
    readonly service: {
      readonly name: string;
      readonly namespace: string;
      readonly port: number;
      readonly path: string;
    };
  };
  readonly namespaceSelector: unknown;
  readonly rules: readonly {
    readonly apiGroups: readonly string[];
    readonly apiVersions: readonly string[];
    readonly resources: readonly string[];
    readonly operations: readonly string[];
    readonly scope: string;
  }[];
  readonly matchConditions: readonly { readonly name: string; readonly expression: string }[];
}

export function webhooksOf(objects: readonly Manifest[], name = 'funade-guard'): readonly Webhook[] {
  return one(objects, 'ValidatingWebhookConfiguration', name)['webhooks'] as readonly Webhook[];
}

/** What `kubectl kustomize` there is: `recent` knows components (kubectl ≥ 1.22). */
export function kubectlHere(): 'none' | 'old' | 'recent' {
  const { error, stdout } = spawnSync('kubectl', ['version', '--client', '-o', 'json'], { encoding: 'utf8' });
  if (error !== undefined) return 'none';
  const version = JSON.parse(stdout) as { readonly clientVersion: { readonly major: string; readonly minor: string } };
  const { major, minor } = version.clientVersion;
  return Number(major) > 1 || Number.parseInt(minor, 10) >= 22 ? 'recent' : 'old';
}

export function kubectlKustomize(directory: string): readonly Manifest[] {
  const { status, stdout, stderr } = spawnSync('kubectl', ['kustomize', directory], {
    cwd: dirname(directory),
    encoding: 'utf8',
    maxBuffer: 16 * 1024 ** 2,
  });
  if (status !== 0) throw new Error(stderr);
  return readManifests(stdout);
}
