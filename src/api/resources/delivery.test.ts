import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { githubHeaders, pushBody, send } from '../../../test/intake-rig.ts';
import { type PlaneRig, createPlaneRig } from '../../../test/plane-rig.ts';
import { until } from '../../../test/release-rig.ts';
import {
  type RunView,
  appView,
  approvalView,
  artifactView,
  deliveryView,
  deploymentView,
  environmentView,
  pageOf,
  releaseView,
  rollbackAnswer,
  rolloutView,
  runView,
  shipAnswer,
} from '../contract/index.ts';

let rig: PlaneRig;
beforeAll(async () => {
  rig = await createPlaneRig();
  await rig.repository.commit({ 'funade.yaml': CONFIG, 'index.js': 'exports.handler = 1;\n' });
});
afterAll(() => rig.close());

const CONFIG = `version: 1
app: greeter
functions: { hello: { runtime: nodejs, handler: index.handler, route: /hello } }
pipeline:
  - build: { run: "echo building", artifact: . }
  - deploy: { to: staging, name: staging }
  - approve: { by: [approver] }
  - deploy: { to: production, name: production }
environments:
  staging: { target: noop, strategy: { rolling: { bake: 0s } } }
  production: { target: noop, strategy: { canary: { steps: [10, pause, 50], bake: 0s } } }
`;

async function ship(): Promise<string> {
  const { runId } = await rig.get('POST /releases', shipAnswer, { body: { app: 'greeter' }, status: 201 });
  return runId;
}

async function approved(runId: string): Promise<RunView> {
  const waiting = await rig.runWhere(runId, (run) => run.wait?.needsPerson === true);
  const id = waiting.stages.find(({ approval }) => approval !== null)?.approval?.id ?? '';
  const body = { decision: 'approve', comment: 'fine' };
  const approval = await rig.get(`POST /approvals/${id}`, approvalView, { role: 'approver', body });
  expect(approval).toMatchObject({ decisions: [{ user: 'a-approver', decision: 'approve', comment: 'fine' }] });
  return waiting;
}

/** A second release, where its canary waits to be promoted. */
async function inCanary(content: string): Promise<{ run: string; rollout: string }> {
  await rig.repository.commit({ 'index.js': content });
  const run = await ship();
  await approved(run);
  const view = await rig.runWhere(run, ({ wait }) => wait?.cause === 'a person to promote');
  return { run, rollout: view.stages[3]?.rollout?.id ?? '' };
}

test('an application is registered, shown, shipped, approved and in production, all in the shapes of the contract', async () => {
  const source = rig.repository.path;
  const body = { source, repository: 'octo/greeter' };
  const added = await rig.get('POST /apps', appView, { body, status: 201, role: 'deployer' });
  expect(added).toMatchObject({ name: 'greeter', repository: 'octo/greeter', environments: [], lastRunId: null });
  const runId = await ship();
  const waiting = await approved(runId);
  expect(waiting.state).toBe('waiting');
  expect(waiting.wait).toMatchObject({
    cause: 'approval by approver (0 of 1)',
    endedBy: 'approver',
    needsPerson: true,
  });
  expect(waiting.wait?.next[0]?.command).toMatch(/^funade approve approval_/);
  const run = await rig.runEnded(runId);
  expect(run).toMatchObject({ state: 'succeeded', wait: null, failure: null, release: { number: 1 } });
  expect(run.stages.map(({ name, detail, state }) => `${name} (${detail}) ${state}`)).toEqual([
    'build (echo building) succeeded',
    'staging (staging) succeeded',
    'approve (approver) succeeded',
    'production (production) succeeded',
  ]);
  const app = await rig.get('GET /apps/greeter', appView, { role: 'viewer' });
  expect(app.lastRunId).toBe(runId);
  expect(app.environments.map(({ name, live, state, health }) => [name, live?.number, state, health])).toEqual([
    ['staging', 1, 'idle', 'ok'],
    ['production', 1, 'idle', 'ok'],
  ]);
  const { items: apps } = await rig.get('GET /apps', pageOf(appView));
  expect(apps).toHaveLength(1);
  const { items: ledger } = await rig.get(
    'GET /deployments?app=greeter&environment=production',
    pageOf(deploymentView),
  );
  expect(ledger).toMatchObject([{ status: 'succeeded', release: { number: 1 }, previous: null }]);
  const { items: approvals } = await rig.get('GET /approvals?state=approved', pageOf(approvalView));
  expect(approvals).toMatchObject([{ runId, stage: 'approve', releaseNumber: 1, target: 'production' }]);
});

describe('a rollout on its way', () => {
  test('is promoted step by step, paused and resumed, and waits name their cause', async () => {
    const { run, rollout } = await inCanary('exports.handler = 2;\n');
    const held = await rig.get(`GET /rollouts/${rollout}`, rolloutView);
    expect(held).toMatchObject({ phase: 'holding', weight: 10, wait: { needsPerson: true, until: null } });
    expect(held.wait?.next.map(({ command }) => command)).toContain(`funade promote ${rollout}`);
    await rig.get(`POST /rollouts/${rollout}/pause`, rolloutView, { body: { reason: 'lunch' }, role: 'deployer' });
    const seen = async () => (await rig.get(`GET /rollouts/${rollout}`, rolloutView)).paused;
    await expect.poll(seen).toMatchObject({ by: 'a-deployer', reason: 'lunch' });
    const paused = await rig.get(`GET /rollouts/${rollout}`, rolloutView);
    expect(paused.wait).toMatchObject({ cause: 'paused by a-deployer: lunch', needsPerson: true });
    await rig.get(`POST /rollouts/${rollout}/resume`, rolloutView, {});
    await expect.poll(seen).toBeNull();
    await rig.get(`POST /rollouts/${rollout}/promote`, rolloutView, {});
    expect(await rig.runEnded(run)).toMatchObject({ state: 'succeeded' });
    const done = await rig.get(`GET /rollouts/${rollout}`, rolloutView);
    expect(done).toMatchObject({ phase: 'succeeded', wait: null, weightsSeen: expect.arrayContaining([10, 50, 100]) });
  });

  test('skipping its steps needs a reason', async () => {
    const { run, rollout } = await inCanary('exports.handler = 3;\n');
    const problem = await rig.refused(`POST /rollouts/${rollout}/promote`, [400, 'FUN_BAD_REQUEST'], {
      body: { full: true, reason: ' ' },
    });
    expect(problem.errors).toMatchObject([{ path: 'reason', fix: 'add --reason "…"' }]);
    await rig.get(`POST /rollouts/${rollout}/promote`, rolloutView, { body: { full: true, reason: 'incident 7' } });
    expect(await rig.runEnded(run)).toMatchObject({ state: 'succeeded' });
    const { notes } = await rig.get(`GET /rollouts/${rollout}`, rolloutView);
    expect(notes.join()).toContain('incident 7');
  });

  test('one that waits behind it shows its place and its blocker, also in the view of its run', async () => {
    const { run, rollout } = await inCanary('exports.handler = 4;\n');
    await rig.repository.commit({ 'index.js': 'exports.handler = 5;\n' });
    const second = await ship();
    await approved(second);
    const waiting = await rig.runWhere(second, ({ stages }) => stages[3]?.rollout?.phase === 'waiting_lock');
    expect(waiting.stages[3]?.rollout).toMatchObject({ position: 1, blocker: rollout });
    expect(waiting.wait).toMatchObject({ cause: expect.stringContaining(rollout), needsPerson: false });
    const production = await rig.get('GET /environments/greeter/production', environmentView);
    expect(production).toMatchObject({ rolloutId: rollout, state: 'holding', waiting: [{ position: 1 }] });
    await rig.get(`POST /rollouts/${rollout}/abort`, rolloutView, { body: { reason: 'not this one' } });
    expect(await rig.runEnded(run)).toMatchObject({ state: 'aborted', failure: { code: 'FUN_ROLLOUT_ENDED' } });
    const { wait } = await rig.runWhere(second, (view) => view.wait?.cause === 'a person to promote');
    expect(wait?.needsPerson).toBe(true);
    const id = (await rig.get(`GET /runs/${second}`, runView)).stages[3]?.rollout?.id ?? '';
    await rig.get(`POST /rollouts/${id}/promote`, rolloutView, {});
    expect(await rig.runEnded(second)).toMatchObject({ state: 'succeeded' });
    await rig.refused(`POST /rollouts/${id}/abort`, [409, 'FUN_CONFLICT']);
  });
});

describe('an environment', () => {
  test('goes back to an earlier release by its number, holds the one that was taken back, and lets it go again', async () => {
    const before = await rig.get('GET /environments/greeter/production', environmentView);
    expect(before.rollback).toMatchObject({ ready: true });
    const { rolloutId } = await rig.get('POST /environments/greeter/production/rollback', rollbackAnswer, {
      body: { to: 'v1', reason: 'too slow' },
      status: 202,
      role: 'deployer',
    });
    const phase = async () => (await rig.get(`GET /rollouts/${rolloutId}`, rolloutView)).phase;
    await expect.poll(phase, { timeout: 10_000 }).toMatch(/succeeded|rolled_back/);
    const after = await rig.get('GET /environments/greeter/production', environmentView);
    expect(after).toMatchObject({
      live: { number: 1 },
      hold: { releaseNumber: before.live?.number, by: 'a-deployer' },
    });
    const place = '/environments/greeter/production/release-hold';
    const open = await rig.get(`POST ${place}`, environmentView, { body: { reason: 'fixed' }, role: 'deployer' });
    expect(open.hold).toBeNull();
    await rig.refused(`POST ${place}`, [409, 'FUN_CONFLICT']);
  });

  test('shows shares of errors in percent, and is degraded when there are too many', async () => {
    const facts = { app: 'greeter', environment: 'staging', requestsPerSecond: 12, latencyP95: 30 };
    rig.traffic.push({ ...facts, errorShare: 0.021 });
    const read = () => rig.get('GET /environments?app=greeter', pageOf(environmentView));
    const [calm] = (await read()).items;
    expect(calm).toMatchObject({ requestsPerSecond: 12, errorShare: 2.1, latencyP95: 30, health: 'ok' });
    rig.traffic.splice(0, 1, { ...facts, errorShare: 0.2 });
    expect((await read()).items[0]).toMatchObject({ errorShare: 20, health: 'degraded' });
    rig.traffic.splice(0, 1, { ...facts, errorShare: null });
    expect((await read()).items[0]).toMatchObject({ errorShare: null, health: 'ok' });
    rig.traffic.length = 0;
  });
});

describe('a release', () => {
  test('is found by its id, or as v1 of its application', async () => {
    const byNumber = await rig.get('GET /releases/v1?app=greeter', releaseView);
    expect(await rig.get(`GET /releases/${byNumber.id}`, releaseView)).toEqual(byNumber);
    await rig.refused('GET /releases/v1', [400, 'FUN_BAD_REQUEST']);
    await rig.refused('GET /releases/v99?app=greeter', [404, 'FUN_NOT_FOUND']);
    await rig.refused('GET /releases/v99999999999?app=greeter', [404, 'FUN_NOT_FOUND']);
  });

  test('of other content tells what came with it', async () => {
    const { range } = await rig.get('GET /releases/v2?app=greeter', releaseView);
    expect(range).toHaveLength(1);
  });
});

describe('an artifact', () => {
  test('that a release has is told as released, with its releases', async () => {
    const release = await rig.get('GET /releases/v1?app=greeter', releaseView);
    const answer = await rig.get(`GET /artifacts/${release.artifactDigest}`, artifactView);
    expect(answer).toMatchObject({ digest: release.artifactDigest, released: true });
    expect(answer.releases).toContainEqual(release);
  });

  test('that nobody released is an answer, not an error', async () => {
    const digest = `sha256:${'0'.repeat(64)}`;
    const answer = await rig.get(`GET /artifacts/${digest}`, artifactView);
    expect(answer).toEqual({ digest, released: false, releases: [] });
  });

  test('is named by its digest and by nothing else', async () => {
    const { errors } = await rig.refused('GET /artifacts/latest', [400, 'FUN_BAD_REQUEST']);
    expect(errors[0]?.path).toBe('params.digest');
  });
});

describe('lists', () => {
  test.each([
    ['releases', releaseView],
    ['runs', runView],
    ['rollouts', rolloutView],
    ['approvals', approvalView],
  ] as const)('%s come page by page, each once, newest first', async (path, view) => {
    const one = z.object({ id: z.string() });
    const all = await rig.get(`GET /${path}?limit=100`, pageOf(view));
    expect(all.next).toBeNull();
    const ids: string[] = [];
    for (let cursor: string | null = '', pages = 0; cursor !== null && pages < 20; pages += 1) {
      const page: { items: unknown[]; next: string | null } = await rig.get(
        `GET /${path}?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`,
        pageOf(view),
      );
      expect(page.items.length).toBeLessThanOrEqual(2);
      ids.push(...page.items.map((item) => one.parse(item).id));
      cursor = page.next;
    }
    expect(ids.length).toBeGreaterThan(2);
    expect(ids).toEqual(all.items.map((item) => one.parse(item).id));
  });

  test.each(['runs?limit=0', 'runs?limit=x', 'rollouts?cursor=x', 'approvals?state=maybe', 'deployments?limit=999'])(
    '/%s is a bad request that names the fault',
    async (path) => {
      const { errors } = await rig.refused(`GET /${path}`, [400, 'FUN_BAD_REQUEST']);
      expect(errors[0]?.path).toMatch(/^query\./);
    },
  );
});

test('a release that fails its verification is taken back there, and only there', async () => {
  const verified = CONFIG.replace(
    / {2}- approve[\s\S]*name: production }\n/,
    '  - verify: { in: staging, run: grep -q good index.js }\n  - deploy: { to: production }\n',
  );
  const production = (await rig.get('GET /environments/greeter/production', environmentView)).live?.id;
  const staging = () => rig.get('GET /environments/greeter/staging', environmentView);
  const before = (await staging()).live?.id;
  await rig.repository.commit({ 'funade.yaml': verified, 'index.js': 'exports.handler = "bad";\n' });
  const run = await rig.runEnded(await ship());
  expect(run).toMatchObject({ state: 'failed', failure: { code: 'FUN_COMMAND_FAILED' } });
  expect(run.failure?.evidence.at(-1)).toMatch(/^staging goes back: rollout_/);
  await until(staging, ({ live, state }) => live?.id === before && state === 'idle');
  expect((await staging()).hold).toMatchObject({ releaseId: run.release?.id, by: 'automation' });
  expect((await rig.get('GET /environments/greeter/production', environmentView)).live?.id).toBe(production);
  await rig.repository.commit({ 'funade.yaml': CONFIG });
});

test('a delivery that made a run is listed, read with its body, and replayed', async () => {
  const { port } = await rig.api.api.listen();
  const sha = rig.repository.git('rev-parse', 'HEAD');
  const repository = { id: 7, full_name: 'octo/greeter', html_url: 'https://github.com/octo/greeter' };
  const body = pushBody({ after: sha, repository });
  const answer = await send(port, { headers: githubHeaders(body), body });
  expect(answer).toMatchObject({ status: 200, body: { status: 'success' } });
  const { items } = await rig.get('GET /deliveries', pageOf(deliveryView), { role: 'viewer' });
  expect(items).toMatchObject([
    { outcome: 'queued', event: 'push', runIds: [expect.stringMatching(/^run_/)], body: null },
  ]);
  const id = items[0]?.id ?? '';
  await rig.refused(`GET /deliveries/${id}`, [403, 'FUN_FORBIDDEN'], { role: 'viewer' });
  const whole = await rig.get(`GET /deliveries/${id}`, deliveryView, { role: 'deployer' });
  expect(whole.body).toBe(body);
  expect(whole.headers['x-hub-signature-256']).toBe('***');
  const asksForApproval = async (run: string) =>
    (await rig.runWhere(run, ({ wait }) => wait?.needsPerson === true)).trigger;
  expect(await asksForApproval(whole.runIds[0] ?? '')).toMatchObject({ kind: 'push', actor: 'mona', ref: 'main' });
  const replayed = await rig.get(`POST /deliveries/${id}/replay`, deliveryView, { role: 'deployer', status: 201 });
  expect(replayed.runIds).toHaveLength(1);
  expect(replayed.runIds).not.toEqual(whole.runIds);
  expect(await asksForApproval(replayed.runIds[0] ?? '')).toMatchObject({ kind: 'push', actor: 'mona' });
});

test('an application is removed: its runs end as cancelled, its environments stay', async () => {
  await rig.refused('DELETE /apps/greeter', [403, 'FUN_FORBIDDEN'], { role: 'approver' });
  const { items } = await rig.get('GET /runs?limit=1', pageOf(runView));
  expect((await rig.send('DELETE /apps/greeter')).status).toBe(204);
  expect(await rig.runEnded(items[0]?.id ?? '')).toMatchObject({
    state: 'cancelled',
    wait: null,
    failure: { code: 'FUN_APP_REMOVED' },
  });
  await rig.refused('GET /apps/greeter', [404, 'FUN_NOT_FOUND']);
  const production = await rig.get('GET /environments/greeter/production', environmentView);
  expect(production.live?.number).toBe(1);
});
