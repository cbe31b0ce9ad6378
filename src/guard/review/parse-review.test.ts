import { describe, expect, test } from 'vitest';
import { parseReview } from './parse-review.ts';
import type { JsonObject } from './review.ts';

const REQUEST = {
  uid: 'u-1',
  kind: { group: 'apps', version: 'v1', kind: 'Deployment' },
  resource: { group: 'apps', version: 'v1', resource: 'deployments' },
  requestKind: { group: 'apps', version: 'v1', kind: 'Deployment' },
  namespace: 'shop',
  name: 'web',
  operation: 'UPDATE',
  userInfo: { username: 'ada', uid: '7', groups: ['developers'], extra: {} },
  object: { kind: 'Deployment' },
  oldObject: { kind: 'Deployment' },
  dryRun: false,
  options: { kind: 'UpdateOptions' },
};

function bodyOf(over: JsonObject = {}, apiVersion = 'admission.k8s.io/v1'): JsonObject {
  return { apiVersion, kind: 'AdmissionReview', request: { ...REQUEST, ...over } };
}

function messageOf(body: unknown): string {
  const parsed = parseReview(body);
  return parsed.ok ? 'parsed' : `${parsed.error.code}: ${parsed.error.message}`;
}

describe('a review', () => {
  test.each(['admission.k8s.io/v1', 'admission.k8s.io/v1beta1'])('of %s is parsed', (apiVersion) => {
    expect(parseReview(bodyOf({}, apiVersion))).toEqual({
      ok: true,
      value: {
        apiVersion,
        uid: 'u-1',
        kind: REQUEST.kind,
        resource: REQUEST.resource,
        subresource: null,
        namespace: 'shop',
        name: 'web',
        operation: 'UPDATE',
        user: { name: 'ada', groups: ['developers'] },
        object: { kind: 'Deployment' },
        oldObject: { kind: 'Deployment' },
        dryRun: false,
      },
    });
  });

  test('has a subresource', () => {
    expect(parseReview(bodyOf({ subResource: 'scale' }))).toMatchObject({ value: { subresource: 'scale' } });
  });

  test.each([undefined, null, ''])('without namespace and name (%j) has none', (none) => {
    expect(parseReview(bodyOf({ namespace: none, name: none, subResource: none }))).toMatchObject({
      value: { namespace: null, name: null, subresource: null },
    });
  });

  test('may lack what Kubernetes leaves out', () => {
    const body = bodyOf({ dryRun: undefined, object: null, oldObject: undefined, userInfo: {}, name: undefined });
    expect(parseReview(body)).toMatchObject({
      value: { dryRun: false, object: null, oldObject: null, user: { name: '', groups: [] } },
    });
  });
});

describe('what is no review', () => {
  test.each<{ sentence: string; body: unknown; message: string }>([
    {
      sentence: 'an empty object',
      body: {},
      message: 'malformed: apiVersion is missing; kind is missing; request is missing',
    },
    { sentence: 'a list', body: [], message: 'malformed: the body must be an AdmissionReview, as a JSON object' },
    { sentence: 'null', body: null, message: 'malformed: the body must be an AdmissionReview, as a JSON object' },
    {
      sentence: 'request null',
      body: { ...bodyOf(), request: null },
      message: 'malformed: request must be an object, not null',
    },
    { sentence: 'no uid', body: bodyOf({ uid: undefined }), message: 'malformed: request.uid is missing' },
    {
      sentence: 'an empty uid',
      body: bodyOf({ uid: '' }),
      message: 'malformed: request.uid must be a text that is not empty, not an empty text',
    },
    {
      sentence: 'several faults at once',
      body: bodyOf({
        uid: 7,
        operation: 'PATCH',
        object: [],
        userInfo: { groups: [1] },
        dryRun: 'no',
        kind: { group: 1 },
      }),
      message:
        'malformed: request.uid must be a text that is not empty, not a number; ' +
        'request.operation must be one of CREATE, UPDATE, DELETE, CONNECT, not "PATCH"; ' +
        'request.kind.group must be a text, not a number; request.kind.version is missing; request.kind.kind is missing; ' +
        'request.userInfo.groups must be a list of texts, not a list; request.object must be an object, not a list; ' +
        'request.dryRun must be true or false, not a string',
    },
    {
      sentence: 'another version',
      body: bodyOf({}, 'admission.k8s.io/v2'),
      message:
        'version: apiVersion is "admission.k8s.io/v2"; the guard answers AdmissionReview of admission.k8s.io/v1 and admission.k8s.io/v1beta1',
    },
    {
      sentence: 'another kind',
      body: { ...bodyOf(), kind: 'ConversionReview' },
      message:
        'version: kind is "ConversionReview"; the guard answers AdmissionReview of admission.k8s.io/v1 and admission.k8s.io/v1beta1',
    },
    {
      sentence: 'a version that is no text',
      body: { ...bodyOf(), apiVersion: 1 },
      message: 'malformed: apiVersion must be a text, not a number',
    },
  ])('$sentence', ({ body, message }) => {
    expect(messageOf(body)).toBe(message);
  });

  test('a long value is cut in the message', () => {
    expect(messageOf(bodyOf({}, 'x'.repeat(10_000))).length).toBeLessThan(300);
  });
});
