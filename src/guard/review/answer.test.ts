import { describe, expect, test } from 'vitest';
import type { Decision } from '../decision.ts';
import { answerOf } from './answer.ts';
import { deploymentObject, reviewOf } from './testing.ts';
import { fitWarnings } from './warnings.ts';

const review = reviewOf(deploymentObject(1));
const ALLOWED: Decision = {
  kind: 'allowed',
  warnings: [],
  existing: [],
  warned: [],
  notices: [],
  skipped: null,
  bypassed: null,
  uncertain: null,
};

describe('an answer', () => {
  test.each(['admission.k8s.io/v1', 'admission.k8s.io/v1beta1'] as const)(
    'of %s echoes version and uid',
    (apiVersion) => {
      expect(answerOf({ ...review, apiVersion, uid: 'u-9' }, ALLOWED)).toEqual({
        apiVersion,
        kind: 'AdmissionReview',
        response: { uid: 'u-9', allowed: true },
      });
    },
  );

  test('carries warnings', () => {
    expect(answerOf(review, { ...ALLOWED, warnings: ['one', 'two'] })).toMatchObject({
      response: { allowed: true, warnings: ['one', 'two'] },
    });
  });

  test('of a denial is 403 Forbidden', () => {
    const denied: Decision = { kind: 'denied', violations: [], message: 'no', warnings: ['also'] };
    expect(answerOf(review, denied)).toMatchObject({
      response: { allowed: false, status: { code: 403, reason: 'Forbidden', message: 'no' }, warnings: ['also'] },
    });
  });

  test('of an unreadable object is 422 Invalid, with each field', () => {
    const faults = [{ path: 'spec.replicas', message: 'must be a number' }];
    expect(answerOf(review, { kind: 'invalid', faults, message: 'unreadable' })).toMatchObject({
      response: {
        allowed: false,
        status: {
          code: 422,
          reason: 'Invalid',
          message: 'unreadable',
          details: { causes: [{ field: 'spec.replicas', message: 'must be a number' }] },
        },
      },
    });
  });

  test('of what is not known is 503, with the time to wait', () => {
    const uncertain: Decision = {
      kind: 'uncertain',
      uncertainty: { reason: 'timeout', detail: 'secret' },
      message: 'later',
      retryAfterSeconds: 5,
    };
    const answer = answerOf(review, uncertain);
    expect(answer).toMatchObject({
      response: {
        allowed: false,
        status: { code: 503, reason: 'ServiceUnavailable', message: 'later', details: { retryAfterSeconds: 5 } },
      },
    });
    expect(JSON.stringify(answer)).not.toContain('secret');
  });
});

describe('warnings', () => {
  test('have no line breaks and no control characters', () => {
    expect(fitWarnings(['a\nb\u001B[31mc\r\n'])).toEqual(['a b [31mc']);
  });

  test('of 256 characters stay whole', () => {
    expect(fitWarnings(['x'.repeat(256)])).toEqual(['x'.repeat(256)]);
  });

  test('that are longer are told in several, broken at a space', () => {
    const words = Array.from({ length: 60 }, (_, index) => `word${String(index)}`).join(' ');
    const parts = fitWarnings([words]);
    expect(parts.length).toBe(2);
    expect(parts.every((part) => part.length <= 256)).toBe(true);
    expect(parts.join(' ').replaceAll('…', '')).toBe(words);
  });

  test('without spaces are broken between characters, not inside one', () => {
    const parts = fitWarnings(['🙂'.repeat(300)]);
    expect(parts.map((part) => Array.from(part).length)).toEqual([256, 45]);
    expect(parts.every((part) => part.isWellFormed())).toBe(true);
  });

  test('over 4096 characters are left out from the end', () => {
    const many = Array.from({ length: 30 }, (_, index) => `${String(index)} ${'x'.repeat(200)}`);
    const fitted = fitWarnings(many);
    expect(fitted.length).toBe(20);
    expect(fitted[0]).toBe(many[0]);
  });

  test('that are equal are told once', () => {
    expect(fitWarnings(['a', 'a'])).toEqual(['a']);
  });
});
