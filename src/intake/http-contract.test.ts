import { createHmac, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '../../test/database.ts';
import {
  type IntakeRig,
  SECRET,
  type Sending,
  countRows,
  createAdmittedTable,
  deliver,
  githubHeaders,
  pushBody,
  send,
  signature,
  startIntake,
} from '../../test/intake-rig.ts';

let database: TestDatabase;
let rig: IntakeRig;
beforeAll(async () => {
  database = await createTestDatabase();
  await createAdmittedTable(database.db);
  rig = await startIntake({ db: database.db });
});
afterAll(async () => {
  await rig.stop();
  await database.drop();
});

async function rowsAdded(work: () => Promise<unknown>): Promise<number> {
  const before = await countRows(database.db, 'deliveries');
  await work();
  return (await countRows(database.db, 'deliveries')) - before;
}

describe('an authentic delivery is answered 2xx', () => {
  test('a push is stored, admitted and told, and answered within a second', async () => {
    const body = pushBody();
    const id = randomUUID();
    const started = performance.now();
    const answer = await deliver(rig.port, body, 'push', id);
    expect(performance.now() - started).toBeLessThan(1000);
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('application/json');
    expect(answer.body).toEqual({ status: 'success', task_queued: true, delivery_id: id });
    const stored = await rig.intake.getDelivery(id);
    expect(stored).toMatchObject({
      source: 'github',
      deliveryId: id,
      event: 'push',
      outcome: 'queued',
      reason: null,
      body,
      secretLabel: 'current',
      remoteAddress: '127.0.0.1',
      runIds: [expect.stringMatching(/^run_/)],
    });
    expect(stored?.headers['x-hub-signature-256']).toBe('***');
    expect(stored?.headers['x-github-delivery']).toBe(id);
  });

  test('the path without /webhook, a query and a trailing slash lead to the same place', async () => {
    for (const path of ['/github', '/webhook/github/', '/webhook/github?x=1', '/webhook/github/github']) {
      const body = pushBody();
      expect((await send(rig.port, { path, headers: githubHeaders(body), body })).status, path).toBe(200);
    }
  });

  test('an event that is not handled is stored as ignored, with the reason', async () => {
    const body = JSON.stringify({ action: 'created', nonce: randomUUID() });
    const id = randomUUID();
    const answer = await deliver(rig.port, body, 'star', id);
    expect([answer.status, answer.body]).toEqual([200, { status: 'ignored', reason: 'event_not_handled' }]);
    expect(await rig.intake.getDelivery(id)).toMatchObject({ outcome: 'ignored', reason: 'event_not_handled' });
  });

  test.each([
    ['a deleted branch', { after: '0'.repeat(40), head_commit: null }, 'ref_deleted'],
    ['a deleted tag', { ref: 'refs/tags/v1', after: '0'.repeat(40) }, 'ref_deleted'],
    ['a note', { ref: 'refs/notes/commits' }, 'unsupported_ref'],
    ['an unsafe name', { ref: 'refs/heads/--x' }, 'invalid_ref'],
    ['the shape of another event', { repository: null }, 'payload_mismatch'],
  ])('%s is ignored: %s', async (_, overrides, reason) => {
    const answer = await deliver(rig.port, pushBody(overrides));
    expect([answer.status, answer.body]).toEqual([200, { status: 'ignored', reason }]);
  });

  test('a created tag is admitted', async () => {
    const repository = { full_name: 'octo/greeter', pushed_at: randomUUID() };
    const body = JSON.stringify({ ref: 'v1', ref_type: 'tag', master_branch: 'main', repository });
    expect((await deliver(rig.port, body, 'create')).body).toMatchObject({ status: 'success' });
  });

  test('a ping is answered pong', async () => {
    const hook = { active: true, events: ['push'], config: { content_type: 'json', insecure_ssl: '0' } };
    const answer = await deliver(rig.port, JSON.stringify({ zen: randomUUID(), hook }), 'ping');
    expect([answer.status, answer.body]).toEqual([200, { status: 'pong' }]);
  });

  test('a ping reports settings of the hook that will hurt', async () => {
    const hook = { active: true, events: ['issues'], config: { content_type: 'form', insecure_ssl: '1' } };
    const id = randomUUID();
    const answer = await deliver(rig.port, JSON.stringify({ zen: randomUUID(), hook }), 'ping', id);
    expect(answer.body['status']).toBe('pong');
    expect(answer.body['warnings']).toHaveLength(3);
    expect((await rig.intake.getDelivery(id))?.reason).toBe('missing_event,form_content_type,tls_verification_off');
    expect(rig.logs()).toContain('A hook has settings that will hurt.');
  });

  test('a form signed over its text is accepted, with one warning in the log', async () => {
    for (let index = 0; index < 2; index += 1) {
      const body = new URLSearchParams({ payload: pushBody() }).toString();
      const headers = { ...githubHeaders(body), 'content-type': 'application/x-www-form-urlencoded' };
      expect((await send(rig.port, { headers, body })).body).toMatchObject({ status: 'success' });
    }
    expect(rig.logs().match(/A hook sends forms/g)).toHaveLength(1);
  });

  test('a real payload of 1.5 MiB is accepted', async () => {
    const commits = Array.from({ length: 1700 }, (_, index) => ({ id: String(index), message: 'm'.repeat(1000) }));
    const body = pushBody({ commits });
    expect(body.length).toBeGreaterThan(1.5 * 1024 * 1024);
    expect((await deliver(rig.port, body)).body).toMatchObject({ status: 'success' });
  });

  test('a body sent in many small pieces, without a length, is read whole', async () => {
    const body = pushBody();
    const headers = { ...githubHeaders(body), 'transfer-encoding': 'chunked' };
    expect((await send(rig.port, { headers, body })).body).toMatchObject({ status: 'success' });
  });

  test('signed with the previous secret while both are valid it is accepted; after its removal it is not', async () => {
    const previous = { label: 'previous', value: 'the secret before the present one' };
    const both = await startIntake({ db: database.db, secrets: [SECRET, previous] });
    const body = pushBody();
    const id = randomUUID();
    const headers = { ...githubHeaders(body, 'push', id), 'x-hub-signature-256': signature(body, previous.value) };
    expect((await send(both.port, { headers, body })).status).toBe(200);
    expect((await both.intake.getDelivery(id))?.secretLabel).toBe('previous');
    expect((await send(rig.port, { headers, body })).status).toBe(401);
    await both.stop();
  });
});

const good = pushBody();
const wrong = `sha256=${'0'.repeat(64)}`;
const sha1 = `sha1=${createHmac('sha1', SECRET.value).update(good).digest('hex')}`;

/** The headers of a good delivery with some replaced or removed. */
function but(change: Readonly<Record<string, string | readonly string[] | undefined>>, body = good): Sending {
  return { headers: { ...githubHeaders(body), ...change }, body };
}

describe('what is not authentic is answered 401 and leaves nothing', () => {
  const signed = signature(good);
  test.each<[string, Sending]>([
    ['a wrong signature of the right length', but({ 'x-hub-signature-256': wrong })],
    ['no signature', but({ 'x-hub-signature-256': undefined })],
    ['only a SHA-1 signature', but({ 'x-hub-signature-256': undefined, 'x-hub-signature': sha1 })],
    ['a short signature', but({ 'x-hub-signature-256': signed.slice(0, 40) })],
    ['a signature that is not hex', but({ 'x-hub-signature-256': `${signed.slice(0, -1)}z` })],
    ['a doubled prefix', but({ 'x-hub-signature-256': `sha256=${signed}` })],
    ['two signatures of which one is right', but({ 'x-hub-signature-256': [wrong, signed] })],
    ['a signature of another body', { headers: githubHeaders('{}'), body: good }],
    ['a body that is not JSON either', { headers: { ...but({}).headers, 'x-hub-signature-256': wrong }, body: '{' }],
    ['a body sent raw that was signed as a form', but({ 'x-hub-signature-256': signature('payload=%7B%7D') })],
  ])('%s', async (_, sending) => {
    const added = await rowsAdded(async () => {
      const answer = await send(rig.port, sending);
      expect(answer.status).toBe(401);
      expect(answer.headers['content-type']).toBe('application/problem+json');
      expect(answer.body).toMatchObject({ status: 401, code: 'FUN_WEBHOOK_UNVERIFIED' });
      expect(JSON.stringify(answer.body)).not.toMatch(/signature|missing|hex|prefix|sha/i);
    });
    expect(added).toBe(0);
  });

  test('a source without a secret refuses everything', async () => {
    const bare = await startIntake({ db: database.db, secrets: [] });
    expect((await deliver(bare.port)).status).toBe(401);
    await bare.stop();
  });
});

describe('what is authentic but unreadable is answered 400 and the server lives', () => {
  test.each<[string, Sending]>([
    ...['[]', 'null', '1', '"x"', '', '{"ref":'].map((body): [string, Sending] => [
      `the body ${JSON.stringify(body)}`,
      but({}, body),
    ]),
    ['no event header', but({ 'x-github-event': undefined })],
    ['no delivery header', but({ 'x-github-delivery': undefined })],
    ['a form without payload', but({ 'content-type': 'application/x-www-form-urlencoded' }, 'a=b')],
  ])('%s', async (_, sending) => {
    const added = await rowsAdded(async () => {
      const answer = await send(rig.port, sending);
      expect([answer.status, answer.body['code']]).toEqual([400, 'FUN_WEBHOOK_MALFORMED']);
    });
    expect(added).toBe(0);
    expect((await deliver(rig.port)).status).toBe(200);
  });
});

describe('what is wrong in form is refused before anything is read', () => {
  test.each<[number, string, string, Sending]>([
    [405, 'FUN_WEBHOOK_METHOD', 'GET', { method: 'GET' }],
    [405, 'FUN_WEBHOOK_METHOD', 'PUT', { method: 'PUT', ...but({}) }],
    [405, 'FUN_WEBHOOK_METHOD', 'GET of a path that is not there', { method: 'GET', path: '/webhook/nowhere' }],
    [404, 'FUN_WEBHOOK_SOURCE_UNKNOWN', 'a forge that is not known', { path: '/webhook/bitbucket', ...but({}) }],
    [404, 'FUN_WEBHOOK_SOURCE_UNKNOWN', 'a source that is not there', { path: '/webhook/github/x', ...but({}) }],
    [404, 'FUN_WEBHOOK_SOURCE_UNKNOWN', 'a source of another forge', { path: '/webhook/gitlab/github', ...but({}) }],
    [404, 'FUN_WEBHOOK_SOURCE_UNKNOWN', 'a deeper path', { path: '/webhook/github/github/x', ...but({}) }],
    [404, 'FUN_WEBHOOK_SOURCE_UNKNOWN', 'a name of every object', { path: '/webhook/constructor', ...but({}) }],
    [413, 'FUN_WEBHOOK_TOO_LARGE', 'a length above the limit', but({ 'content-length': String(26 * 1024 * 1024) })],
    [415, 'FUN_WEBHOOK_TYPE', 'text/plain', but({ 'content-type': 'text/plain' })],
    [415, 'FUN_WEBHOOK_TYPE', 'no type', but({ 'content-type': undefined })],
    [415, 'FUN_WEBHOOK_TYPE', 'a type that only begins alike', but({ 'content-type': 'application/jsonx' })],
    [415, 'FUN_WEBHOOK_TYPE', 'gzip', but({ 'content-encoding': 'gzip' })],
  ])('%i %s: %s', async (status, code, _, sending) => {
    const answer = await send(rig.port, sending);
    expect([answer.status, answer.body['code'], answer.body['status']]).toEqual([status, code, status]);
    expect(answer.headers['allow']).toBe(status === 405 ? 'POST' : undefined);
  });

  test('a type with a charset and identity encoding are fine', async () => {
    const body = pushBody();
    const change = { 'content-type': 'application/json; charset=UTF-8', 'content-encoding': 'identity' };
    expect((await send(rig.port, but(change, body))).status).toBe(200);
  });
});

describe('failed verifications are limited per client', () => {
  test('of 150 bad signatures a minute most are answered 429, and a good one passes', async () => {
    const limited = await startIntake({ db: database.db, limits: { failuresPerMinute: 60 } });
    const bad = await Promise.all(
      Array.from({ length: 150 }, () => send(limited.port, but({ 'x-hub-signature-256': wrong }))),
    );
    const statuses = bad.map((answer) => answer.status);
    expect(statuses.filter((status) => status === 401)).toHaveLength(60);
    expect(statuses.filter((status) => status === 429)).toHaveLength(90);
    const refused = bad.find((answer) => answer.status === 429);
    expect(Number(refused?.headers['retry-after'])).toBeGreaterThan(0);
    expect(Number(refused?.headers['retry-after'])).toBeLessThanOrEqual(60);
    expect((await deliver(limited.port)).status).toBe(200);
    expect(limited.signatureFailures()).toBe(150);
    await limited.stop();
  });

  test('behind a trusted proxy the client it names is counted, otherwise the peer', async () => {
    const limits = { failuresPerMinute: 1 };
    const proxied = await startIntake({ db: database.db, limits: { ...limits, trustedProxies: ['127.0.0.0/8'] } });
    const direct = await startIntake({ db: database.db, limits });
    async function failFrom(port: number, forwarded: string): Promise<number> {
      return (await send(port, but({ 'x-hub-signature-256': wrong, 'x-forwarded-for': forwarded }))).status;
    }
    expect(await failFrom(proxied.port, '203.0.113.1')).toBe(401);
    expect(await failFrom(proxied.port, '203.0.113.2')).toBe(401);
    expect(await failFrom(proxied.port, '198.51.100.9, 203.0.113.2')).toBe(429);
    expect(await failFrom(direct.port, '203.0.113.1')).toBe(401);
    expect(await failFrom(direct.port, '203.0.113.2')).toBe(429);
    await Promise.all([proxied.stop(), direct.stop()]);
  });
});

test('neither rows nor events nor logs carry a secret, a signature or a credential', async () => {
  const body = pushBody();
  const id = randomUUID();
  const secrets = {
    authorization: 'Bearer tok-4711',
    cookie: 'sid=4712',
    'x-gitlab-token': 'glt-4713',
    'x-api-key': '4714',
  };
  await send(rig.port, { headers: { ...githubHeaders(body, 'push', id), ...secrets }, body });
  await send(rig.port, but({ ...secrets, 'x-hub-signature-256': wrong }));
  const row = JSON.stringify(await rig.intake.getDelivery(id));
  for (const text of [row, rig.logs()]) {
    for (const secret of [SECRET.value, signature(body), 'tok-4711', 'sid=4712', 'glt-4713', '"4714"']) {
      expect(text).not.toContain(secret);
    }
  }
  expect(rig.logs()).toContain('"secretLabel":"current"');
});

test('every request is counted once, by outcome, source and event', async () => {
  const counted = await startIntake({ db: database.db });
  const body = pushBody();
  await deliver(counted.port, body);
  await deliver(counted.port, body);
  await send(counted.port, but({ 'x-hub-signature-256': wrong }));
  await send(counted.port, { method: 'GET' });
  await send(counted.port, { path: '/webhook/made-up', ...but({}) });
  expect(counted.observed).toEqual([
    ['queued', 'github', 'push'],
    ['duplicate', 'github', 'push'],
    ['unverified', 'github', 'unknown'],
    ['refused', 'github', 'unknown'],
    ['refused', 'unknown', 'unknown'],
  ]);
  await counted.stop();
});

test('made-up event names do not grow the metrics without end', async () => {
  const counted = await startIntake({ db: database.db });
  const body = pushBody();
  for (let index = 0; index < 120; index += 1) await deliver(counted.port, body, `made_up_${index}`);
  expect(new Set(counted.observed.map(([, , event]) => event)).size).toBe(101);
  await counted.stop();
});
