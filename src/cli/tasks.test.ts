import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ControlPlane, TOKEN, startControlPlane } from '../../test/fakes/control-plane.ts';
import { cli } from '../../test/fakes/terminal.ts';
import { view as planWaits } from '../../test/fixtures/task-awaiting-approval/view.ts';
import { view as dead } from '../../test/fixtures/task-dead/view.ts';
import { view as paused } from '../../test/fixtures/task-paused-by-person/view.ts';
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

const RUNNING = task({ id: 'task_1' });

/** The task as `GET` answers it, one view after the other; the last one stays. */
function answers(...views: readonly ReturnType<typeof task>[]): void {
  let looks = 0;
  plane.route('GET /api/v1/tasks/task_1', () => {
    looks += 1;
    return { json: views[Math.min(looks, views.length) - 1] };
  });
}

function bodyOf(path: string): unknown {
  return plane.seen.find((request) => request.method === 'POST' && request.path === path)?.body;
}

describe('an act', () => {
  test('pause waits until the task is paused, and says why', async () => {
    plane.route('POST /api/v1/tasks/task_1/pause', { json: { ...RUNNING, state: 'pausing' } });
    answers({ ...RUNNING, state: 'pausing' }, { ...RUNNING, state: 'pausing' }, { ...paused, id: 'task_1' });
    const { code, stdout, stderr } = await funade('tasks', 'pause', 'task_1', '--reason', 'the API changes');
    expect([code, bodyOf('/api/v1/tasks/task_1/pause')]).toEqual([0, { reason: 'the API changes' }]);
    expect(stderr).toContain('Pausing octo/greeter#12');
    expect(stdout).toContain('paused  A person paused it');
    expect(stdout).toContain('funade tasks resume task_1');
  });

  test.each([
    ['pause', 'pausing', 'succeeded', 1],
    ['pause', 'pausing', 'queued', 1],
    ['stop', 'stopping', 'stopped', 0],
    ['stop', 'stopping', 'succeeded', 1],
  ] as const)('%s of a task that is %s and then %s ends with code %d', async (verb, first, last, code) => {
    plane.route(`POST /api/v1/tasks/task_1/${verb}`, { json: { ...RUNNING, state: first } });
    answers({ ...RUNNING, state: first }, { ...RUNNING, state: last });
    expect((await funade('tasks', verb, 'task_1')).code).toBe(code);
  });

  test('a drain is not the pause that was asked for', async () => {
    plane.route('POST /api/v1/tasks/task_1/pause', { json: { ...RUNNING, state: 'pausing' } });
    answers({ ...RUNNING, state: 'paused', reason: 'drain' });
    expect((await funade('tasks', 'pause', 'task_1')).code).toBe(1);
  });

  test.each(['pause', 'stop'] as const)('%s --no-wait shows the task as it is then', async (verb) => {
    const state = verb === 'pause' ? 'pausing' : 'stopping';
    plane.route(`POST /api/v1/tasks/task_1/${verb}`, { json: { ...RUNNING, state } });
    const { code, stdout } = await funade('tasks', verb, 'task_1', '--no-wait', '--json');
    expect([code, JSON.parse(stdout)]).toEqual([0, { ...RUNNING, state }]);
    expect(plane.seen.map(({ method }) => method)).toEqual(['POST']);
  });

  test('a stop that nobody carries out ends with code 5 after --timeout, and the command that waits on', async () => {
    plane.route('POST /api/v1/tasks/task_1/stop', { json: { ...RUNNING, state: 'stopping' } });
    answers({ ...RUNNING, state: 'stopping' });
    const { code, stderr } = await funade('tasks', 'stop', 'task_1', '--timeout', '500ms');
    expect(code).toBe(5);
    expect(stderr).toContain('funade watch task_1');
  });

  test('resume and approve do not wait, unless they are told to', async () => {
    for (const verb of ['resume', 'approve']) {
      plane.route(`POST /api/v1/tasks/task_1/${verb}`, { json: { ...RUNNING, state: 'queued' } });
      const { code, stdout } = await funade('tasks', verb, 'task_1');
      expect([code, bodyOf(`/api/v1/tasks/task_1/${verb}`)]).toEqual([0, {}]);
      expect(stdout).toContain('queued');
    }
    answers(RUNNING, { ...RUNNING, state: 'failed', reason: 'budget_steps' });
    const { code, stdout } = await funade('tasks', 'resume', 'task_1', '--wait');
    expect(code).toBe(1);
    expect(stdout).toContain('The budget of steps is used up');
  });

  test('what does not fit the state of the task is told with the acts that do', async () => {
    const next = [{ command: 'funade tasks approve task_1' }];
    plane.route('POST /api/v1/tasks/task_1/pause', {
      problem: { status: 409, code: 'FUN_TASK_STATE', detail: "Can't pause", next },
    });
    const { code, stderr } = await funade('tasks', 'pause', 'task_1');
    expect(code).toBe(1);
    expect(stderr).toContain('funade tasks approve task_1');
  });
});

describe('watch', () => {
  test('follows a task to its end and tells plan, notes and the change', async () => {
    const item = { text: 'Add the greeting', done: false };
    const change = { number: 31, url: 'https://github.com/octo/greeter/pull/31', adopted: false };
    answers(
      { ...RUNNING, plan: [item] },
      { ...RUNNING, plan: [{ ...item, done: true }], note: 'Testing\u001B[2J.' },
      { ...RUNNING, state: 'succeeded', plan: [{ ...item, done: true }], change },
    );
    const { code, stdout } = await funade('watch', 'task_1');
    expect(code).toBe(0);
    for (const part of ['running  task_1', '[x] Add the greeting', 'change #31', 'done'])
      expect(stdout).toContain(part);
    expect(stdout.match(/\[x\] Add/gu)).toHaveLength(1);
    expect(stdout).not.toContain('\u001B[2J');
  });

  test('of a task that waits for approval ends with code 4 where nobody can be asked', async () => {
    answers({ ...planWaits, id: 'task_1' });
    const { code, stdout } = await funade('watch', 'task_1', '--no-input', '--json');
    expect(code).toBe(4);
    expect(stdout).toContain('"command":"funade tasks approve task_1"');
  });
});

describe('a task is named by its subject:', () => {
  test.each([
    ['octo/greeter#12', { project: 'octo/greeter', number: '12' }],
    ['platform/shop/cart!408', { project: 'platform/shop/cart', number: '408' }],
    ['#12', { number: '12' }],
  ])('%s', async (name, query) => {
    const older = { ...RUNNING, id: 'task_0' };
    plane.route('GET /api/v1/tasks', { json: { items: [RUNNING, older], next: null } });
    answers(RUNNING);
    const { code, stdout } = await funade('tasks', 'show', name);
    expect(code).toBe(0);
    expect(stdout).toContain('task_1');
    expect(plane.seen[0]?.query).toMatchObject(query);
  });

  test('of several repositories one has to be chosen', async () => {
    const other = { ...RUNNING, id: 'task_2', project: 'octo/other' };
    plane.route('GET /api/v1/tasks', { json: { items: [RUNNING, other], next: null } });
    const { code, stderr } = await funade('tasks', 'stop', '#12');
    expect(code).toBe(4);
    for (const part of ['funade tasks stop task_1', 'funade tasks stop task_2', 'octo/other#12'])
      expect(stderr).toContain(part);
  });

  test('one that no task is about ends with code 2', async () => {
    plane.route('GET /api/v1/tasks', { json: { items: [], next: null } });
    const { code, stderr } = await funade('tasks', 'show', 'octo/greeter#99');
    expect(code).toBe(2);
    expect(stderr).toContain('task of octo/greeter#99');
  });
});

describe('logs', () => {
  /** Pieces by their position; after the last one nothing comes, and the task has ended or not. */
  function log(pieces: readonly string[], ended: () => boolean): void {
    plane.route('GET /api/v1/tasks/task_1/log', ({ query }) => {
      const after = Number(query['after']);
      const text = pieces[after] ?? '';
      return { json: { text, next: text === '' ? after : after + 1, ended: ended() } };
    });
  }

  test('are printed to what there is, piece by piece, without what would move the cursor', async () => {
    log(['reads the fi', 'les\nwrites\u001B[2J\n', 'no end'], () => false);
    const { code, stdout } = await funade('tasks', 'logs', 'task_1');
    expect([code, stdout]).toEqual([0, 'reads the files\nwrites\nno end\n']);
    const json = await funade('tasks', 'logs', 'task_1', '--json');
    const parsed = json.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { text: string });
    expect(parsed.map(({ text }) => text)).toEqual(['reads the fi', 'les\nwrites\u001B[2J\n', 'no end']);
  });

  test('are followed until the task has ended', async () => {
    let looks = 0;
    log(['begins\n'], () => {
      looks += 1;
      return looks > 3;
    });
    const { code, stdout } = await funade('tasks', 'logs', 'task_1', '-f');
    expect([code, stdout]).toEqual([0, 'begins\n']);
    expect(looks).toBeGreaterThan(3);
  });

  test('that are followed end with code 5 after --timeout', async () => {
    log(['begins\n'], () => false);
    const { code, stderr } = await funade('tasks', 'logs', 'task_1', '--follow', '--timeout', '300ms');
    expect(code).toBe(5);
    expect(stderr).toContain('funade tasks logs task_1 --follow');
  });

  test('of a task that nobody knows, and empty ones, are told', async () => {
    expect((await funade('tasks', 'logs', 'task_none')).code).toBe(2);
    log([], () => true);
    const { code, stdout, stderr } = await funade('tasks', 'logs', 'task_1');
    expect([code, stdout]).toEqual([0, '']);
    expect(stderr).toContain('empty so far');
  });
});
