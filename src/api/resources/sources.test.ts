import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SECRET, githubHeaders, pushBody, send, signature } from '../../../test/intake-rig.ts';
import { type PlaneRig, createPlaneRig } from '../../../test/plane-rig.ts';
import { addSourceAnswer, deliveryView, pageOf, sourceView } from '../contract/index.ts';

let rig: PlaneRig;
let port: number;
beforeAll(async () => {
  rig = await createPlaneRig();
  ({ port } = await rig.api.api.listen());
});
beforeEach(() => sql`truncate deliveries`.execute(rig.api.database.db));
afterAll(() => rig.close());

function deliver(path: string, secret: string, body = pushBody()) {
  const headers = { ...githubHeaders(body), 'x-hub-signature-256': signature(body, secret) };
  return send(port, { path, headers, body });
}

async function sourceOf(name: string) {
  const { items } = await rig.get('GET /sources', pageOf(sourceView.strict()), { role: 'viewer' });
  return items.find((source) => source.name === name);
}

describe('sources', () => {
  test('are listed, added, used, rotated and removed, in the shapes of the contract', async () => {
    expect((await sourceOf('github'))?.secrets).toEqual([{ label: SECRET.label, kind: 'secret', since: null }]);
    const body = { name: 'acme', forge: 'github', repositories: ['acme/site'] };
    const added = await rig.get('POST /sources', addSourceAnswer.strict(), { body, status: 201 });
    const value = added.secret?.value ?? '';
    expect((await deliver(added.source.webhookPath, value)).status).toBe(200);
    expect((await sourceOf('acme'))?.lastDelivery).toMatchObject({ event: 'push', secretLabel: added.secret?.label });
    const rotated = await rig.get('POST /sources/acme/rotate', addSourceAnswer.strict(), { body: {} });
    expect((await deliver('/webhook/acme', rotated.secret?.value ?? '')).status).toBe(200);
    const removal = { remove: [added.secret?.label] };
    await rig.get('POST /sources/acme/rotate', addSourceAnswer, { body: removal });
    expect((await deliver('/webhook/acme', value)).status).toBe(401);
    expect(JSON.stringify(await sourceOf('acme'))).not.toContain(rotated.secret?.value);
    expect((await rig.send('DELETE /sources/acme?repository=acme/site')).status).toBe(204);
    expect((await sourceOf('acme'))?.repositories).toEqual([]);
    expect((await rig.send('DELETE /sources/acme')).status).toBe(204);
    expect(await sourceOf('acme')).toBeUndefined();
  });

  test('that can not be used are refused with every fault', async () => {
    const shape = { name: 'A!', secret: 'short', repositories: ['no slash'] };
    const refused = await rig.refused('POST /sources', [400, 'FUN_BAD_REQUEST'], { body: shape });
    expect(refused.errors.map(({ path }) => path)).toEqual(['name', 'secret', 'repositories.0']);
    const problem = await rig.refused('POST /sources', [422, 'FUN_SOURCE_INVALID'], { body: { name: 'new' } });
    expect(problem.errors).toMatchObject([{ path: 'forge' }]);
    const install = { body: {} };
    await rig.refused('POST /sources/github/install', [422, 'FUN_FORGE_NO_CREDENTIALS'], install);
    await rig.refused('POST /sources/nobody/install', [404, 'FUN_NOT_FOUND'], install);
    await rig.refused('DELETE /sources/github', [422, 'FUN_SOURCE_INVALID']);
  });

  test.each(['POST /sources', 'POST /sources/github/rotate', 'POST /sources/github/install', 'DELETE /sources/github'])(
    '%s is for owners only',
    async (call) => {
      const sent = { role: 'approver', body: { name: 'github' } } as const;
      const problem = await rig.refused(call, [403, 'FUN_FORBIDDEN'], sent);
      expect(problem.detail).toContain('it needs owner');
    },
  );

  test('tell why the last request could not be verified', async () => {
    await deliver('/webhook/gitlab', 'some secret of another hook');
    await expect
      .poll(async () => (await sourceOf('gitlab'))?.lastFailure, { timeout: 10_000 })
      .toMatchObject({ reason: 'signature_missing', client: '127.0.0.1' });
  });
});

test('deliveries are narrowed by source and outcome, and show how they came', async () => {
  await deliver('/webhook/github', SECRET.value);
  const list = async (query: string) =>
    (await rig.get(`GET /deliveries?${query}`, pageOf(deliveryView.strict()), { role: 'viewer' })).items;
  const [delivery] = await list('source=github&outcome=ignored');
  expect(delivery).toMatchObject({
    forge: 'github',
    via: 'webhook',
    reason: 'unknown_repository',
    secretLabel: SECRET.label,
    remoteAddress: '127.0.0.1',
    replayOf: null,
    duplicates: 0,
    taskIds: [],
  });
  expect(await list('source=gitlab')).toEqual([]);
  expect(await list('outcome=queued')).toEqual([]);
  await rig.refused('GET /deliveries?outcome=lost', [400, 'FUN_BAD_REQUEST']);
  const replayed = await rig.get(`POST /deliveries/${delivery?.id}/replay`, deliveryView.strict(), { status: 201 });
  expect(replayed).toMatchObject({ replayOf: delivery?.id, secretLabel: null });
});
