/** deploy/guard/validating-admission-policy against the guard itself: the same requests, the same answers. */
import { expect, test } from 'vitest';
import type { Api, ApiAnswer, Json } from './api.ts';
import { assetsDirectory, readAssets } from './assets.ts';
import { until } from './child.ts';
import type { ControlPlane } from './control-plane.ts';
import { readManifestFile } from './guard-manifests.ts';
import { deployment, hpa, pathOf } from './objects.ts';
import { useCluster } from './use-cluster.ts';
import { putUnderGuard, register } from './webhook.ts';

const SINCE = 30;
const MODES = ['seed', 'strict', 'effective'] as const;
type Mode = (typeof MODES)[number];
const LABEL = 'test.funade.dev/policies';
const PLACE = '/apis/admissionregistration.k8s.io/v1';
const RESOURCES = {
  ValidatingAdmissionPolicy: 'validatingadmissionpolicies',
  ValidatingAdmissionPolicyBinding: 'validatingadmissionpolicybindings',
} as const;

const { version, minor, controllerManager } = await readAssets(assetsDirectory() ?? '');
const isServed = minor >= SINCE;
if (!isServed) console.warn(`!! SKIPPED: ${version} has no ValidatingAdmissionPolicy v1 (from 1.${SINCE} on).`);

let plane: ControlPlane;

useCluster(async (cluster) => {
  if (!isServed) return;
  plane = cluster.plane;
  for (const mode of MODES) {
    for (const object of await readManifestFile(`validating-admission-policy/${mode}.yaml`)) await apply(mode, object);
    const guard = await cluster.startGuard({ name: mode, rules: { mode } });
    const registration = { name: mode, guards: [guard], matchConditions: false };
    await register(plane, registration);
    const [judged, guarded] = [`policies-${mode}`, `guard-${mode}`];
    for (const namespace of [judged, guarded]) {
      await plane.createNamespace(namespace);
      for (const row of ROWS) for (const object of row.before) await create(namespace, object);
      await create(namespace, hpa('probe-autoscaler', { target: 'probe-one', min: 1 }));
      await create(namespace, deployment('probe-deployment', { replicas: 1 }));
    }
    await putUnderGuard(plane, registration, guarded);
    await plane.admin.patch(`/api/v1/namespaces/${judged}`, { metadata: { labels: { [LABEL]: mode } } });
    // Both kinds of parameters have arrived, and what was made before them as well.
    const probes = [
      [pathOf('deployment', judged), deployment('probe-one', { replicas: 1 })],
      [pathOf('hpa', judged), hpa('probe', { target: 'probe-deployment', min: 1 })],
    ] as const;
    for (const [path, object] of probes) {
      await until(`the policies of mode ${mode} act`, async () => {
        return (await plane.developer.create(path, object, { dryRun: true })).message.includes(
          'ValidatingAdmissionPolicy',
        );
      });
    }
  }
});

/** The three modes stand side by side: each under names of its own, each bound to its namespace. */
async function apply(mode: Mode, object: Json): Promise<void> {
  const kind = object['kind'] as keyof typeof RESOURCES;
  const named = { ...object, metadata: { ...object['metadata'], name: `${mode}-${object['metadata'].name}` } };
  const matchResources = { namespaceSelector: { matchLabels: { [LABEL]: mode } } };
  const bound = { ...object['spec'], policyName: `${mode}-${object['spec'].policyName}`, matchResources };
  const sent = kind === 'ValidatingAdmissionPolicyBinding' ? { ...named, spec: bound } : named;
  const { status, message } = await plane.admin.create(`${PLACE}/${RESOURCES[kind]}`, sent);
  if (status !== 201) throw new Error(`${kind} ${named.metadata.name}: ${status} ${message}`);
}

async function create(namespace: string, object: Json): Promise<void> {
  const kind = object['kind'] === 'Deployment' ? 'deployment' : 'hpa';
  const { status, message } = await plane.developer.create(pathOf(kind, namespace), object);
  if (status !== 201) throw new Error(`${namespace}/${object['metadata'].name}: ${status} ${message}`);
}

interface Row {
  readonly what: string;
  readonly before: readonly Json[];
  act(api: Api, namespace: string): Promise<ApiAnswer>;
}

const dry = { dryRun: true };
const at = (name: string, replicas: number) => deployment(name, { replicas });
const on = (name: string, min: number | undefined) => hpa(name, { min });
const make = (object: Json) => (api: Api, namespace: string) =>
  api.create(pathOf(object['kind'] === 'Deployment' ? 'deployment' : 'hpa', namespace), object, dry);
const change = (kind: 'deployment' | 'hpa', name: string, patch: Json) => (api: Api, namespace: string) =>
  api.patch(pathOf(kind, namespace, name), patch, dry);
const scale = (name: string, replicas: number) => (api: Api, namespace: string) =>
  api.patch(`${pathOf('deployment', namespace, name)}/scale`, { spec: { replicas } }, { ...dry, kind: 'merge' });

const ROWS: readonly Row[] = [
  { what: 'D(1) where H(2) is', before: [on('a', 2)], act: make(at('a', 1)) },
  { what: 'D(1) where H(1) is', before: [on('b', 1)], act: make(at('b', 1)) },
  { what: 'D without a number where H(2) is', before: [on('c', 2)], act: make(deployment('c')) },
  { what: 'D(2) where H(2) is', before: [on('d', 2)], act: make(at('d', 2)) },
  { what: 'D(0) where H(2) is', before: [on('e', 2)], act: make(at('e', 0)) },
  { what: 'D(1) where no H is', before: [], act: make(at('f', 1)) },
  { what: 'H(2) where D(1) is', before: [at('g', 1)], act: make(on('g', 2)) },
  { what: 'H(1) where D(1) is', before: [at('h', 1)], act: make(on('h', 1)) },
  { what: 'H without a minimum where nothing is', before: [], act: make(on('i', undefined)) },
  { what: 'H(2) where D(3) is', before: [at('j', 3)], act: make(on('j', 2)) },
  {
    what: 'H(1) on another group where D(1) is',
    before: [at('k', 1)],
    act: make(hpa('k', { min: 2, targetVersion: 'example.com/v1' })),
  },
  {
    what: 'H(2) on extensions/v1beta1 where D(1) is',
    before: [at('l', 1)],
    act: make(hpa('l', { min: 2, targetVersion: 'extensions/v1beta1' })),
  },
  {
    what: 'an update 3 to 1 under H(2)',
    before: [at('m', 3), on('m', 2)],
    act: change('deployment', 'm', { spec: { replicas: 1 } }),
  },
  {
    what: 'an update 3 to 1 under H(1)',
    before: [at('n', 3), on('n', 1)],
    act: change('deployment', 'n', { spec: { replicas: 1 } }),
  },
  {
    what: 'an update 1 to 2 under H(1)',
    before: [at('o', 1), on('o', 1)],
    act: change('deployment', 'o', { spec: { replicas: 2 } }),
  },
  {
    what: 'a pause at 1 under H(1)',
    before: [at('p', 1), on('p', 1)],
    act: change('deployment', 'p', { spec: { paused: true } }),
  },
  {
    what: 'an annotation at 1 under H(2)',
    before: [at('q', 1), on('q', 2)],
    act: change('deployment', 'q', { metadata: { annotations: { a: 'b' } } }),
  },
  { what: 'a scale 3 to 1 under H(2)', before: [at('r', 3), on('r', 2)], act: scale('r', 1) },
  { what: 'a scale 3 to 1 under H(1)', before: [at('s', 3), on('s', 1)], act: scale('s', 1) },
  { what: 'a scale 3 to 0 under H(2)', before: [at('t', 3), on('t', 2)], act: scale('t', 0) },
  { what: 'a scale 3 to 2 under H(2)', before: [at('u', 3), on('u', 2)], act: scale('u', 2) },
  {
    what: 'a minimum 1 to 2 on D(1)',
    before: [at('v', 1), on('v', 1)],
    act: change('hpa', 'v', { spec: { minReplicas: 2 } }),
  },
  {
    what: 'a minimum 2 to 1 on D(1)',
    before: [at('w', 1), on('w', 2)],
    act: change('hpa', 'w', { spec: { minReplicas: 1 } }),
  },
  {
    what: 'a minimum 3 to 1 on D(3)',
    before: [at('x', 3), on('x', 3)],
    act: change('hpa', 'x', { spec: { minReplicas: 1 } }),
  },
  {
    what: 'a maximum on D(1)',
    before: [at('y', 1), on('y', 1)],
    act: change('hpa', 'y', { spec: { maxReplicas: 9 } }),
  },
  {
    what: 'H(2) that turns from D(2) to D(1)',
    before: [at('z-two', 2), at('z-one', 1), on('z-two', 2)],
    act: change('hpa', 'z-two', { spec: { scaleTargetRef: { name: 'z-one' } } }),
  },
];

const CASES = MODES.flatMap((mode) => ROWS.map((row) => ({ mode, ...row })));

test.skipIf(!isServed).each(CASES)('$mode: $what', async ({ mode, act }) => {
  const [ofPolicies, ofGuard] = [
    await act(plane.developer, `policies-${mode}`),
    await act(plane.developer, `guard-${mode}`),
  ];
  expect(outcomeOf(ofPolicies)).toEqual(outcomeOf(ofGuard));
});

test.skipIf(!isServed).each(MODES)('%s: the HPA controller may scale to one', async (mode) => {
  const path = `${pathOf('deployment', `policies-${mode}`, 'r')}/scale`;
  const { body } = await plane.hpaController.get(path);
  const { status } = await plane.hpaController.update(path, { ...body, spec: { replicas: 1 } }, dry);
  expect(status).toBe(200);
});

test.skipIf(!isServed || controllerManager === null)(
  'the type checker has nothing to say about any expression',
  async () => {
    await plane.startControllers();
    const policies = await until('all policies are checked', async () => {
      const { body } = await plane.admin.get(`${PLACE}/${RESOURCES.ValidatingAdmissionPolicy}`);
      const items = body['items'] as Json[];
      const isChecked = ({ metadata, status }: Json) =>
        status?.observedGeneration === metadata.generation && status.typeChecking;
      return items.length > 0 && items.every(isChecked) && items;
    });
    expect(
      policies.flatMap(({ metadata, status }) =>
        (status.typeChecking.expressionWarnings ?? []).map((warning: Json) => [metadata.name, warning]),
      ),
    ).toEqual([]);
  },
);

function outcomeOf({ status, warnings }: ApiAnswer): { readonly outcome: string; readonly warned: boolean } {
  const outcomes = new Map([
    [200, 'allowed'],
    [201, 'allowed'],
    [403, 'denied'],
  ]);
  return { outcome: outcomes.get(status) ?? String(status), warned: warnings.length > 0 };
}
