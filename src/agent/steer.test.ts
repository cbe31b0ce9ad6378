import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  type AgentRig,
  LABELS,
  QUICK_PACE,
  closed,
  commented,
  createAgentRig,
  succeeding,
  unassigned,
} from '../../test/agent-rig.ts';
import { MONA, OUTSIDER, SELF } from '../../test/memory-forge.ts';
import { until } from '../../test/release-rig.ts';
import type { Job, Runner, RunnerEnd, TaskArrival } from './port.ts';

let rig: AgentRig;
beforeAll(async () => {
  rig = await createAgentRig();
});
afterEach(() => rig.reset());
afterAll(() => rig.close());

const MEI = { actor: 'mei', reason: 'the API changes' } as const;
/** Looks that never come by themselves while a test runs. */
const BLIND = { ...QUICK_PACE, subject: 3_600_000, resting: 3_600_000 } as const;

interface Obedient extends Runner {
  readonly jobs: Job[];
  /** Comments that each run was given. */
  readonly said: string[][];
  readonly causes: unknown[];
  end(): void;
}

/** Works until it is told to stop, or that it is done; asks for comments when it begins. */
function obedient(): Obedient {
  let ends: (() => void)[] = [];
  const [jobs, said, causes]: [Job[], string[][], unknown[]] = [[], [], []];
  return {
    id: 'obedient',
    needsCheckout: false,
    jobs,
    said,
    causes,
    end: () => {
      const all = ends;
      ends = [];
      for (const each of all) each();
    },
    run: async (job) => {
      const messages = await job.inbox();
      said.push(messages.map(({ body }) => body));
      return new Promise<RunnerEnd>((resolve) => {
        ends.push(() => resolve({ kind: 'succeeded', summary: 'done' }));
        job.signal.addEventListener('abort', () => {
          causes.push(job.signal.reason);
          resolve({ kind: 'interrupted' });
        });
        jobs.push(job);
      });
    },
  };
}

function commenting(): void {
  rig.forge.comment(1, MONA, '/funade stop');
}

function closing(): void {
  rig.forge.close(1);
}

function unassigning(): void {
  rig.forge.unassign(1, SELF);
}

const ran = (runner: Obedient, times: number) =>
  until(
    () => Promise.resolve(runner.jobs.length),
    (count) => count >= times,
  );
const inState = (id: string, state: string) => rig.taskWhere(id, (task) => task.state === state);
const labels = (number = 1) => rig.forge.subject(number).labels;

describe('a pause', () => {
  test('stops the run, frees the slot, and a resume goes on under the same task', async () => {
    const runner = obedient();
    const agent = await rig.start({ runner, slots: 1 });
    const id = await rig.hand();
    await ran(runner, 1);
    expect(await agent.steer(id, 'pause', MEI)).toMatchObject({ state: 'pausing', steeredBy: 'mei' });
    const paused = await inState(id, 'paused');
    expect(paused).toMatchObject({ reason: 'paused_by_person', steerReason: MEI.reason, endedAt: null });
    expect(paused.pausedAt).not.toBeNull();
    expect(runner.causes).toEqual(['pause']);
    expect(labels()).toEqual([LABELS.paused]);
    const other = await rig.hand({ number: 2 });
    await ran(runner, 2);
    runner.end();
    expect((await rig.ended(other)).state).toBe('succeeded');
    await agent.steer(id, 'resume', MEI);
    await ran(runner, 3);
    expect(labels()).toEqual([LABELS.processing]);
    expect(await rig.task(id)).toMatchObject({ state: 'running', reason: null, pausedAt: null });
    runner.end();
    const task = await rig.ended(id);
    expect(task).toMatchObject({ state: 'succeeded', generation: 1 });
    expect(task.attempts.map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['cancelled', 'paused_by_person'],
      ['succeeded', null],
    ]);
    expect(labels()).toEqual([LABELS.done]);
    expect(rig.forge.subject(1).comments).toHaveLength(1);
    expect(await rig.events(id)).toEqual(
      expect.arrayContaining(['task.pausing', 'task.paused', 'task.resumed', 'task.succeeded']),
    );
  });

  test('of a task that waits for its turn keeps it from beginning, until it is resumed', async () => {
    const runner = obedient();
    const id = await rig.hand();
    await rig.agent.steer(id, 'pause', MEI);
    const agent = await rig.start({ runner });
    await inState(id, 'paused');
    expect(labels()).toEqual([LABELS.paused]);
    expect(runner.jobs).toEqual([]);
    await agent.steer(id, 'resume', MEI);
    await ran(runner, 1);
    runner.end();
    expect((await rig.ended(id)).state).toBe('succeeded');
  });

  test('that is taken back at once: the task goes on, and is never shown as paused', async () => {
    const runner = obedient();
    const agent = await rig.start({ runner });
    const id = await rig.hand();
    await ran(runner, 1);
    await agent.steer(id, 'pause', MEI);
    expect((await agent.steer(id, 'resume', MEI)).state).not.toBe('paused');
    await ran(runner, 2);
    runner.end();
    expect((await rig.ended(id)).state).toBe('succeeded');
  });

  test('a comment that was written meanwhile is delivered after the resume, once', async () => {
    const runner = obedient();
    const agent = await rig.start({ runner });
    const id = await rig.hand();
    await ran(runner, 1);
    await agent.steer(id, 'pause', MEI);
    await inState(id, 'paused');
    rig.forge.comment(1, MONA, 'Use tabs.');
    await agent.steer(id, 'resume', MEI);
    await ran(runner, 2);
    runner.end();
    await rig.ended(id);
    expect(runner.said).toEqual([[], ['Use tabs.']]);
  });

  test('that lasts too long ends as expired', async () => {
    const runner = obedient();
    const agent = await rig.start({ runner, pace: { ...QUICK_PACE, paused: 60_000 } });
    const id = await rig.hand();
    await ran(runner, 1);
    await agent.steer(id, 'pause', MEI);
    await inState(id, 'paused');
    rig.advance(60_001);
    const task = await rig.ended(id);
    expect(task).toMatchObject({ state: 'expired', reason: 'paused_too_long' });
    expect(labels()).toEqual([LABELS.stopped]);
    await expect(agent.steer(id, 'resume', MEI)).rejects.toMatchObject({ code: 'FUN_TASK_STATE' });
  });
});

describe('a stop', () => {
  const acts: readonly (readonly [string, (id: string) => unknown, string])[] = [
    ['by a person', (id) => rig.agent.steer(id, 'stop', MEI), 'stopped_by_person'],
    ['by a comment', commenting, 'stopped_by_person'],
    ['by closing the issue', closing, 'subject_closed'],
    ['by unassigning our account', unassigning, 'unassigned'],
  ];
  test.each(acts)('%s ends the run and the task', async (_, act, reason) => {
    const runner = obedient();
    rig.forge.label(1, 'bug');
    rig.forge.assign(1, SELF);
    await rig.start({ runner });
    const id = await rig.hand();
    await ran(runner, 1);
    await act(id);
    expect(await rig.ended(id)).toMatchObject({ state: 'stopped', reason });
    expect(runner.causes).toEqual(['stop']);
    expect(labels()).toEqual(['bug', LABELS.stopped]);
    expect((await rig.events(id)).filter((kind) => kind === 'task.stopped')).toHaveLength(1);
  });

  const told: readonly (readonly [string, () => void, TaskArrival])[] = [
    ['a comment', commenting, commented('/funade stop')],
    ['a closing', closing, closed()],
    ['an unassignment', unassigning, unassigned()],
  ];
  test.each(told)('by %s that a webhook tells of does not wait for the next look', async (_, act, arrival) => {
    const runner = obedient();
    rig.forge.label(1, 'bug');
    rig.forge.assign(1, SELF);
    await rig.start({ runner, pace: BLIND });
    const id = await rig.hand();
    await ran(runner, 1);
    act();
    expect(await rig.admit(arrival)).toEqual([{ kind: 'ignored', reason: 'task_told' }]);
    expect(await rig.ended(id)).toMatchObject({ state: 'stopped' });
  });

  test('of a task that waits for its turn: it never begins', async () => {
    const runner = obedient();
    const id = await rig.hand();
    await rig.agent.steer(id, 'stop', MEI);
    await rig.start({ runner });
    expect(await rig.ended(id)).toMatchObject({ state: 'stopped', attempts: [] });
    expect(labels()).toEqual([LABELS.stopped]);
    expect(runner.jobs).toEqual([]);
  });

  test('of a task that is put off because of trouble does not wait for its time', async () => {
    const failing: Runner = {
      ...succeeding,
      run: () =>
        Promise.resolve({ kind: 'failed', reason: 'model_limited', blame: 'transient', at: Date.now() + 3_600_000 }),
    };
    await rig.start({ runner: failing, pace: BLIND });
    const id = await rig.hand();
    await rig.taskWhere(id, ({ notBefore }) => notBefore !== null);
    rig.forge.comment(1, MONA, '/funade stop');
    await rig.admit(commented('/funade stop'));
    expect(await rig.ended(id)).toMatchObject({ state: 'stopped', steeredBy: 'mona' });
  });

  test('of a runner that does not listen: it is left alone after the grace', async () => {
    const deaf: Runner = { ...succeeding, run: () => new Promise<RunnerEnd>(() => {}) };
    const agent = await rig.start({ runner: deaf, graceMs: 50 });
    const id = await rig.hand();
    await inState(id, 'running');
    await agent.steer(id, 'stop', MEI);
    expect(await rig.ended(id)).toMatchObject({ state: 'stopped' });
  });

  test('of a paused task ends it', async () => {
    const runner = obedient();
    const agent = await rig.start({ runner });
    const id = await rig.hand();
    await ran(runner, 1);
    await agent.steer(id, 'pause', MEI);
    await inState(id, 'paused');
    await agent.steer(id, 'stop', MEI);
    expect(await rig.ended(id)).toMatchObject({ state: 'stopped' });
    expect(labels()).toEqual([LABELS.stopped]);
  });

  test('by closing reaches a paused task as well', async () => {
    const runner = obedient();
    const agent = await rig.start({ runner });
    const id = await rig.hand();
    await ran(runner, 1);
    await agent.steer(id, 'pause', MEI);
    await inState(id, 'paused');
    rig.forge.close(1);
    expect(await rig.ended(id)).toMatchObject({ state: 'stopped', reason: 'subject_closed' });
  });
});

describe('commands in comments of a task that rests', () => {
  test.each([
    ['found by looking', QUICK_PACE],
    ['told by a webhook', BLIND],
  ] as const)('resume, %s', async (_, pace) => {
    const runner = obedient();
    const agent = await rig.start({ runner, pace });
    const id = await rig.hand();
    await ran(runner, 1);
    await agent.steer(id, 'pause', MEI);
    await inState(id, 'paused');
    rig.forge.comment(1, OUTSIDER, '/funade stop');
    rig.forge.comment(1, MONA, '/funade resume\nAnd mind the tests.');
    if (pace === BLIND) await rig.admit(commented('/funade resume'));
    await ran(runner, 2);
    expect(runner.said.at(-1)).toEqual(['And mind the tests.']);
    expect(await rig.task(id)).toMatchObject({ state: 'running', steeredBy: 'mona' });
    runner.end();
    expect((await rig.ended(id)).state).toBe('succeeded');
  });

  test('the plan is good', async () => {
    const runner = obedient();
    const id = await rig.hand();
    await restAs(id, 'awaiting_approval');
    rig.forge.comment(1, MONA, '/funade plan ok');
    await rig.start({ runner });
    await ran(runner, 1);
    expect(await rig.task(id)).toMatchObject({ planApprovedBy: 'mona', state: 'running' });
    expect(await rig.events(id)).toContain('task.plan_approved');
  });
});

/** As if it had run before, on this subject. */
async function restAs(id: string, state: string): Promise<void> {
  await sql`
    update tasks set state = ${state}, took_label = true, comments_noted = true, paused_at = clock_timestamp(), reason = 'plan_waits'
    where id = ${id}`.execute(rig.database.db);
}

describe('acts that are not possible', () => {
  test('on no task', async () => {
    await expect(rig.agent.steer('task_none', 'stop', MEI)).rejects.toMatchObject({ code: 'FUN_NOT_FOUND' });
  });

  test('on a task that has ended say so, and change nothing', async () => {
    await rig.start();
    const id = await rig.hand();
    const before = await rig.ended(id);
    for (const act of ['pause', 'resume', 'stop', 'approve'] as const)
      await expect(rig.agent.steer(id, act, MEI)).rejects.toMatchObject({
        code: 'FUN_TASK_STATE',
        values: { act, state: 'succeeded' },
      });
    expect(await rig.task(id)).toEqual(before);
  });

  test('twice is no fault, and tells of it once', async () => {
    const id = await rig.hand();
    await rig.agent.steer(id, 'pause', MEI);
    expect(await rig.agent.steer(id, 'pause', { ...MEI, actor: 'late' })).toMatchObject({ steeredBy: 'mei' });
    expect((await rig.events(id)).filter((kind) => kind === 'task.pausing')).toHaveLength(1);
  });

  test('ten stops and ten pauses at once: it is stopped', async () => {
    const runner = obedient();
    const agent = await rig.start({ runner });
    const id = await rig.hand();
    await ran(runner, 1);
    const acts = Array.from({ length: 20 }, (_, index) => agent.steer(id, index % 2 === 0 ? 'stop' : 'pause', MEI));
    await Promise.allSettled(acts);
    expect(await rig.ended(id)).toMatchObject({ state: 'stopped' });
    expect((await rig.events(id)).filter((kind) => kind === 'task.stopping')).toHaveLength(1);
  });
});

describe('a process that is stopped while the agent works', () => {
  test('leaves the task paused as drained, and the next one goes on, without counting', async () => {
    const runner = obedient();
    const first = await rig.start({ runner });
    const id = await rig.hand();
    await ran(runner, 1);
    await first.stop();
    expect(await rig.task(id)).toMatchObject({ state: 'paused', reason: 'drain', endedAt: null });
    expect(runner.causes).toEqual(['drain']);
    expect(labels()).toEqual([LABELS.processing]);
    await rig.start({ runner });
    await ran(runner, 2);
    runner.end();
    const task = await rig.ended(id);
    expect(task.attempts.map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['cancelled', 'drain'],
      ['succeeded', null],
    ]);
  });

  test('a task that it left can be paused, and then does not go on by itself', async () => {
    const runner = obedient();
    const first = await rig.start({ runner });
    const id = await rig.hand();
    await ran(runner, 1);
    await first.stop();
    expect(await rig.agent.steer(id, 'resume', MEI)).toMatchObject({ state: 'paused', reason: 'drain' });
    await rig.agent.steer(id, 'pause', MEI);
    await rig.start({ runner });
    expect(await inState(id, 'paused')).toMatchObject({ reason: 'paused_by_person' });
    expect(runner.jobs).toHaveLength(1);
  });
});
