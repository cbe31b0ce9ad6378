import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  type AgentRig,
  LABELS,
  assigned,
  closed,
  commented,
  createAgentRig,
  labelled,
  opened,
  unassigned,
} from '../../test/agent-rig.ts';
import { SELF } from '../../test/memory-forge.ts';
import { transaction } from '../store/index.ts';
import type { TaskAdmitted, TaskArrival } from './port.ts';

let rig: AgentRig;
beforeAll(async () => {
  rig = await createAgentRig();
});
afterEach(() => rig.reset());
afterAll(() => rig.close());

const AT = 1_750_000_000_000;
const ignored = (reason: string) => ({ kind: 'ignored', reason });
const queued = (decisions: readonly TaskAdmitted[]) => decisions.filter(({ kind }) => kind === 'queued');

describe('what starts no task says why', () => {
  const cases: readonly [string, TaskArrival, string][] = [
    ['another label', labelled({ added: ['bug'] }), 'not_target_label'],
    ['the label was there already', labelled({ added: ['bug'], labels: [LABELS.trigger, 'bug'] }), 'not_target_label'],
    ['our own label move', labelled({ added: [LABELS.processing] }), 'not_target_label'],
    ['created without the label', opened({ labels: ['bug'] }), 'not_target_label'],
    ['a closed issue', labelled({ open: false }), 'subject_closed'],
    ['a repository without id', labelled({ projectId: null }), 'payload_mismatch'],
    ['an assignment', assigned(), 'nothing_to_do'],
    ['closed without a task', closed(), 'nothing_to_do'],
    ['closed without an id', closed({ projectId: null }), 'payload_mismatch'],
    [
      'another case of the letters on GitLab',
      labelled({ forge: 'gitlab', added: ['Coding Agent'] }),
      'not_target_label',
    ],
  ];
  test.each(cases)('%s', async (_, arrival, reason) => {
    expect(await rig.admit(arrival)).toEqual([ignored(reason)]);
    expect(await rig.tasks()).toEqual([]);
  });
});

test('a label that is put on makes a task with all that was told', async () => {
  const [decision] = await rig.admit(labelled({ at: AT, deliveryId: 'd1', number: 12 }));
  const [task] = await rig.tasks();
  expect(decision).toEqual({ kind: 'queued', taskIds: [task?.id] });
  expect(task).toMatchObject({
    source: 'github',
    forge: 'github',
    host: 'github.com',
    projectId: '7',
    project: 'octo/greeter',
    kind: 'issue',
    number: 12,
    title: 'Title of 12',
    generation: 1,
    state: 'queued',
    reason: null,
    label: LABELS.trigger,
    actor: 'mona',
    actorId: '11',
    via: 'webhook',
    deliveryId: 'd1',
    attempts: [],
  });
  expect(await rig.events(task?.id ?? '')).toEqual(['task.queued']);
});

test('GitHub does not tell upper from lower case in labels', async () => {
  expect(queued(await rig.admit(labelled({ added: ['Coding AGENT'] })))).toHaveLength(1);
});

test('text that PostgreSQL refuses does not keep a task from being stored', async () => {
  const arrival = labelled();
  const subject = { ...arrival.event.subject, title: 'a\u0000b\ud800' };
  expect(queued(await rig.admit({ ...arrival, event: { ...arrival.event, subject } as never }))).toHaveLength(1);
});

describe('one task for one act', () => {
  const creation = () => [
    opened({ at: AT, labels: [LABELS.trigger, 'bug', 'urgent'] }),
    ...[LABELS.trigger, 'bug', 'urgent'].map((label) =>
      labelled({ at: AT, added: [label], labels: [LABELS.trigger, 'bug', 'urgent'] }),
    ),
  ];

  test('creation sends opened and three labeled in any order, concurrently', async () => {
    for (const order of [
      [0, 1, 2, 3],
      [3, 2, 1, 0],
      [1, 0, 3, 2],
      [2, 1, 3, 0],
    ]) {
      const number = order.reduce((sum, place) => sum * 10 + place, 1);
      const events = creation().map((arrival) => ({
        ...arrival,
        event: { ...arrival.event, subject: { ...arrival.event.subject, number } },
      }));
      const all = await Promise.all(order.map((place) => rig.admit(events[place] as TaskArrival)));
      expect(queued(all.flat())).toHaveLength(1);
      expect((await rig.tasks()).filter((task) => task.number === number)).toHaveLength(1);
    }
  });

  test('creation is told in one batch', async () => {
    const decisions = await rig.admit(...creation());
    expect(decisions.map(({ kind }) => kind)).toEqual(['queued', 'ignored', 'ignored', 'ignored']);
    expect(decisions[1]).toEqual(ignored('task_alive'));
    expect(await rig.tasks()).toHaveLength(1);
  });

  test('creation whose task has ended before the rest was told', async () => {
    await rig.start();
    rig.forge.label(1, LABELS.trigger);
    const [first] = await rig.admit(opened({ at: AT }));
    await rig.ended(first?.kind === 'queued' ? (first.taskIds[0] ?? '') : '');
    expect(await rig.admit(labelled({ at: AT + 1000 }))).toEqual([ignored('already_handled')]);
    rig.forge.label(2, LABELS.trigger);
    await rig.ended(await rig.hand({ number: 2, at: AT }));
    expect(await rig.admit(opened({ number: 2, at: AT }))).toEqual([ignored('already_handled')]);
  });

  test('the same by project hook and group hook', async () => {
    const told = { source: 'gitlab', forge: 'gitlab', host: 'gitlab.example', at: AT } as const;
    const both = await Promise.all([rig.admit(labelled(told)), rig.admit(labelled(told))]);
    expect(queued(both.flat())).toHaveLength(1);
    expect(both.flat()).toContainEqual(ignored('task_alive'));
  });

  test('by a webhook that names the address for people, and by a poll of the API behind it', async () => {
    const there = { source: 'gitlab', forge: 'gitlab', host: 'gitlab.internal:8080' };
    await rig.admit(labelled({ ...there, payloadHost: 'git.example.com' }));
    expect(await rig.admit(labelled({ ...there, via: 'poll' }))).toEqual([ignored('task_alive')]);
    expect(await rig.admit(labelled({ ...there, payloadHost: null }))).toEqual([ignored('task_alive')]);
    expect(await rig.tasks()).toMatchObject([{ host: 'gitlab.internal:8080' }]);
  });

  test('but not by another forge whose payload claims to be this one', async () => {
    await rig.admit(labelled());
    const claiming = labelled({ source: 'team-b', host: 'ghe.example.com', payloadHost: 'github.com' });
    expect(queued(await rig.admit(claiming))).toHaveLength(1);
  });

  test('by two sources that lead to the same repository', async () => {
    await rig.admit(labelled({ source: 'github' }));
    expect(await rig.admit(labelled({ source: 'github-mirror' }))).toEqual([ignored('task_alive')]);
  });

  test('by two hooks, when the first task could not even take the label off', async () => {
    await rig.start();
    const id = await rig.hand({ source: 'no-token', at: AT });
    expect(await rig.ended(id)).toMatchObject({ state: 'failed', reason: 'no_credentials' });
    expect(await rig.admit(labelled({ at: AT }))).toEqual([ignored('already_handled')]);
    expect(queued(await rig.admit(labelled({ at: AT + 1000 })))).toHaveLength(1);
  });

  test('webhook and poll in the same second', async () => {
    const both = await Promise.all([rig.admit(labelled({ at: AT })), rig.admit(labelled({ at: AT, via: 'poll' }))]);
    expect(queued(both.flat())).toHaveLength(1);
    expect(await rig.tasks()).toHaveLength(1);
  });

  test('a poll that finds what has been done, and a webhook that comes late', async () => {
    await rig.start();
    await rig.ended(await rig.hand({ at: AT, via: 'poll' }));
    expect(await rig.admit(labelled({ at: AT - 999, via: 'poll' }))).toEqual([ignored('already_handled')]);
    expect(await rig.admit(labelled({ at: AT + 500, via: 'poll' }))).toEqual([ignored('already_handled')]);
    expect(await rig.admit(labelled({ at: AT + 1000, via: 'webhook' }))).toEqual([ignored('already_handled')]);
    expect(await rig.admit(labelled({ at: null, via: 'poll' }))).toEqual([ignored('already_handled')]);
    expect(queued(await rig.admit(labelled({ at: AT + 1001, via: 'poll' })))).toHaveLength(1);
  });

  test('a poll that finds open again what was closed before its task began', async () => {
    await rig.admit(labelled({ at: AT }));
    await rig.admit(closed({ at: AT + 5000 }));
    expect(queued(await rig.admit(labelled({ at: AT, via: 'poll' })))).toHaveLength(1);
    expect(await rig.tasks()).toHaveLength(2);
  });

  test('a poll that finds what nobody may start makes one task of the act, and one more when it was opened again', async () => {
    await rig.start();
    rig.forge.roles.set('mona', 'read');
    const id = await rig.hand({ at: AT });
    expect(await rig.ended(id)).toMatchObject({ state: 'cancelled', reason: 'actor_not_allowed' });
    expect(await rig.admit(labelled({ at: AT, via: 'poll' }))).toEqual([ignored('already_handled')]);
    const [decision] = await rig.admit(opened({ again: true, at: AT + 60_000, via: 'poll' }));
    await rig.ended(decision?.kind === 'queued' ? (decision.taskIds[0] ?? '') : '');
    expect(await rig.admit(opened({ again: true, at: AT + 60_000, via: 'poll' }))).toEqual([
      ignored('already_handled'),
    ]);
  });

  test('fifty deliveries at once for ten issues', async () => {
    const all = await Promise.all(
      Array.from({ length: 50 }, (_, index) => rig.admit(labelled({ number: 1 + (index % 10) }))),
    );
    expect(queued(all.flat())).toHaveLength(10);
    expect(await rig.tasks()).toHaveLength(10);
  });

  test('batches that name the same issues in opposite order do not block each other', async () => {
    const numbers = Array.from({ length: 20 }, (_, index) => index + 1);
    const all = await Promise.all([
      rig.admit(...numbers.map((number) => labelled({ number }))),
      rig.admit(...numbers.toReversed().map((number) => labelled({ number }))),
    ]);
    expect(queued(all.flat())).toHaveLength(20);
  });
});

test('labelled again while the task is alive: no second; after it has ended: the next generation', async () => {
  const id = await rig.hand();
  expect(await rig.admit(labelled())).toEqual([ignored('task_alive')]);
  await rig.start();
  await rig.ended(id);
  const second = await rig.ended(await rig.hand());
  expect(second).toMatchObject({ generation: 2, state: 'succeeded' });
});

test('a subject that was handed over five times within an hour is stopped, until the hour is over', async () => {
  await rig.start();
  for (let turn = 0; turn < 5; turn += 1) await rig.ended(await rig.hand());
  expect(await rig.admit(labelled())).toEqual([ignored('too_many_tasks')]);
  expect(queued(await rig.admit(labelled({ number: 2 })))).toHaveLength(1);
  rig.advance(3_600_001);
  expect(queued(await rig.admit(labelled({ at: Date.now() + 5000 })))).toHaveLength(1);
});

test('a replay of a delivery hands over again', async () => {
  await rig.start();
  rig.forge.label(1, LABELS.trigger);
  const [first] = await rig.admit(opened({ at: AT }));
  await rig.ended(first?.kind === 'queued' ? (first.taskIds[0] ?? '') : '');
  expect(await rig.admit(opened({ at: AT, deliveryId: 'replay:dlv_1' }))).toEqual([ignored('already_handled')]);
  expect(queued(await rig.admit(opened({ at: AT, isReplay: true })))).toHaveLength(1);
});

describe('closing', () => {
  test('cancels a task that has not begun', async () => {
    const id = await rig.hand();
    expect(await rig.admit(closed())).toEqual([ignored('task_cancelled')]);
    expect(await rig.task(id)).toMatchObject({ state: 'cancelled', reason: 'subject_closed' });
    expect(await rig.events(id)).toEqual(['task.queued', 'task.cancelled']);
    expect(rig.forge.calls).toEqual([]);
  });

  test('and labelling again in one batch: cancelled, and a new one', async () => {
    const id = await rig.hand();
    const decisions = await rig.admit(closed(), opened({ again: true, at: AT }), labelled({ at: AT }));
    expect(decisions).toEqual([
      ignored('task_cancelled'),
      { kind: 'queued', taskIds: [expect.any(String)] },
      ignored('task_alive'),
    ]);
    expect((await rig.task(id)).state).toBe('cancelled');
    expect((await rig.tasks()).map(({ generation, state }) => [generation, state])).toEqual([
      [2, 'queued'],
      [1, 'cancelled'],
    ]);
  });
});

describe('news of a task that is alive', () => {
  const attention = async (): Promise<readonly (Date | null)[]> => {
    const { rows } = await sql<{ at: Date | null }>`select attention_at as at from tasks order by number`.execute(
      rig.database.db,
    );
    return rows.map(({ at }) => at);
  };

  test.each([
    ['a comment', () => commented('Please use tabs.')],
    ['an assignment', () => assigned()],
    ['an unassignment', () => unassigned()],
  ] as const)('%s is told to it', async (_, arrival) => {
    const id = await rig.hand();
    await rig.hand({ number: 2 });
    expect(await rig.admit(arrival())).toEqual([ignored('task_told')]);
    expect(await attention()).toEqual([expect.any(Date), null]);
    expect(await rig.events(id)).toEqual(['task.queued']);
  });

  test('a closing is told to one that has begun, which keeps its work and moves its label', async () => {
    const id = await rig.hand();
    await sql`update tasks set state = 'running', took_label = true`.execute(rig.database.db);
    expect(await rig.admit(closed())).toEqual([ignored('task_told')]);
    expect((await rig.task(id)).state).toBe('running');
  });

  test.each([
    ['the comment of a bot', () => commented('Build 12 failed.', { actor: SELF })],
    ['our own comment, by a person whose token Funade has', () => commented('<!-- funade:funade-task-issue-1 -->\n…')],
    ['a comment elsewhere', () => commented('hello', { number: 9 })],
    ['a retry of what has no task', () => commented('/funade retry', { number: 9 })],
  ] as const)('%s is none', async (_, arrival) => {
    await rig.hand();
    expect(await rig.admit(arrival())).toEqual([ignored('nothing_to_do')]);
    expect(await attention()).toEqual([null]);
  });

  test('without the id of the repository nobody knows whose it is', async () => {
    expect(await rig.admit(commented('hello', { projectId: null }))).toEqual([ignored('payload_mismatch')]);
  });

  test('in the batch that makes the task', async () => {
    const decisions = await rig.admit(labelled(), commented('hello'));
    expect(decisions).toEqual([{ kind: 'queued', taskIds: [expect.any(String)] }, ignored('task_told')]);
    expect(await attention()).toEqual([expect.any(Date)]);
  });

  test('a hundred comments cost no more statements than one', async () => {
    await Promise.all(Array.from({ length: 5 }, (_, index) => rig.hand({ number: index + 1 })));
    const arrivals = Array.from({ length: 100 }, (_, index) => commented('hello', { number: 1 + (index % 5) }));
    const asked = await transaction(rig.database.db, async (trx) => {
      const statements = vi.spyOn(trx.getExecutor(), 'executeQuery');
      const { write } = await rig.agent.planAdmission(trx, arrivals);
      await write(arrivals.map((_, place) => place));
      return statements.mock.calls.length;
    });
    expect((await attention()).every((at) => at !== null)).toBe(true);
    expect(asked).toBeLessThanOrEqual(5);
  });
});

describe('a batch of which not all is kept', () => {
  function plan(arrivals: readonly TaskArrival[], places: readonly number[]): Promise<unknown> {
    return transaction(rig.database.db, async (trx) => (await rig.agent.planAdmission(trx, arrivals)).write(places));
  }

  test('is refused when a decision rests on what is not kept, so that nothing is lost', async () => {
    await expect(plan([labelled(), labelled()], [1])).rejects.toThrow();
    expect(await rig.tasks()).toEqual([]);
    expect(queued(await rig.admit(labelled()))).toHaveLength(1);
  });

  test('is written when its parts have nothing to do with each other', async () => {
    await plan([labelled(), labelled({ number: 2 }), assigned({ number: 3 })], [1, 2]);
    expect((await rig.tasks()).map(({ number }) => number)).toEqual([2]);
  });
});

test('many are decided with a handful of statements', async () => {
  const arrivals = Array.from({ length: 32 }, (_, index) => labelled({ number: index + 1 }));
  const asked = await transaction(rig.database.db, async (trx) => {
    const statements = vi.spyOn(trx.getExecutor(), 'executeQuery');
    const { write } = await rig.agent.planAdmission(trx, arrivals);
    await write(arrivals.map((_, place) => place));
    return statements.mock.calls.length;
  });
  expect(await rig.tasks()).toHaveLength(32);
  expect(asked).toBeGreaterThanOrEqual(4);
  expect(asked).toBeLessThanOrEqual(6);
});
