import { createHmac, randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { gitlabDelivery } from '../../test/gitlab-deliveries.ts';
import { GITLAB_SIGNING, GITLAB_TOKEN, type Sending, send } from '../../test/intake-rig.ts';
import { useIntake } from '../../test/use-intake.ts';
import { systemClock } from '../kernel/index.ts';

const { start, count } = useIntake();

interface Changes {
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly payload?: Readonly<Record<string, unknown>>;
  readonly body?: string;
}

/** A delivery as GitLab sends it, with its token. */
function gitlab(
  situation: string,
  { headers = {}, payload = {}, body }: Changes = {},
): Sending & { readonly body: string } {
  const delivery = gitlabDelivery(situation);
  return {
    path: '/webhook/gitlab',
    body: body ?? JSON.stringify({ ...delivery.payload, ...payload }),
    headers: {
      'content-type': 'application/json',
      'user-agent': 'GitLab/19.1.0',
      'x-gitlab-event': delivery.event,
      'x-gitlab-token': GITLAB_TOKEN.value,
      'x-gitlab-event-uuid': '13792a34-cac6-4fda-95a8-c58e00a3954e',
      'idempotency-key': randomUUID(),
      ...headers,
    },
  };
}

/** Headers of a Standard Webhooks signature. */
function signed(
  body: string,
  { key = GITLAB_SIGNING.value, at = Math.floor(systemClock.now() / 1000), id = randomUUID() } = {},
) {
  const bytes = Buffer.from(key.slice('whsec_'.length), 'base64');
  const value = createHmac('sha256', bytes).update(`${id}.${at}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': String(at), 'webhook-signature': `v1,${value}` };
}

describe('an authentic delivery is answered 2xx', () => {
  test.each([
    ['a label that was added', 'issue-label-added', 'task'],
    ['an issue that was made with labels', 'issue-opened-with-label', 'task'],
    ['a comment', 'note-on-issue', 'task'],
    ['a label of a merge request', 'merge-request-label-added', 'task'],
    ['an issue that was closed', 'issue-closed', 'task'],
    ['a push', 'push-to-branch', 'run'],
  ])('%s is handed to the admission', async (_, situation, becomes) => {
    const rig = await start();
    const sending = gitlab(situation);
    const id = String(sending.headers?.['idempotency-key']);
    expect((await send(rig.port, sending)).body).toEqual({ status: 'success', task_queued: true, delivery_id: id });
    const stored = await rig.intake.getDelivery(id);
    expect(stored).toMatchObject({ source: 'gitlab', forge: 'gitlab', via: 'webhook', secretLabel: 'gitlab' });
    const made = becomes === 'task' ? stored?.taskIds : stored?.runIds;
    expect(made).toEqual([expect.stringMatching(new RegExp(`^${becomes}_`))]);
    expect(stored?.headers['x-gitlab-token']).toBe('***');
  });

  test.each([
    ['the description was edited and the label was there before', 'issue-description-edited', 'label_not_added'],
    ['the label is in previous and in current', 'issue-label-kept', 'label_not_added'],
    ['the label was taken off', 'issue-label-removed', 'label_not_added'],
    ['nothing changed', 'issue-update-without-changes', 'label_not_added'],
    ['the button "Test" was pressed', 'issue-test-button', 'missing_action'],
    ['the issue is confidential', 'issue-confidential', 'confidential_subject'],
    ['it is a work item', 'work-item-label-added', 'confidential_subject'],
    ['the forge wrote the note', 'note-by-system', 'system_note'],
    ['the event is not handled', 'pipeline', 'event_not_handled'],
    ['the branch was deleted', 'push-deletes-branch', 'ref_deleted'],
  ])('ignored, because %s', async (_, situation, reason) => {
    const rig = await start();
    const answer = await send(rig.port, gitlab(situation));
    expect([answer.status, answer.body['status']]).toEqual([200, 'ignored']);
    expect(answer.body['reason']).toBe(reason);
    expect(await count()).toEqual([1, 0]);
  });

  test('six ignored events in a row are all 2xx: GitLab would disable the hook', async () => {
    const rig = await start();
    for (let index = 0; index < 6; index += 1) {
      expect((await send(rig.port, gitlab('issue-test-button', { payload: { index } }))).status).toBe(200);
    }
  });

  test('two events in one delivery: it is queued, and both are handed on', async () => {
    const rig = await start();
    await send(rig.port, gitlab('issue-assigned-and-labelled'));
    const [stored] = (await rig.intake.listDeliveries({ limit: 1 })).items;
    expect(stored?.taskIds.length).toBeGreaterThan(1);
  });
});

describe('the same delivery again', () => {
  test('20 times in parallel is stored once', async () => {
    const rig = await start();
    const sending = gitlab('issue-label-added');
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(rig.port, sending)));
    expect(answers.filter(({ body }) => body['status'] === 'success')).toHaveLength(1);
    expect(answers.filter(({ body }) => body['status'] === 'duplicate')).toHaveLength(19);
    expect(await count()).toEqual([1, 1]);
  });

  test('hooks of project and group tell of one event: two deliveries, each with a decision of its own', async () => {
    const rig = await start();
    for (let hook = 0; hook < 2; hook += 1) {
      expect((await send(rig.port, gitlab('issue-label-added'))).body['status']).toBe('success');
    }
    expect((await rig.intake.listDeliveries({ limit: 10 })).items).toHaveLength(2);
  });

  test('without any id of the forge it is known by event and body', async () => {
    const rig = await start();
    const sending = gitlab('issue-label-added', { headers: { 'idempotency-key': undefined } });
    expect((await send(rig.port, sending)).body['status']).toBe('success');
    expect((await send(rig.port, sending)).body['status']).toBe('duplicate');
  });

  test('a recursive hook has the event id of its cause, which is no id of a delivery', async () => {
    const rig = await start();
    await send(rig.port, gitlab('issue-label-added'));
    expect((await send(rig.port, gitlab('note-on-issue'))).body['status']).toBe('success');
    expect(await count()).toEqual([2, 2]);
  });
});

describe('what is not authentic is answered 401 and leaves nothing', () => {
  const body = JSON.stringify(gitlabDelivery('issue-label-added').payload);
  const other = 'whsec_b3RoZXIgb3RoZXIgb3RoZXIgb3RoZXIgb3RoZXIgb3Ro';
  const old = Math.floor(systemClock.now() / 1000) - 301;
  const none = { 'x-gitlab-token': undefined };
  const [token, signing] = [[GITLAB_TOKEN], [GITLAB_SIGNING]];
  test.each([
    ['a wrong token', token, { 'x-gitlab-token': `${GITLAB_TOKEN.value.slice(0, -1)}?` }],
    ['an empty token', token, { 'x-gitlab-token': '' }],
    ['no token', token, none],
    ['a token where only a signing token is valid', signing, {}],
    ['a signature with another key beside a good token', [...token, ...signing], signed(body, { key: other })],
    ['a signature of another body beside a good token', [...token, ...signing], signed('{}')],
    ['a signature that is too old', signing, { ...none, ...signed(body, { at: old }) }],
    ['a signature without its time', signing, { ...none, ...signed(body), 'webhook-timestamp': undefined }],
    ['anything, where no secret is set', [], {}],
  ])('%s', async (_, gitlabSecrets, headers) => {
    const rig = await start({ gitlabSecrets });
    const answer = await send(rig.port, gitlab('issue-label-added', { headers, body }));
    expect([answer.status, answer.body['code']]).toEqual([401, 'FUN_WEBHOOK_UNVERIFIED']);
    expect(JSON.stringify(answer.body)).not.toMatch(/signature|token|key|old/i);
    expect(await count()).toEqual([0, 0]);
  });
});

test('a signature is accepted with the label of its key, and its id names the delivery', async () => {
  const rig = await start({ gitlabSecrets: [GITLAB_TOKEN, GITLAB_SIGNING] });
  const { body } = gitlab('issue-label-added');
  const headers = signed(body);
  expect((await send(rig.port, gitlab('issue-label-added', { headers, body }))).status).toBe(200);
  const stored = await rig.intake.getDelivery(headers['webhook-id']);
  expect(stored).toMatchObject({ secretLabel: 'signing', deliveryId: headers['webhook-id'] });
  for (const text of [JSON.stringify(stored), rig.logs()]) {
    expect(text).not.toContain(GITLAB_TOKEN.value);
    expect(text).not.toContain(headers['webhook-signature']);
  }
});

test('a token of before is accepted beside the one of now, by its label', async () => {
  const before = { label: 'before', value: 'the token of the hook of before' };
  const rig = await start({ gitlabSecrets: [GITLAB_TOKEN, before] });
  const sending = gitlab('issue-label-added', { headers: { 'x-gitlab-token': before.value, 'idempotency-key': 'k1' } });
  expect((await send(rig.port, sending)).status).toBe(200);
  expect((await rig.intake.getDelivery('k1'))?.secretLabel).toBe('before');
});

test.each<[number, string, Changes]>([
  ...['[]', 'null', '1', '"x"', '', '{"object_kind":'].map((body): [number, string, Changes] => [
    400,
    `the body ${JSON.stringify(body)}`,
    { body },
  ]),
  [400, 'no event header', { headers: { 'x-gitlab-event': undefined } }],
  [415, 'text/plain', { headers: { 'content-type': 'text/plain' } }],
  [415, 'gzip', { headers: { 'content-encoding': 'gzip' } }],
  [413, 'a length above the limit', { headers: { 'content-length': String(26 * 1024 * 1024) } }],
])('%i for %s, and the server lives', async (status, _, changes) => {
  const rig = await start();
  expect((await send(rig.port, gitlab('issue-label-added', changes))).status).toBe(status);
  expect((await send(rig.port, gitlab('issue-label-added'))).status).toBe(200);
});

test('a form is nothing that GitLab sends', async () => {
  const rig = await start();
  const body = new URLSearchParams({ payload: gitlab('issue-label-added').body }).toString();
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  expect((await send(rig.port, gitlab('issue-label-added', { headers, body }))).status).toBe(400);
});

test('a delivery can be replayed, as what its headers and body say', async () => {
  const rig = await start();
  const sending = gitlab('note-on-issue');
  await send(rig.port, sending);
  const replayed = await rig.intake.replay(String(sending.headers?.['idempotency-key']), 'mona');
  expect(replayed).toMatchObject({ outcome: 'queued', forge: 'gitlab', taskIds: [expect.stringMatching(/^task_/)] });
});

test('control characters that HTTP lets through reach neither the log nor another line of it', async () => {
  const rig = await start();
  const { body, headers = {} } = gitlab('issue-label-added');
  const hostile = { ...headers, 'user-agent': '\u009b2J\u0085{"level":60}', 'x-forwarded-for': '\u009b31m' };
  for (const event of ['Issue Hook', '\u009b31mIssue Hook']) {
    const lines = Object.entries({ ...hostile, 'x-gitlab-event': event }).map(
      ([name, value]) => `${name}: ${String(value)}`,
    );
    const length = `content-length: ${Buffer.byteLength(body)}`;
    const head = ['POST /webhook/gitlab HTTP/1.1', 'host: funade', 'connection: close', length, ...lines, '', ''];
    const socket = connect(rig.port, '127.0.0.1');
    socket.write(Buffer.concat([Buffer.from(head.join('\r\n'), 'latin1'), Buffer.from(body)]));
    const pieces = await socket.toArray();
    expect(Buffer.concat(pieces as Buffer[]).toString()).toMatch(
      event === 'Issue Hook' ? /^HTTP\/1.1 200/ : /^HTTP\/1.1 400/,
    );
  }
  const logged = rig.logs().trimEnd().split('\n');
  expect(logged.join('')).toContain('Delivery received.');
  for (const line of logged) {
    expect(() => JSON.parse(line) as unknown).not.toThrow();
    expect(line).not.toMatch(/\p{Cc}/u);
  }
});
