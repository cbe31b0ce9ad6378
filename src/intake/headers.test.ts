import { expect, test } from 'vitest';
import { mask } from './headers.ts';

test.each([
  'content-type',
  'user-agent',
  'x-github-event',
  'x-github-delivery',
  'x-github-hook-installation-target-id',
  'x-gitlab-event',
  'x-gitlab-event-uuid',
  'x-gitlab-webhook-uuid',
  'idempotency-key',
  'webhook-id',
])('%s is kept as it was', (name) => {
  expect(mask({ [name]: 'a value' })).toEqual({ [name]: 'a value' });
});

test.each([
  'authorization',
  'cookie',
  'x-hub-signature',
  'x-hub-signature-256',
  'x-gitlab-token',
  'webhook-signature',
  'x-amzn-oidc-data',
  'x-goog-iap-jwt-assertion',
  'cf-access-jwt-assertion',
  'x-github-anything-new',
  'x-internal-pass',
])('%s is hidden', (name) => {
  expect(mask({ [name]: 'a value' })).toEqual({ [name]: '***' });
});
