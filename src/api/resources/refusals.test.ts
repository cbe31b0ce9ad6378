import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PlaneRig, createPlaneRig } from '../../../test/plane-rig.ts';
import { RUN_STATES, appView, approvalView, pageOf, runView, shipAnswer } from '../contract/index.ts';

let rig: PlaneRig;
let waiting = '';
let approval = '';
beforeAll(async () => {
  rig = await createPlaneRig();
  await rig.repository.commit({ 'funade.yaml': CONFIG, 'index.js': 'exports.handler = 1;\n' });
  const body = { source: rig.repository.path, repository: 'octo/greeter' };
  await rig.get('POST /apps', appView, { body, status: 201 });
  waiting = await ship();
  const view = await rig.runWhere(waiting, ({ state }) => state === 'waiting');
  approval = view.stages[1]?.approval?.id ?? '';
});
afterAll(() => rig.close());

const CONFIG = `version: 1
app: greeter
functions: { hello: { runtime: nodejs, handler: index.handler, route: /hello } }
pipeline:
  - test: { run: "seq 1 20000; echo done" }
  - approve: { by: [approver], quorum: 2 }
  - deploy: { to: production }
environments:
  production: { target: noop }
`;

async function ship(): Promise<string> {
  return (await rig.get('POST /releases', shipAnswer, { body: { app: 'greeter' }, status: 201 })).runId;
}

const OUTPUT = `$ seq 1 20000; echo done\n${Array.from({ length: 20_000 }, (_, i) => `${i + 1}\n`).join('')}done\n`;

describe('who may do what', () => {
  test.each([
    ['POST /apps', { source: '/x' }],
    ['POST /releases', { app: 'greeter' }],
    ['POST /runs/run_x/retry', undefined],
    ['POST /rollouts/rollout_x/promote', {}],
    ['POST /rollouts/rollout_x/pause', {}],
    ['POST /rollouts/rollout_x/resume', {}],
    ['POST /rollouts/rollout_x/abort', {}],
    ['POST /environments/greeter/production/rollback', {}],
    ['POST /environments/greeter/production/release-hold', {}],
    ['POST /deliveries/x/replay', undefined],
    ['DELETE /apps/greeter', undefined],
  ])('%s is not for a viewer, and the try is written down', async (call, body) => {
    const before = await denials();
    const problem = await rig.refused(call, [403, 'FUN_FORBIDDEN'], { role: 'viewer', body });
    expect(problem.detail).toContain('as a-viewer (viewer)');
    expect(await denials()).toBe(before + 1);
  });

  test('an approval is not for whom it does not name: 403, an event, and its state is as before', async () => {
    for (const role of ['viewer', 'deployer'] as const) {
      const problem = await rig.refused(`POST /approvals/${approval}`, [403, 'FUN_FORBIDDEN'], {
        role,
        body: { decision: 'approve' },
      });
      expect(problem.detail).toContain('it needs approver');
    }
    const { items } = await rig.get('GET /approvals?state=pending', pageOf(approvalView));
    expect(items).toMatchObject([{ id: approval, decisions: [] }]);
  });

  test('the author of a change does not approve it', async () => {
    const problem = await rig.refused(`POST /approvals/${approval}`, [403, 'FUN_FORBIDDEN'], {
      body: { decision: 'approve' },
    });
    expect(problem.detail).toContain('somebody other than the author');
  });

  test('the same person does not decide twice', async () => {
    const sent = { role: 'approver', body: { decision: 'approve' } } as const;
    await rig.get(`POST /approvals/${approval}`, approvalView, sent);
    const problem = await rig.refused(`POST /approvals/${approval}`, [409, 'FUN_CONFLICT'], sent);
    expect(problem.detail).toContain('a-approver has decided already');
  });
});

describe('what is not there', () => {
  test.each([
    'GET /apps/none',
    'DELETE /apps/none',
    'GET /runs/none',
    'GET /runs/none/log',
    'POST /runs/none/retry',
    'GET /rollouts/none',
    'POST /rollouts/none/abort',
    'GET /releases/none',
    'GET /environments/greeter/none',
    'POST /environments/greeter/none/rollback',
    'POST /environments/greeter/none/release-hold',
    'GET /deliveries/none',
    'POST /deliveries/none/replay',
  ])('%s is a 404 that says where to look', async (call) => {
    const problem = await rig.refused(call, [404, 'FUN_NOT_FOUND'], call.startsWith('POST') ? { body: {} } : {});
    expect(problem.fix).toMatch(/`funade /);
  });

  test('a stage that the run does not have is a 404', async () => {
    const problem = await rig.refused(`GET /runs/${waiting}/log?stage=tset`, [404, 'FUN_NOT_FOUND']);
    expect(problem.detail).toBe("Can't find stage tset.");
  });

  test('an application that is not there is not shipped', async () => {
    const problem = await rig.refused('POST /releases', [404, 'FUN_NOT_FOUND'], { body: { app: 'none' } });
    expect(problem.detail).toBe("Can't find application none.");
  });
});

describe('what can’t be done', () => {
  test('a ref that is not in the repository: 422, with what is near it', async () => {
    const problem = await rig.refused('POST /releases', [422, 'FUN_GIT_REF_MISSING'], {
      body: { app: 'greeter', ref: 'mian' },
    });
    expect(problem.detail).toContain('near it: main');
  });

  test.each(['--upload-pack=touch x', 'main~1', '../..', 'refs/heads/', '@{-1}', ''])(
    'a ref that is no name at all: %s',
    async (ref) => {
      const body = { app: 'greeter', ref };
      const problem = await rig.refused('POST /releases', [422, 'FUN_GIT_REF_MISSING'], { body });
      expect(problem.detail).toContain(`Can't find ${ref}`);
    },
  );

  test.each([
    ['GET /runs/%00', undefined, 'path.id'],
    ['GET /releases/v1?app=%00', undefined, 'query.app'],
    ['POST /releases', { app: 'greeter', ref: 'a\0b' }, 'ref'],
    ['POST /approvals/x', { decision: 'reject', comment: '\uD83D' }, 'comment'],
  ])('%s with text that no database can hold is a bad request', async (call, body, path) => {
    const { errors } = await rig.refused(call, [400, 'FUN_BAD_REQUEST'], { body });
    expect(errors).toMatchObject([{ path }]);
  });

  test('a source that is not the registered one', async () => {
    const body = { app: 'greeter', source: 'https://github.com/octo/other' };
    const problem = await rig.refused('POST /releases', [409, 'FUN_CONFLICT'], { body });
    expect(problem.detail).toContain(`it comes from ${rig.repository.path}`);
  });

  test('a repository whose funade.yaml is broken is not registered: every fault with line and column', async () => {
    rig.repository.git('switch', '--quiet', '--create', 'broken');
    await rig.repository.commit({ 'funade.yaml': CONFIG.replace('quorum', 'quorm').replace('target', 'targte') });
    rig.repository.git('switch', '--quiet', 'main');
    const problem = await rig.refused('POST /apps', [422, 'FUN_CONFIG_INVALID'], {
      body: { source: rig.repository.path, ref: 'broken' },
    });
    expect(problem.errors).toMatchObject([
      { line: 6, column: expect.any(Number), fix: 'Did you mean "quorum"?' },
      { line: 9, column: expect.any(Number), fix: 'Did you mean "target"?' },
    ]);
  });

  test('a run that has not ended is not retried', async () => {
    const problem = await rig.refused(`POST /runs/${waiting}/retry`, [409, 'FUN_CONFLICT']);
    expect(problem.fix).toContain(`funade watch ${waiting}`);
  });

  test('an environment that has nothing to go back to', async () => {
    await sql`insert into environments (app, name, target) values ('greeter', 'empty', 'noop')`.execute(
      rig.api.database.db,
    );
    const problem = await rig.refused('POST /environments/greeter/empty/rollback', [409, 'FUN_ROLLBACK_IMPOSSIBLE'], {
      body: {},
    });
    expect(problem.detail).toContain('nothing has been deployed there yet');
  });

  test.each([
    ['POST /apps', {}, 'source'],
    ['POST /releases', { app: '' }, 'app'],
    ['POST /approvals/x', { decision: 'maybe' }, 'decision'],
    ['POST /rollouts/x/pause', { reason: 7 }, 'reason'],
  ])('%s with a wrong body names the field', async (call, body, path) => {
    const { errors } = await rig.refused(call, [400, 'FUN_BAD_REQUEST'], { body });
    expect(errors.map((error) => error.path)).toContain(path);
  });
});

describe('the log of a run', () => {
  test('is the whole output as text, of one stage or of all', async () => {
    const answer = await rig.send(`GET /runs/${waiting}/log`, { role: 'viewer' });
    expect(answer.text).toBe(OUTPUT);
    expect((await rig.send(`GET /runs/${waiting}/log?stage=test`)).text).toBe(OUTPUT);
    expect((await rig.send(`GET /runs/${waiting}/log?stage=approve`)).text).toBe('');
  });

  test('is followed until the run ends, and no longer', async () => {
    await rig.repository.commit({
      'funade.yaml': CONFIG.replace('seq 1 20000; echo done', 'echo one; sleep 1.5; echo two'),
    });
    const run = await ship();
    const { port } = await rig.api.api.listen();
    const headers = await rig.api.bearer('viewer');
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/runs/${run}/log?follow=1`, { headers });
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    const seen: string[] = [];
    const reading = (async () => {
      for await (const chunk of answer.body ?? []) seen.push(Buffer.from(chunk).toString('utf8'));
    })();
    await expect.poll(() => seen.join(''), { timeout: 10_000 }).toMatch(/one\n$/);
    await expect.poll(() => seen.join(''), { timeout: 10_000 }).toMatch(/two\n$/);
    await rig.runWhere(run, ({ state }) => state === 'waiting');
    expect((await rig.send('DELETE /apps/greeter')).status).toBe(204);
    await reading;
    expect(seen.join('')).toBe('$ echo one; sleep 1.5; echo two\none\ntwo\n');
    const body = { source: rig.repository.path, repository: 'octo/greeter' };
    await rig.get('POST /apps', appView, { body, status: 201 });
  });
});

test.each(RUN_STATES)('a run that is %s is shown, with and without stages', async (state) => {
  const { db } = rig.api.database;
  const trigger = JSON.stringify({ kind: 'tag', actor: 'mona', ref: 'v1', deliveryId: null });
  const failure = JSON.stringify({ code: 'FUN_X', message: 'm', fix: 'f', retryable: false, evidence: ['e'] });
  const id = `run_${state}`;
  await sql`insert into runs (id, app, trigger, state, failure) values (${id}, 'greeter', ${trigger}, ${state}, ${failure})`.execute(
    db,
  );
  expect(await rig.get(`GET /runs/${id}`, runView)).toMatchObject({
    id,
    state,
    stages: [],
    failure: { evidence: ['e'] },
  });
  await sql`
    insert into stages (run_id, index, name, config, state)
    select ${id}, index, name, config, case index when 0 then 'succeeded' when 1 then 'rolled_back' else 'skipped' end
    from stages where run_id = ${waiting}`.execute(db);
  const { stages } = await rig.get(`GET /runs/${id}`, runView);
  expect(stages.map((stage) => stage.state)).toEqual(['succeeded', 'rolled_back', 'skipped']);
});

test('a run that is trying again says why, since when and until when', async () => {
  const { db } = rig.api.database;
  const trouble = { cause: 'Failed to fetch', since: 1, until: 600_001, endedBy: 'the next try', next: [] };
  await sql`update runs set trouble = ${JSON.stringify(trouble)} where id = ${'run_running'}`.execute(db);
  const { wait } = await rig.get('GET /runs/run_running', runView);
  expect(wait).toEqual({ ...trouble, needsPerson: false });
});

async function denials(): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*) from events where kind = 'access.denied'`.execute(
    rig.api.database.db,
  );
  return rows[0]?.count ?? -1;
}
