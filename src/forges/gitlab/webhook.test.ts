import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { gitlabDelivery } from '../../../test/gitlab-deliveries.ts';
import { forgeWebhooks, gitlabWebhook } from '../index.ts';

test('webhooks of both forges can be received', () => {
  expect([...forgeWebhooks.keys()]).toEqual(['github', 'gitlab']);
});

describe('headers', () => {
  const { event, payload } = gitlabDelivery('issue-label-added');
  const body = Buffer.from(JSON.stringify(payload));
  const request = (headers: Record<string, string>) => ({
    headers: { 'x-gitlab-event': event, ...headers },
    body,
    now: 0,
  });

  test('the idempotency key names a delivery; the id of a signature comes first', () => {
    const key = 'f5e5f430-f57b-4e6e-9fac-d9128cd7232f';
    expect(gitlabWebhook.deliveryId(request({ 'idempotency-key': key }))).toEqual({ id: key, stable: true });
    const both = request({ 'idempotency-key': key, 'webhook-id': 'signed' });
    expect(gitlabWebhook.deliveryId(both)).toEqual({ id: 'signed', stable: true });
  });

  test('neither the id of recursive hooks nor that of an attempt is a key: the hash of event and body stands in', () => {
    const uuid = '13792a34-cac6-4fda-95a8-c58e00a3954e';
    const headers = { 'x-gitlab-event-uuid': uuid, 'x-gitlab-webhook-uuid': uuid, 'x-request-id': uuid };
    const hash = createHash('sha256').update(`Issue Hook\n`).update(body).digest('hex');
    expect(gitlabWebhook.deliveryId(request(headers))).toEqual({ id: `sha256:${hash}`, stable: false });
    const other = gitlabWebhook.deliveryId(request({ 'x-gitlab-event': 'Note Hook' }));
    expect(other).not.toEqual(gitlabWebhook.deliveryId(request({})));
  });

  test('a project hook and a group hook for one event have different keys and tell the same', () => {
    const hooks = ['2f0e6c1e-0000-4000-8000-000000000001', '2f0e6c1e-0000-4000-8000-000000000002'].map((key) =>
      request({ 'idempotency-key': key }),
    );
    expect(new Set(hooks.map((hook) => gitlabWebhook.deliveryId(hook).id)).size).toBe(2);
    const [first, second] = hooks.map((hook) => gitlabWebhook.parse(hook));
    expect(first).toEqual(second);
  });

  test.each(['replay:dlv_1', 'poll:7:issue:1', 'dlv_1', 'Dlv_1', 'sha256:1'])(
    'the key %j is hashed: it looks like one of ours',
    (key) => {
      const told = gitlabWebhook.deliveryId(request({ 'idempotency-key': key }));
      expect(told).toEqual({ id: expect.stringMatching(/^sha256:[0-9a-f]{64}$/), stable: true });
      expect(gitlabWebhook.deliveryId(request({ 'idempotency-key': key }))).toEqual(told);
      expect(gitlabWebhook.deliveryId(request({ 'idempotency-key': `${key}1` })).id).not.toBe(told.id);
    },
  );

  test.each(['', 'a b', 'ü', 'x'.repeat(129)])('the key %j is none', (key) => {
    expect(gitlabWebhook.deliveryId(request({ 'idempotency-key': key })).stable).toBe(false);
  });

  test.each([
    ['Issue Hook', 'Issue Hook'],
    ['Confidential Issue Hook', 'Confidential Issue Hook'],
    ['issue hook', 'unknown'],
    ['Issue Hook\n', 'unknown'],
    ['Hook', 'unknown'],
    [`${'A '.repeat(40)}Hook`, 'unknown'],
    ['<script> Hook', 'unknown'],
  ])('the event %j is called %j', (header, name) => {
    expect(gitlabWebhook.eventName(request({ 'x-gitlab-event': header }))).toBe(name);
  });

  test.each([
    ['', 'header_missing'],
    ['issue', 'header_invalid'],
  ])('the event %j is malformed: %s', (header, reason) => {
    expect(gitlabWebhook.parse(request({ 'x-gitlab-event': header }))).toEqual([{ kind: 'malformed', reason }]);
  });

  test.each([
    ['[]', 'not_an_object'],
    ['null', 'not_an_object'],
    ['1', 'not_an_object'],
    ['"x"', 'not_an_object'],
    ['', 'not_json'],
    ['payload=%7B%7D', 'not_json'],
  ])('the body %j is malformed: %s', (text, reason) => {
    const form = { 'x-gitlab-event': event, 'content-type': 'application/x-www-form-urlencoded' };
    expect(gitlabWebhook.parse({ headers: form, body: Buffer.from(text), now: 0 })).toEqual([
      { kind: 'malformed', reason },
    ]);
  });
});
