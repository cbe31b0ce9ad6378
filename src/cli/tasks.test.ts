import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ControlPlane, TOKEN, startControlPlane } from '../../test/fakes/control-plane.ts';
import { cli } from '../../test/fakes/terminal.ts';
import { view as dead } from '../../test/fixtures/task-dead/view.ts';
import { task, view as tasks } from '../../test/fixtures/tasks-mixed/view.ts';

let plane: ControlPlane;
beforeEach(async () => {
  plane = await startControlPlane();
});
afterEach(() => plane.close());

function funade(...argv: readonly string[]) {
  return cli(argv, { environment: { FUNADE_SERVER: plane.address, FUNADE_TOKEN: TOKEN } });
}

test('tasks list prints a table, and with --json only JSON', async () => {
  plane.route('GET /api/v1/tasks', { json: { items: tasks, next: null } });
  const table = await funade('tasks', 'list');
  expect(table.stdout.split('\n')[0]).toMatch(/^REPOSITORY +NO\. +TITLE +STATE/u);
  expect(table.stdout).toContain('#12');
  const json = await funade('tasks', 'list', '--json');
  expect(JSON.parse(json.stdout)).toEqual(tasks);
  const plain = await funade('tasks', 'list', '--plain');
  expect(plain.stdout.split('\n')[2]?.split('\t')).toEqual(expect.arrayContaining(['!408', 'actor_not_allowed']));
});

test('tasks list --state asks for one state, and refuses what is none', async () => {
  plane.route('GET /api/v1/tasks', { json: { items: [], next: null } });
  await funade('tasks', 'list', '--state', 'failed');
  expect(plane.seen.at(-1)?.query).toMatchObject({ state: 'failed' });
  const refused = await funade('tasks', 'list', '--state', 'asleep');
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain('awaiting_approval');
});

test('tasks show tells the attempts and what to do', async () => {
  plane.route(`GET /api/v1/tasks/${dead.id}`, { json: dead });
  const { stdout } = await funade('tasks', 'show', dead.id);
  expect(stdout).toContain('attempt 3 on consumer-3');
  expect(stdout).toContain(`funade tasks retry ${dead.id}`);
  expect(JSON.parse((await funade('tasks', 'show', dead.id, '--json')).stdout)).toEqual(dead);
});

test('tasks retry shows the new task', async () => {
  const made = task({ id: 'task_new', generation: 3, via: 'retry', state: 'queued', attempts: [] });
  plane.route(`POST /api/v1/tasks/${dead.id}/retry`, { json: made, status: 201 });
  const { stdout, stderr } = await funade('tasks', 'retry', dead.id);
  expect(stderr).toContain('as task_new');
  expect(stdout).toContain('queued');
  expect(JSON.parse((await funade('tasks', 'retry', dead.id, '--json')).stdout)).toEqual(made);
});

test('what the server refuses ends with its code', async () => {
  plane.route('POST /api/v1/tasks/t/retry', { problem: { status: 409, code: 'FUN_TASK_ALIVE', detail: 'alive' } });
  expect((await funade('tasks', 'retry', 't')).code).toBe(1);
});
