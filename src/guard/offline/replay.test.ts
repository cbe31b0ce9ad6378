import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { deploymentObject, hpaObject, rulesWith, scaleObject } from '../review/testing.ts';
import type { JsonObject } from '../review/review.ts';
import { collect } from './collect.ts';
import { readLines } from './records.ts';
import { replay } from './replay.ts';

const CONFIG = { rules: rulesWith(), skipNamespaces: [], namespace: null, bypassGroups: [], language: 'en' } as const;

async function replayed(records: readonly unknown[], against: readonly unknown[] = []) {
  const lines = records.map((record) => (typeof record === 'string' ? record : JSON.stringify(record)));
  const sources = against.map((value, index) => ({ file: `${index}.json`, text: JSON.stringify(value) }));
  const { manifests } = await collect({ sources, faults: [] });
  const options = { config: CONFIG, language: 'en', against: manifests, namespace: 'default' } as const;
  return replay(readLines('log', Readable.from([lines.join('\n')])), options);
}

function review(object: JsonObject, over: Readonly<Record<string, unknown>> = {}, response?: JsonObject) {
  const isHpa = object['kind'] === 'HorizontalPodAutoscaler';
  const [group, resource] = isHpa ? ['autoscaling', 'horizontalpodautoscalers'] : ['apps', 'deployments'];
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'u',
      kind: { group, version: 'v1', kind: object['kind'] },
      resource: { group, version: 'v1', resource },
      namespace: 'shop',
      name: 'web',
      operation: 'CREATE',
      userInfo: { username: 'kim' },
      object,
      ...over,
    },
    ...(response === undefined ? {} : { response }),
  };
}

function event(verb: string, over: Readonly<Record<string, unknown>> = {}) {
  return {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    auditID: 'a',
    stage: 'ResponseComplete',
    requestURI: '/apis/apps/v1/namespaces/shop/deployments/web',
    verb,
    user: { username: 'kim', groups: ['dev'] },
    objectRef: { resource: 'deployments', namespace: 'shop', name: 'web', apiGroup: 'apps', apiVersion: 'v1' },
    responseStatus: { code: 200 },
    ...over,
  };
}

test('recorded answers are compared with those of today, in the cluster that the records make', async () => {
  const report = await replayed([
    review(deploymentObject(1), {}, { uid: 'u', allowed: true }),
    review(hpaObject(2), {}, { uid: 'u', allowed: true }),
    review(hpaObject(2), { name: 'other' }, { uid: 'u', allowed: false }),
    review(deploymentObject(3), { operation: 'UPDATE', oldObject: deploymentObject(1) }),
  ]);
  expect(report.decisions.map(({ label, wasAllowed, differs, line }) => [line, label, wasAllowed, differs])).toEqual([
    [1, 'allowed', true, false],
    [2, 'denied', true, true],
    [3, 'denied', false, false],
    [4, 'allowed', null, false],
  ]);
  expect(report.byDecision).toEqual({ allowed: 2, denied: 2 });
});

test('what was refused then is not there for the records after it', async () => {
  const report = await replayed([review(hpaObject(2), {}, { uid: 'u', allowed: false }), review(deploymentObject(1))]);
  expect(report.decisions.map(({ label }) => label)).toEqual(['allowed', 'allowed']);
});

test('an audit log is read: creations, updates, patches, scales and deletions, each with the state before', async () => {
  const report = await replayed(
    [
      event('create', { requestObject: deploymentObject(3), responseStatus: { code: 201 } }),
      event('patch', { requestObject: { spec: { replicas: 1 } }, responseObject: deploymentObject(1) }),
      event('update', {
        requestObject: scaleObject(3),
        objectRef: { resource: 'deployments', subresource: 'scale', namespace: 'shop', name: 'web', apiGroup: 'apps' },
      }),
      event('update', { requestObject: deploymentObject(1) }),
      event('delete', {
        objectRef: { resource: 'horizontalpodautoscalers', namespace: 'shop', name: 'web', apiGroup: 'autoscaling' },
      }),
      event('update', { requestObject: deploymentObject(1) }),
      event('create', {
        requestObject: hpaObject(2),
        objectRef: { resource: 'horizontalpodautoscalers', namespace: 'shop', name: 'web', apiGroup: 'autoscaling' },
      }),
    ],
    [hpaObject(2)],
  );
  expect(report.faults).toEqual([]);
  expect(report.decisions.map(({ operation, object, label }) => `${operation} ${object} ${label}`)).toEqual([
    'CREATE Deployment/web allowed',
    'UPDATE Deployment/web denied',
    'UPDATE Scale/web allowed',
    'UPDATE Deployment/web denied',
    'DELETE HorizontalPodAutoscaler/web skipped',
    'UPDATE Deployment/web allowed',
    'CREATE HorizontalPodAutoscaler/web denied',
  ]);
});

test('records that can not be judged are counted by reason', async () => {
  const report = await replayed([
    event('create', { stage: 'RequestReceived' }),
    event('create'),
    event('create', { objectRef: { resource: 'secrets' } }),
    event('get'),
    event('patch', { requestObject: { spec: {} } }),
    event('update', { requestObject: deploymentObject(1) }),
    event('create', { requestObject: deploymentObject(1), responseStatus: { code: 409, message: 'conflict' } }),
    { hello: 1 },
    { kind: 'EventList', items: [event('get'), event('get')] },
  ]);
  expect(report.left).toEqual({
    stage: 1,
    metadata: 1,
    resource: 1,
    verb: 3,
    patch: 1,
    before: 1,
    failed: 1,
    foreign: 1,
  });
  expect([report.records, report.decisions]).toEqual([10, []]);
});

test('a refusal by a webhook is a recorded answer', async () => {
  const message = 'admission webhook "deployments.guard.funade.dev" denied the request: no';
  const report = await replayed([
    event('create', { requestObject: deploymentObject(2), responseStatus: { code: 403, message } }),
  ]);
  expect(report.decisions).toMatchObject([{ wasAllowed: false, label: 'allowed', differs: true }]);
});

test('a broken line is told with its number, and the ones after it are read', async () => {
  const report = await replayed([
    '{"kind": ',
    review(deploymentObject(2)),
    { ...review(deploymentObject(2)), request: null },
  ]);
  expect(report.faults.map(({ line }) => line)).toEqual([1, 3]);
  expect(report.decisions).toHaveLength(1);
});

test('a dry run changes nothing for what follows', async () => {
  const report = await replayed([review(hpaObject(2), { dryRun: true }), review(deploymentObject(1))]);
  expect(report.decisions.map(({ label }) => label)).toEqual(['allowed', 'allowed']);
});
