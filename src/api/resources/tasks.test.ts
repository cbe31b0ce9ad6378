import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Job, RunnerEnd } from '../../agent/index.ts';
import { type AgentRig, createAgentRig, labelled } from '../../../test/agent-rig.ts';
import { type TestApi, createTestApi } from '../../../test/api.ts';
import { agentView, pageOf, problemView, taskLogView, taskView } from '../contract/index.ts';
import type { Role } from '../contract/index.ts';
import { registerAgent } from './agent.ts';
import { registerTasks } from './tasks.ts';

const SETUP = agentView.parse({
  runner: 'builtin',
  trouble: null,
  isolation: { tier: 'A', reason: 'every layer holds' },
  model: { name: 'small', host: 'models.example', trouble: 'model_key_refused', detail: 'HTTP 401' },
});

let rig: AgentRig;
let api: TestApi;
beforeAll(async () => {
  rig = await createAgentRig();
  const agentSetup = () => Promise.resolve(SETUP);
  api = await createTestApi(
    { resources: [(app) => registerTasks(app, rig), (app) => registerAgent(app, { agentSetup })] },
    rig.database,
  );
});
afterEach(() => rig.reset());
afterAll(async () => {
  await api.close();
  await rig.close();
});

async function call(method: 'GET' | 'POST', path: string, role: Role, body?: object) {
  const headers = await api.bearer(role);
  const response = await api.api.app.inject({
    method,
    url: `/api/v1${path}`,
    headers,
    ...(body === undefined ? {} : { payload: body }),
  });
  return { status: response.statusCode, body: response.json<unknown>() };
}

test('tasks are listed, read with their attempts, and retried', async () => {
  const agent = await rig.start({
    runner: {
      id: 'no',
      needsCheckout: false,
      run: () => Promise.resolve({ kind: 'failed', reason: 'no', blame: 'permanent' }),
    },
  });
  const id = await rig.hand({ number: 1 });
  await rig.ended(id);
  await agent.stop();
  await rig.admit(labelled({ number: 2 }));
  const listed = pageOf(taskView).parse((await call('GET', '/tasks', 'viewer')).body);
  expect(listed.items.map(({ number }) => number)).toEqual([2, 1]);
  const first = pageOf(taskView).parse((await call('GET', '/tasks?limit=1', 'viewer')).body);
  const rest = pageOf(taskView).parse((await call('GET', `/tasks?limit=1&cursor=${first.next}`, 'viewer')).body);
  expect(rest.items.map((task) => task.id)).toEqual([id]);
  const failed = pageOf(taskView).parse((await call('GET', '/tasks?state=failed&limit=200', 'viewer')).body);
  expect(failed.items.map((task) => task.id)).toContain(id);
  const read = await call('GET', `/tasks/${id}`, 'viewer');
  expect(taskView.strict().parse(read.body)).toMatchObject({
    id,
    state: 'failed',
    reason: 'no',
    attempts: [{ outcome: 'failed' }],
  });
  const made = await call('POST', `/tasks/${id}/retry`, 'deployer');
  expect([made.status, taskView.parse(made.body)]).toEqual([
    201,
    expect.objectContaining({ generation: 2, via: 'retry', actor: 'a-deployer', state: 'queued' }),
  ]);
});

test('what agents work with is told to everybody who may look, with what is in their way', async () => {
  expect(await call('GET', '/agent', 'viewer')).toEqual({ status: 200, body: SETUP });
});

test.each([
  ['GET', '/tasks/task_none', 'viewer', 404, 'FUN_NOT_FOUND'],
  ['POST', '/tasks/task_none/retry', 'deployer', 404, 'FUN_NOT_FOUND'],
  ['POST', '/tasks/task_none/retry', 'viewer', 403, 'FUN_FORBIDDEN'],
  ['GET', '/tasks?state=asleep', 'viewer', 400, 'FUN_BAD_REQUEST'],
  ['GET', '/tasks?number=seven', 'viewer', 400, 'FUN_BAD_REQUEST'],
  ['GET', '/tasks/task_none/log', 'viewer', 404, 'FUN_NOT_FOUND'],
  ['GET', '/tasks/task_none/log?after=-1', 'viewer', 400, 'FUN_BAD_REQUEST'],
  ['POST', '/tasks/task_none/pause', 'deployer', 404, 'FUN_NOT_FOUND'],
  ['POST', '/tasks/task_none/pause', 'viewer', 403, 'FUN_FORBIDDEN'],
  ['POST', '/tasks/task_none/resume', 'viewer', 403, 'FUN_FORBIDDEN'],
  ['POST', '/tasks/task_none/stop', 'viewer', 403, 'FUN_FORBIDDEN'],
  ['POST', '/tasks/task_none/approve', 'deployer', 403, 'FUN_FORBIDDEN'],
  ['POST', '/tasks/task_none/approve', 'approver', 404, 'FUN_NOT_FOUND'],
] as const)('%s %s as %s is refused with %d %s', async (...[method, path, role, status, code]) => {
  const answer = await call(method, path, role);
  const problem = problemView.parse(answer.body);
  expect([answer.status, problem.code]).toEqual([status, code]);
  expect(`${problem.detail} ${problem.fix}`).not.toMatch(/\{\w+\}/);
});

test('a task that is alive is not retried', async () => {
  const agent = await rig.start({ runner: { id: 'endless', needsCheckout: false, run: () => new Promise(() => {}) } });
  const id = await rig.hand({ number: 9 });
  const answer = await call('POST', `/tasks/${id}/retry`, 'deployer');
  const problem = problemView.parse(answer.body);
  expect([answer.status, problem.code]).toEqual([409, 'FUN_TASK_ALIVE']);
  expect(problem.detail).toContain(id);
  await agent.stop();
});

test('tasks of one issue are found by its repository, in any case, and number', async () => {
  await rig.admit(labelled({ number: 21 }), labelled({ number: 22 }));
  const found = pageOf(taskView).parse((await call('GET', '/tasks?project=Octo/Greeter&number=21', 'viewer')).body);
  expect(found.items.map(({ number }) => number)).toEqual([21]);
  expect((await call('GET', '/tasks?project=octo/other&number=21', 'viewer')).body).toMatchObject({ items: [] });
});

test('a task is paused, resumed and stopped with who wanted it and why', async () => {
  const id = await rig.hand({ number: 31 });
  const paused = await call('POST', `/tasks/${id}/pause`, 'deployer', { reason: ' the API changes ' });
  expect([paused.status, taskView.strict().parse(paused.body)]).toMatchObject([
    200,
    { state: 'pausing', steeredBy: 'a-deployer', steerReason: 'the API changes', reason: 'paused_by_person' },
  ]);
  const resumed = await call('POST', `/tasks/${id}/resume`, 'owner');
  expect(resumed.body).toMatchObject({ state: 'queued', steeredBy: 'a-owner', steerReason: null });
  const stopping = await call('POST', `/tasks/${id}/stop`, 'deployer', { reason: null });
  expect(stopping.body).toMatchObject({ state: 'stopping', reason: 'stopped_by_person' });
});

test('an act that does not fit the state of a task is refused, with the ones that do', async () => {
  const id = await rig.hand({ number: 32 });
  const refused = await call('POST', `/tasks/${id}/approve`, 'approver');
  const problem = problemView.parse(refused.body);
  expect([refused.status, problem.code]).toEqual([409, 'FUN_TASK_STATE']);
  expect(problem.next.map(({ command }) => command)).toEqual([
    `funade tasks pause ${id}`,
    `funade tasks stop ${id}`,
    `funade tasks show ${id}`,
  ]);
  const long = await call('POST', `/tasks/${id}/stop`, 'deployer', { reason: 'a'.repeat(501) });
  expect(problemView.parse(long.body)).toMatchObject({ code: 'FUN_BAD_REQUEST', errors: [{ path: 'reason' }] });
});

test('a paused task tells when it is given up', async () => {
  const agent = await rig.start({ runner: { id: 'endless', needsCheckout: false, run: endless } });
  const id = await rig.hand({ number: 33 });
  await rig.taskWhere(id, ({ state }) => state === 'running');
  await call('POST', `/tasks/${id}/pause`, 'deployer');
  const { pausedAt } = await rig.taskWhere(id, ({ state }) => state === 'paused');
  const { body } = await call('GET', `/tasks/${id}`, 'viewer');
  expect(taskView.parse(body).expiresAt).toBe((pausedAt ?? 0) + rig.agent.pausedFor);
  await agent.stop();
});

test('the log is read from a position on, and tells when nothing follows', async () => {
  const lines = ['reads the files\n', 'writes the greeting\n'];
  const agent = await rig.start({
    runner: {
      id: 'talking',
      needsCheckout: false,
      run: (job) => {
        for (const line of lines) job.log(line);
        return Promise.resolve({ kind: 'succeeded', summary: 'done' });
      },
    },
  });
  const id = await rig.hand({ number: 34 });
  await rig.ended(id);
  const first = taskLogView.parse((await call('GET', `/tasks/${id}/log`, 'viewer')).body);
  expect([first.text, first.ended]).toEqual([lines.join(''), true]);
  const rest = taskLogView.parse((await call('GET', `/tasks/${id}/log?after=${first.next}`, 'viewer')).body);
  expect(rest).toEqual({ text: '', next: first.next, ended: true });
  await agent.stop();
});

/** Works until it is told to end. */
function endless(job: Job): Promise<RunnerEnd> {
  return new Promise((resolve) => {
    job.signal.addEventListener('abort', () => resolve({ kind: 'interrupted' }), { once: true });
  });
}
