import { describe, expect, test } from 'vitest';
import { readDeployment } from './read-deployment.ts';
import { readHpa } from './read-hpa.ts';
import { readScale } from './read-scale.ts';

describe('a Deployment', () => {
  test('is read to the few fields of rules, in the namespace that is given', () => {
    const object = {
      metadata: {
        name: 'web',
        namespace: 'claimed',
        uid: 'u',
        annotations: { 'guard.funade.dev/bypass': 'why', other: 'x' },
      },
      spec: { replicas: 3, template: { metadata: { labels: { app: 'web', broken: 7 } } } },
    };
    expect(readDeployment(object, 'shop')).toEqual({
      ok: true,
      value: { namespace: 'shop', name: 'web', uid: 'u', replicas: 3, bypass: 'why', podLabels: { app: 'web' } },
    });
  });

  test.each([{}, { spec: null }, { spec: 'x' }, { spec: {} }, { spec: { replicas: null } }])(
    'without replicas (%j) has one',
    (object) => {
      expect(readDeployment(object, 'shop')).toMatchObject({ ok: true, value: { replicas: 1, podLabels: {} } });
    },
  );

  test('tells what it received instead of a number', () => {
    expect(readDeployment({ spec: { replicas: '1' } }, 'shop')).toMatchObject({
      ok: false,
      error: [{ path: 'spec.replicas', message: 'must be a whole number from 0 to 2147483647, not "1"' }],
    });
  });

  test('a fault never shows what is inside an object', () => {
    const read = readDeployment({ spec: { replicas: { password: 'secret' } } }, 'shop');
    expect(JSON.stringify(read)).not.toContain('secret');
  });
});

test('a Scale without replicas has none', () => {
  expect(readScale({ spec: {} }, 'shop')).toMatchObject({ ok: true, value: { replicas: 0 } });
});

describe('an HPA', () => {
  const target = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };

  test('is read with its target in its own namespace', () => {
    const object = {
      metadata: { name: 'web', namespace: 'claimed', uid: 'u' },
      spec: { scaleTargetRef: { ...target, namespace: 'claimed' } },
    };
    expect(readHpa(object, 'shop')).toEqual({
      ok: true,
      value: {
        namespace: 'shop',
        name: 'web',
        uid: 'u',
        target: { namespace: 'shop', group: 'apps', kind: 'Deployment', name: 'web' },
        minReplicas: 1,
        keda: false,
        bypass: null,
      },
    });
  });

  test.each([
    { apiVersion: 'apps/v1', group: 'apps' },
    { apiVersion: 'extensions/v1beta1', group: 'apps' },
    { apiVersion: 'v1', group: 'apps' },
    { apiVersion: '', group: 'apps' },
    { apiVersion: null, group: 'apps' },
    { apiVersion: undefined, group: 'apps' },
    { apiVersion: 'argoproj.io/v1alpha1', group: 'argoproj.io' },
  ])('with apiVersion $apiVersion targets the group $group', ({ apiVersion, group }) => {
    const read = readHpa({ spec: { scaleTargetRef: { ...target, apiVersion } } }, 'shop');
    expect(read).toMatchObject({ ok: true, value: { target: { group } } });
  });

  test.each([undefined, null, 'web', []])('with %j as target can not be read', (scaleTargetRef) => {
    expect(readHpa({ spec: { scaleTargetRef } }, 'shop')).toMatchObject({
      ok: false,
      error: [{ path: 'spec.scaleTargetRef' }],
    });
  });

  test('tells all its faults at once', () => {
    const read = readHpa({ spec: { minReplicas: -1, scaleTargetRef: { apiVersion: 7, name: '' } } }, 'shop');
    expect(read.ok ? [] : read.error.map(({ path }) => path)).toEqual([
      'spec.scaleTargetRef.kind',
      'spec.scaleTargetRef.name',
      'spec.scaleTargetRef.apiVersion',
      'spec.minReplicas',
    ]);
  });
});
