import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ENVIRONMENTS, guardFolder, one, overlay, overlayWith, repository } from './guard-manifests.ts';
import { type Manifest, readManifests, renderKustomization } from './kustomize.ts';

const folder = join(guardFolder, 'argocd');
const settings = renderKustomization(join(folder, 'settings'));
const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { readonly version: string };

interface ApplicationSpec {
  readonly project: string;
  readonly source: { readonly repoURL: string; readonly targetRevision: string; readonly path: string };
  readonly destination: { readonly name: string; readonly namespace: string };
  readonly syncPolicy: {
    readonly automated: { readonly prune: boolean; readonly selfHeal: boolean };
    readonly syncOptions: readonly string[];
  };
  readonly ignoreDifferences: readonly unknown[];
}

interface ProjectSpec {
  readonly sourceRepos: readonly string[];
  readonly destinations: readonly { readonly name: string; readonly namespace: string }[];
  readonly clusterResourceWhitelist: readonly GroupKind[];
  readonly namespaceResourceWhitelist: readonly GroupKind[];
}

interface GroupKind {
  readonly group: string;
  readonly kind: string;
}

function read(name: string): Manifest {
  const [manifest] = readManifests(readFileSync(join(folder, `${name}.yaml`), 'utf8'));
  if (manifest === undefined) throw new Error(`${name} is empty`);
  return manifest;
}

const project = read('project')['spec'] as ProjectSpec;

describe.each(ENVIRONMENTS)('the Application of %s', (environment) => {
  const spec = read(environment)['spec'] as ApplicationSpec;

  test('is pinned to the version of this repository, as its image is', () => {
    expect(spec.source.targetRevision).toBe(`v${version}`);
    expect(spec.source.path).toBe(`deploy/guard/overlays/${environment}`);
    expect(JSON.stringify(overlay(environment))).toContain(`/funade-guard:${version}"`);
  });

  test('is allowed by the project', () => {
    expect(spec.project).toBe('funade-guard');
    expect(project.sourceRepos).toContain(spec.source.repoURL);
    expect(project.destinations).toContainEqual(spec.destination);
  });

  test('syncs by itself, prunes and heals, and leaves caBundle to cert-manager', () => {
    expect(spec.syncPolicy.automated).toMatchObject({ prune: true, selfHeal: true });
    expect(spec.syncPolicy.syncOptions).toContain('RespectIgnoreDifferences=true');
    expect(spec.ignoreDifferences).toEqual([
      {
        group: 'admissionregistration.k8s.io',
        kind: 'ValidatingWebhookConfiguration',
        jqPathExpressions: ['.webhooks[]?.clientConfig.caBundle'],
      },
    ]);
  });

  test('brings the webhook configuration last, after everything that it calls', () => {
    const waves = new Map(overlay(environment).map((object) => [object, waveOf(object)]));
    const last = Math.max(...waves.values());
    for (const [object, wave] of waves)
      expect(wave === last, `${object.kind} ${object.metadata.name}`).toBe(
        object.kind === 'ValidatingWebhookConfiguration',
      );
    const wave = (kind: string, name?: string): number => waveOf(one(overlay(environment), kind, name));
    const order = [
      wave('Namespace'),
      wave('Issuer', 'funade-guard-self-signed'),
      wave('Certificate'),
      wave('Deployment'),
    ];
    expect(order).toEqual([...new Set(order)].toSorted((first, second) => first - second));
  });
});

test('the project allows the kinds that the manifests hold, and no other', () => {
  const kinds = (isClustered: boolean): readonly string[] => {
    const objects = ENVIRONMENTS.flatMap((environment) => overlayWith(environment, ['workload-policies']));
    const found = objects.filter(({ metadata }) => (metadata.namespace === undefined) === isClustered);
    return [...new Set(found.map(({ apiVersion, kind }) => `${groupOf(apiVersion)}/${kind}`))].toSorted();
  };
  const allowed = (list: readonly GroupKind[]) => list.map(({ group, kind }) => `${group}/${kind}`).toSorted();
  expect(allowed(project.clusterResourceWhitelist)).toEqual(kinds(true));
  expect(allowed(project.namespaceResourceWhitelist)).toEqual(kinds(false));
  expect([...project.sourceRepos, ...project.destinations.flatMap((each) => Object.values(each))].join()).not.toContain(
    '*',
  );
});

test('the Applications subscribe to triggers that exist, and each trigger sends a template that exists', () => {
  const { data } = one(settings, 'ConfigMap', 'argocd-notifications-cm') as unknown as {
    readonly data: Readonly<Record<string, string>>;
  };
  const names = (prefix: string) =>
    Object.keys(data).flatMap((key) => (key.startsWith(prefix) ? [key.slice(prefix.length)] : []));
  const subscribed = ENVIRONMENTS.flatMap((environment) =>
    Object.keys(read(environment).metadata.annotations ?? {}).map((key) => /subscribe\.([^.]+)\./.exec(key)?.[1]),
  );
  expect(new Set(subscribed)).toEqual(new Set(names('trigger.')));
  const sent = names('trigger.').map((name) => /send: \[([^\]]+)\]/.exec(data[`trigger.${name}`] ?? '')?.[1]);
  expect(sent).toEqual(names('template.'));
});

function waveOf({ metadata }: Manifest): number {
  return Number(metadata.annotations?.['argocd.argoproj.io/sync-wave'] ?? 0);
}

function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
}

const hasLua = spawnSync('lua5.1', ['-v']).error === undefined;

// Debian's package `lua5.1`; where CI runs it has to be there. Argo CD has the same version of the language.
describe.skipIf(!hasLua && process.env['CI'] !== 'true')('health', () => {
  const place = mkdtempSync(join(tmpdir(), 'funade-guard-health-'));
  afterAll(() => rmSync(place, { recursive: true }));
  const { data } = one(settings, 'ConfigMap', 'argocd-cm') as unknown as {
    readonly data: Readonly<Record<string, string>>;
  };

  test('every script is one that Argo CD is given', () => {
    const scripts = readdirSync(join(folder, 'settings/health'));
    expect(Object.values(data).toSorted()).toEqual(
      scripts.map((name) => readFileSync(join(folder, 'settings/health', name), 'utf8')).toSorted(),
    );
  });

  const injected = { annotations: { 'cert-manager.io/inject-ca-from': 'funade-guard/funade-guard' } };
  const service = { service: { name: 'funade-guard', namespace: 'funade-guard' } };
  const webhook = (clientConfig: object) => ({ name: 'scale.guard.funade.dev', clientConfig });

  test.each([
    [
      'Healthy',
      'every webhook has its authority',
      { metadata: injected, webhooks: [webhook({ ...service, caBundle: 'LS0t' })] },
    ],
    [
      'Progressing',
      'cert-manager has yet to write one',
      { metadata: injected, webhooks: [webhook({ ...service, caBundle: 'LS0t' }), webhook(service)] },
    ],
    [
      'Progressing',
      'it stands there as a line end',
      { metadata: injected, webhooks: [webhook({ ...service, caBundle: 'Cg==' })] },
    ],
    ['Degraded', 'nobody was asked to write one', { metadata: { name: 'x' }, webhooks: [webhook(service)] }],
    [
      'Healthy',
      'it is called by its URL',
      { metadata: {}, webhooks: [webhook({ url: 'https://guard.example.com/validate' })] },
    ],
    ['Degraded', 'there is no webhook', { metadata: injected }],
  ])('of a webhook configuration is %s: %s', (status, _reason, object) => {
    expect(healthOf('admissionregistration.k8s.io_ValidatingWebhookConfiguration', object)).toMatchObject({ status });
  });

  test.each([
    ['Progressing', 'nothing is said yet', {}],
    [
      'Progressing',
      'it is being issued',
      { status: conditions(['Issuing', 'True', 'DoesNotExist'], ['Ready', 'False', 'DoesNotExist']) },
    ],
    ['Healthy', 'it is there', { status: conditions(['Ready', 'True', 'Ready']) }],
    [
      'Healthy',
      'it is renewed while the old one serves',
      { status: conditions(['Ready', 'True', 'Ready'], ['Issuing', 'True', 'Renewing']) },
    ],
    [
      'Degraded',
      'it could not be issued',
      { status: conditions(['Ready', 'False', 'DoesNotExist'], ['Issuing', 'False', 'Failed']) },
    ],
    ['Degraded', 'it has ended', { status: conditions(['Ready', 'False', 'Expired']) }],
    [
      'Progressing',
      'what is said is about what it was before',
      { metadata: { generation: 2 }, status: conditions(['Ready', 'True', 'Ready', 1]) },
    ],
    [
      'Healthy',
      'what is said is about what it is',
      { metadata: { generation: 2 }, status: conditions(['Ready', 'True', 'Ready', 2]) },
    ],
  ])('of a certificate is %s: %s', (status, _reason, object) => {
    expect(healthOf('cert-manager.io_Certificate', object)).toMatchObject({ status });
  });

  function healthOf(kind: string, object: object): { readonly status: string; readonly message: string } {
    writeFileSync(join(place, 'script.lua'), data[`resource.customizations.health.${kind}`] ?? '');
    writeFileSync(join(place, 'object.lua'), `return ${lua(object)}`);
    const runner = join(repository, 'test/deploy/health/run.lua');
    const { status, stdout, stderr } = spawnSync('lua5.1', [runner, 'script.lua', 'object.lua'], {
      cwd: place,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const [health = '', message = ''] = stdout.split('\n');
    expect(message).toMatch(/\S/);
    return { status: health, message };
  }
});

type Condition = readonly [type: string, status: string, reason: string, observedGeneration?: number];

function conditions(...list: readonly Condition[]): object {
  return {
    conditions: list.map(([type, status, reason, observedGeneration]) => ({
      type,
      status,
      reason,
      observedGeneration,
    })),
  };
}

/** A value of JSON as a Lua table. */
function lua(value: unknown): string {
  if (Array.isArray(value)) return `{${value.map(lua).join(', ')}}`;
  if (typeof value !== 'object' || value === null) return value === undefined ? 'nil' : JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, each]) => `[${JSON.stringify(key)}] = ${lua(each)}`)
    .join(', ')}}`;
}
