import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AgentRig, createAgentRig, labelled } from '../../../test/agent-rig.ts';
import { type TestApi, createTestApi } from '../../../test/api.ts';
import { pageOf, problemView, taskView } from '../contract/index.ts';
import type { Role } from '../contract/index.ts';
import { registerTasks } from './tasks.ts';

let rig: AgentRig;
let api: TestApi;
beforeAll(async () => {
  rig = await createAgentRig();
  api = await createTestApi({ resources: [(app) => registerTasks(app, rig)] }, rig.database);
});
afterAll(async () => {
  await api.close();
  await rig.close();
});

async function call(method: 'GET' | 'POST', path: string, role: Role) {
  const response = await api.api.app.inject({ method, url: `/api/v1${path}`, headers: await api.bearer(role) });
  return { status: response.statusCode, body: response.json<unknown>() };
}

test('tasks are listed, read with their attempts, and retried', async () => {
  const agent = await rig.start({
    runner: { id: 'no', run: () => Promise.resolve({ kind: 'failed', reason: 'no', blame: 'permanent' }) },
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

test.each([
  ['GET', '/tasks/task_none', 'viewer', 404, 'FUN_NOT_FOUND'],
  ['POST', '/tasks/task_none/retry', 'deployer', 404, 'FUN_NOT_FOUND'],
  ['POST', '/tasks/task_none/retry', 'viewer', 403, 'FUN_FORBIDDEN'],
  ['GET', '/tasks?state=asleep', 'viewer', 400, 'FUN_BAD_REQUEST'],
] as const)('%s %s as %s is refused with %d %s', async (...[method, path, role, status, code]) => {
  const answer = await call(method, path, role);
  const problem = problemView.parse(answer.body);
  expect([answer.status, problem.code]).toEqual([status, code]);
  expect(`${problem.detail} ${problem.fix}`).not.toMatch(/\{\w+\}/);
});

test('a task that is alive is not retried', async () => {
  const agent = await rig.start({ runner: { id: 'endless', run: () => new Promise(() => {}) } });
  const id = await rig.hand({ number: 9 });
  const answer = await call('POST', `/tasks/${id}/retry`, 'deployer');
  const problem = problemView.parse(answer.body);
  expect([answer.status, problem.code]).toEqual([409, 'FUN_TASK_ALIVE']);
  expect(problem.detail).toContain(id);
  await agent.stop();
});
