/** The rules as people and Git meet them: calls of a developer to a real API server, with the guard behind it. */
import { describe, expect, test } from 'vitest';
import type { ApiAnswer } from './api.ts';
import type { ControlPlane } from './control-plane.ts';
import type { GuardProcess } from './guard-process.ts';
import { deployment, hpa, pathOf } from './objects.ts';
import { useCluster } from './use-cluster.ts';
import { type Registration, createGuarded, hasMatchConditions, putUnderGuard, register } from './webhook.ts';

let plane: ControlPlane;
let guard: GuardProcess;
let seed: Registration;
let count = 0;

useCluster(async (cluster) => {
  plane = cluster.plane;
  guard = await cluster.startGuard({ name: 'seed', rules: { mode: 'seed' } });
  // Without match conditions everything reaches the guard, on every version: its own ratchet is what is tested here.
  seed = { name: 'seed', guards: [guard], matchConditions: false };
  await register(plane, seed);
});

/** A namespace under the guard. */
function under(): Promise<string> {
  count += 1;
  return createGuarded(plane, 'seed', `shop-${count}`);
}

/** A namespace with a Deployment of one replica under an HPA, as it was before the guard came. */
async function withExisting(options: { readonly min?: number; readonly finalizers?: readonly string[] } = {}) {
  count += 1;
  const namespace = await plane.createNamespace(`old-${count}`);
  const { min = 1, finalizers = [] } = options;
  expectStatus(await plane.developer.create(pathOf('hpa', namespace), hpa('web-scaler', { target: 'web', min })), 201);
  expectStatus(
    await plane.developer.create(pathOf('deployment', namespace), deployment('web', { replicas: 1, finalizers })),
    201,
  );
  await putUnderGuard(plane, seed, namespace);
  return namespace;
}

async function make(namespace: string, replicas: number | undefined, min: number | undefined): Promise<void> {
  expectStatus(await plane.developer.create(pathOf('deployment', namespace), deployment('web', { replicas })), 201);
  if (min === undefined) return;
  expectStatus(await plane.developer.create(pathOf('hpa', namespace), hpa('web-scaler', { target: 'web', min })), 201);
}

function expectStatus(answer: ApiAnswer, status: number): void {
  expect({ status: answer.status, message: answer.message }).toEqual({ status, message: answer.message });
}

/** Denied with the name of the other object, and with ways out. */
function expectDenied(answer: ApiAnswer, other: string): void {
  expectStatus(answer, 403);
  expect(answer.body['reason']).toBe('Forbidden');
  expect(answer.message).toContain('denied the request');
  expect(answer.message).toContain(other);
}

function expectWarned(answer: ApiAnswer, status: number): void {
  expectStatus(answer, status);
  expect(answer.warnings).not.toEqual([]);
}

function expectAllowed(answer: ApiAnswer, status: number): void {
  expectStatus(answer, status);
  expect(answer.warnings.filter((text) => !text.includes('is deprecated'))).toEqual([]);
}

describe('new objects', () => {
  test('a Deployment with one replica is refused where an HPA waits for it, by a message with both ways out', async () => {
    const namespace = await under();
    expectAllowed(
      await plane.developer.create(pathOf('hpa', namespace), hpa('web-scaler', { target: 'web', min: 2 })),
      201,
    );
    const answer = await plane.developer.create(pathOf('deployment', namespace), deployment('web', { replicas: 1 }));
    expectDenied(answer, 'web-scaler');
    expect(answer.message).toMatch(/replicas/);
    expect((await plane.developer.get(pathOf('deployment', namespace, 'web'))).status).toBe(404);
  });

  test('a Deployment without a number of replicas counts as one', async () => {
    const namespace = await under();
    expectStatus(
      await plane.developer.create(pathOf('hpa', namespace), hpa('web-scaler', { target: 'web', min: 2 })),
      201,
    );
    expectDenied(await plane.developer.create(pathOf('deployment', namespace), deployment('web')), 'web-scaler');
  });

  test('a Deployment with two replicas is fine', async () => {
    const namespace = await under();
    expectStatus(
      await plane.developer.create(pathOf('hpa', namespace), hpa('web-scaler', { target: 'web', min: 2 })),
      201,
    );
    expectAllowed(
      await plane.developer.create(pathOf('deployment', namespace), deployment('web', { replicas: 2 })),
      201,
    );
  });

  test('a paused Deployment (0) under an HPA is allowed with a warning', async () => {
    const namespace = await under();
    expectStatus(
      await plane.developer.create(pathOf('hpa', namespace), hpa('web-scaler', { target: 'web', min: 2 })),
      201,
    );
    expectWarned(
      await plane.developer.create(pathOf('deployment', namespace), deployment('web', { replicas: 0 })),
      201,
    );
  });

  test('an HPA on a Deployment with one replica is refused, as `kubectl autoscale` would make it', async () => {
    const namespace = await under();
    await make(namespace, 1, undefined);
    const answer = await plane.developer.create(pathOf('hpa', namespace), hpa('web-scaler', { target: 'web', min: 2 }));
    expectDenied(answer, 'web');
  });

  test('an HPA on a Deployment that is not there is allowed', async () => {
    const namespace = await under();
    expectAllowed(await plane.developer.create(pathOf('hpa', namespace), hpa('early', { min: 1 })), 201);
  });

  test('the two are told apart by group and kind: an HPA on another kind of the same name is no concern', async () => {
    const namespace = await under();
    await make(namespace, 1, undefined);
    const other = hpa('web-scaler', { target: 'web', targetKind: 'Deployment', targetVersion: 'example.com/v1' });
    expectAllowed(await plane.developer.create(pathOf('hpa', namespace), other), 201);
    const set = hpa('web-set', { target: 'web', targetKind: 'StatefulSet' });
    expectAllowed(await plane.developer.create(pathOf('hpa', namespace), set), 201);
  });

  test('extensions/v1beta1 in a scaleTargetRef means apps', async () => {
    const namespace = await under();
    await make(namespace, 1, undefined);
    const old = hpa('web-scaler', { target: 'web', targetVersion: 'extensions/v1beta1' });
    expectDenied(await plane.developer.create(pathOf('hpa', namespace), old), 'web');
  });

  test('an HPA of another namespace is no concern', async () => {
    const [one, other] = [await under(), await under()];
    expectStatus(await plane.developer.create(pathOf('hpa', one), hpa('web', { min: 2 })), 201);
    expectAllowed(await plane.developer.create(pathOf('deployment', other), deployment('web', { replicas: 1 })), 201);
  });

  test('a generated name is allowed: nothing can target it yet', async () => {
    const namespace = await under();
    const { name: _, ...metadata } = { ...deployment('x')['metadata'], generateName: 'web-' };
    const generated = { ...deployment('x', { replicas: 1 }), metadata };
    expectAllowed(await plane.developer.create(pathOf('deployment', namespace), generated), 201);
  });
});

describe('changes', () => {
  test('an update from three replicas to one is refused', async () => {
    const namespace = await under();
    await make(namespace, 3, 2);
    const now = (await plane.developer.get(pathOf('deployment', namespace, 'web'))).body;
    const changed = { ...now, spec: { ...now['spec'], replicas: 1 } };
    expectDenied(await plane.developer.update(pathOf('deployment', namespace, 'web'), changed), 'web-scaler');
  });

  test.each(['strategic-merge', 'merge'] as const)('a %s patch to one replica is refused', async (kind) => {
    const namespace = await under();
    await make(namespace, 3, 2);
    const patch = { spec: { replicas: 1 } };
    expectDenied(await plane.developer.patch(pathOf('deployment', namespace, 'web'), patch, { kind }), 'web-scaler');
    expectAllowed(
      await plane.developer.patch(pathOf('deployment', namespace, 'web'), { spec: { replicas: 2 } }, { kind }),
      200,
    );
  });

  test('a patch that removes the number of replicas is a patch to one', async () => {
    const namespace = await under();
    await make(namespace, 3, 2);
    const patch = [{ op: 'remove', path: '/spec/replicas' }];
    expectDenied(
      await plane.developer.patch(pathOf('deployment', namespace, 'web'), patch, { kind: 'json' }),
      'web-scaler',
    );
  });

  test('`kubectl scale` to one is refused for a person, by PUT and by PATCH', async () => {
    const namespace = await under();
    await make(namespace, 3, 2);
    const path = `${pathOf('deployment', namespace, 'web')}/scale`;
    const scale = (await plane.developer.get(path)).body;
    const changed = { ...scale, spec: { replicas: 1 } };
    expectDenied(await plane.developer.update(path, changed), 'web-scaler');
    expectDenied(await plane.developer.patch(path, { spec: { replicas: 1 } }, { kind: 'merge' }), 'web-scaler');
  });

  test('`kubectl scale` to zero is allowed with a warning, to two without', async () => {
    const namespace = await under();
    await make(namespace, 3, 2);
    const path = `${pathOf('deployment', namespace, 'web')}/scale`;
    expectAllowed(await plane.developer.patch(path, { spec: { replicas: 2 } }, { kind: 'merge' }), 200);
    expectWarned(await plane.developer.patch(path, { spec: { replicas: 0 } }, { kind: 'merge' }), 200);
  });

  test('the account of the HPA controller may scale to one, and is counted', async () => {
    const namespace = await under();
    await make(namespace, 3, 1);
    const before = await guard.count('guard_bypasses_total');
    const path = `${pathOf('deployment', namespace, 'web')}/scale`;
    const scale = (await plane.hpaController.get(path)).body;
    expectStatus(await plane.hpaController.update(path, { ...scale, spec: { replicas: 1 } }), 200);
    expect(await guard.count('guard_bypasses_total')).toBe(before + 1);
  });

  test('an HPA that turns to a Deployment with one replica is refused', async () => {
    const namespace = await under();
    expectStatus(
      await plane.developer.create(pathOf('deployment', namespace), deployment('two', { replicas: 2 })),
      201,
    );
    expectStatus(
      await plane.developer.create(pathOf('deployment', namespace), deployment('one', { replicas: 1 })),
      201,
    );
    expectStatus(await plane.developer.create(pathOf('hpa', namespace), hpa('scaler', { target: 'two', min: 2 })), 201);
    const patch = { spec: { scaleTargetRef: { name: 'one' } } };
    expectDenied(await plane.developer.patch(pathOf('hpa', namespace, 'scaler'), patch), 'one');
  });
});

describe('what was in breach before the guard came', () => {
  test.each([
    [
      'an image update',
      { spec: { template: { spec: { containers: [{ name: 'main', image: 'registry.example.com/web:2' }] } } } },
    ],
    ['a pause of the rollout', { spec: { paused: true } }],
    [
      '`kubectl rollout restart`',
      {
        spec: {
          template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': '2026-01-01T00:00:00Z' } } },
        },
      },
    ],
    ['an annotation', { metadata: { annotations: { note: 'x' } } }],
  ])('%s is allowed, with the warning that kubectl prints', async (_what, patch) => {
    const namespace = await withExisting();
    const answer = await plane.developer.patch(pathOf('deployment', namespace, 'web'), patch);
    expectWarned(answer, 200);
    expect(answer.warnings.join('\n')).toContain('web-scaler');
  });

  test('it is counted as existing', async () => {
    const namespace = await withExisting();
    const before = await guard.count('guard_existing_violations_total');
    await plane.developer.patch(pathOf('deployment', namespace, 'web'), { metadata: { annotations: { note: 'y' } } });
    expect(await guard.count('guard_existing_violations_total')).toBe(before + 1);
  });

  test('raising the minimum of the HPA is allowed', async () => {
    const namespace = await withExisting();
    const answer = await plane.developer.patch(pathOf('hpa', namespace, 'web-scaler'), { spec: { minReplicas: 2 } });
    expectStatus(answer, 200);
  });

  test('raising the Deployment is allowed without a warning', async () => {
    const namespace = await withExisting();
    const answer = await plane.developer.patch(pathOf('deployment', namespace, 'web'), { spec: { replicas: 2 } });
    expectAllowed(answer, 200);
  });

  test('removing the finalizer of a terminating Deployment is allowed, and it goes', async () => {
    const namespace = await withExisting({ finalizers: ['example.com/hold'] });
    const path = pathOf('deployment', namespace, 'web');
    expectStatus(await plane.developer.delete(path), 200);
    expect((await plane.developer.get(path)).body['metadata'].deletionTimestamp).toBeDefined();
    expectAllowed(await plane.developer.patch(path, { metadata: { finalizers: null } }, { kind: 'merge' }), 200);
    expect((await plane.developer.get(path)).status).toBe(404);
  });

  test('deleting either of the two is allowed', async () => {
    const namespace = await withExisting();
    expectStatus(await plane.developer.delete(pathOf('hpa', namespace, 'web-scaler')), 200);
    expectStatus(await plane.developer.delete(pathOf('deployment', namespace, 'web')), 200);
  });
});

describe('requests of other kinds', () => {
  test('a dry run gets the same decision and reserves nothing', async () => {
    const namespace = await under();
    expectStatus(
      await plane.developer.create(pathOf('hpa', namespace), hpa('web-scaler', { target: 'web' }), { dryRun: true }),
      201,
    );
    // Had the dry run counted, this one would be refused.
    expectAllowed(
      await plane.developer.create(pathOf('deployment', namespace), deployment('web', { replicas: 1 })),
      201,
    );
    const answer = await plane.developer.create(pathOf('hpa', namespace), hpa('web-scaler', { target: 'web' }), {
      dryRun: true,
    });
    expectDenied(answer, 'web');
  });

  test('the same request twice gets the same answer', async () => {
    const namespace = await under();
    await make(namespace, 1, undefined);
    const ask = () => plane.developer.create(pathOf('hpa', namespace), hpa('web-scaler', { target: 'web' }));
    const [one, two] = [await ask(), await ask()];
    expect(two.body).toEqual(one.body);
  });

  test('kube-system is left alone even when the webhook is sent its requests', async () => {
    await plane.admin.patch('/api/v1/namespaces/kube-system', {
      metadata: { labels: { 'test.funade.dev/guard': 'seed' } },
    });
    const names = ['web-a', 'web-b', 'web-c'];
    for (const name of names) {
      expectStatus(await plane.admin.create(pathOf('hpa', 'kube-system'), hpa(name)), 201);
      expectAllowed(
        await plane.admin.create(pathOf('deployment', 'kube-system'), deployment(name, { replicas: 1 })),
        201,
      );
    }
  });

  test('numbers that are none are refused by the API server itself, before the guard, and harm neither', async () => {
    const namespace = await under();
    const errors = await guard.count('webhook_validation_errors_total');
    for (const replicas of ['1', 1.5, -1]) {
      const bad = deployment('web');
      bad['spec'].replicas = replicas;
      const { status } = await plane.developer.create(pathOf('deployment', namespace), bad);
      expect([400, 422]).toContain(status);
    }
    expect(await guard.count('webhook_validation_errors_total')).toBe(errors);
    expectAllowed(
      await plane.developer.create(pathOf('deployment', namespace), deployment('web', { replicas: 2 })),
      201,
    );
  });
});

describe('versions of the API', () => {
  const versions = ['v1', 'v2', 'v2beta2'] as const;
  const places = { v1: 'hpa', v2: 'hpaV2', v2beta2: 'hpaV2beta2' } as const;

  test.each(versions)(
    'an HPA of autoscaling/%s is judged alike wherever the API server has that version',
    async (version) => {
      const namespace = await under();
      await make(namespace, 1, undefined);
      const path = pathOf(places[version], namespace);
      const served = (await plane.developer.get(path)).status === 200;
      const answer = await plane.developer.create(path, hpa('web-scaler', { target: 'web', min: 2, version }));
      if (served) expectDenied(answer, 'web');
      else expectStatus(answer, 404);
    },
  );

  test('at least two versions were there to be judged', async () => {
    const namespace = await under();
    const answers = await Promise.all(
      versions.map((version) => plane.developer.get(pathOf(places[version], namespace))),
    );
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(2);
    expect(hasMatchConditions(plane)).toBe(plane.assets.minor >= 27);
  });
});
