import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type AgentRig, LABELS, QUICK, createAgentRig, labelled } from '../../../test/agent-rig.ts';
import { MONA, OUTSIDER, SELF } from '../../../test/memory-forge.ts';
import { until } from '../../../test/release-rig.ts';
import { FunadeError } from '../../kernel/index.ts';
import type { Job, Runner, RunnerEnd, TaskState } from '../port.ts';
import { runners } from '../runners/index.ts';

let rig: AgentRig;
beforeAll(async () => {
  rig = await createAgentRig();
});
afterEach(() => rig.reset());
afterAll(() => rig.close());

/** A runner that ends when it is told to, however it is interrupted. */
function stubborn() {
  const jobs: { readonly job: Job; end(how: RunnerEnd | Error): void }[] = [];
  const runner: Runner = {
    id: 'stubborn',
    needsCheckout: false,
    run: (job) =>
      new Promise((resolve, reject) => {
        jobs.push({ job, end: (how) => (how instanceof Error ? reject(how) : resolve(how)) });
      }),
  };
  return { jobs, runner };
}

const runs = (...ends: readonly (RunnerEnd | Error)[]): Runner & { readonly jobs: Job[] } => {
  const jobs: Job[] = [];
  return {
    id: 'scripted',
    needsCheckout: false,
    jobs,
    run: (job) => {
      const end = ends[Math.min(jobs.length, ends.length - 1)];
      jobs.push(job);
      return end instanceof Error || end === undefined
        ? Promise.reject(end ?? new Error('no end'))
        : Promise.resolve(end);
    },
  };
};

const DONE: RunnerEnd = { kind: 'succeeded', summary: 'done' };
const failing = (blame: 'agent' | 'transient' | 'permanent'): RunnerEnd => ({
  kind: 'failed',
  reason: `of_${blame}`,
  blame,
});
const unreachable = () =>
  new FunadeError('FUN_FORGE_UNREACHABLE', { act: 'read', host: 'github.com', reason: 'reset' });
const refused = () => new FunadeError('FUN_FORGE_REFUSED', { act: 'label', host: 'github.com', reason: '403' });

/** Lets the verb fail as often as there are errors. */
function failOn(verb: string, ...errors: readonly Error[]): void {
  const left = [...errors];
  rig.forge.around = (name, when) => {
    const error = name === verb && when === 'before' ? left.shift() : undefined;
    if (error !== undefined) throw error;
  };
}

test('from the label to done: claimed, running, succeeded, with the labels that say so', async () => {
  rig.forge.label(1, 'bug');
  const runner = runs(DONE);
  const seen: (readonly string[])[] = [];
  const spying: Runner = { ...runner, run: (job) => (seen.push([...rig.forge.subject(1).labels]), runner.run(job)) };
  const agent = await rig.start({ runner: spying, owner: 'process-1' });
  const id = await rig.hand();
  const task = await rig.ended(id);
  expect(seen).toEqual([['bug', LABELS.processing]]);
  expect(task).toMatchObject({ state: 'succeeded', reason: null, worker: 'process-1', notBefore: null });
  expect(task.attempts).toMatchObject([{ number: 1, worker: 'process-1', outcome: 'succeeded', reason: null }]);
  expect(rig.forge.subject(1)).toMatchObject({ labels: ['bug', LABELS.done], comments: [expect.anything()] });
  expect(rig.forge.subject(1).comments[0]?.body).toContain('✔ **Done.**');
  expect(await rig.events(id)).toEqual(['task.queued', 'task.claimed', 'task.running', 'task.succeeded']);
  expect(runner.jobs[0]).toMatchObject({
    task: { id, state: 'running', attempts: [{ number: 1, outcome: null }] },
    key: { repository: { id: '7', fullName: 'octo/greeter' }, kind: 'issue', number: 1 },
    subject: { body: 'Please.' },
    labeler: { login: 'mona' },
    fence: 1,
  });
  expect(await agent.progress()).toMatchObject({ overdue: 0 });
});

test('the noop runner ends a task as done', async () => {
  await rig.start({ runner: runners.get('noop') ?? null });
  expect(await rig.ended(await rig.hand())).toMatchObject({ state: 'succeeded' });
  expect(rig.forge.subject(1).labels).toEqual([LABELS.done]);
});

describe('before the claim, the subject is read again', () => {
  const cases: readonly [string, () => void, string][] = [
    ['the label was removed', () => void (rig.forge.subject(1).labels = []), 'label_removed'],
    ['the issue was closed', () => void (rig.forge.subject(1).open = false), 'subject_closed'],
    ['the issue is gone', () => rig.forge.subjects.clear(), 'subject_gone'],
    ['somebody without write role put it on', () => rig.forge.label(1, LABELS.trigger, OUTSIDER), 'actor_not_allowed'],
    ['the role was taken away', () => void rig.forge.roles.set('mona', 'triage'), 'actor_not_allowed'],
    ['Funade put it on itself', () => rig.forge.label(1, LABELS.trigger, SELF), 'own_label'],
  ];
  test.each(cases)('%s: cancelled, no comment, no label moved', async (_, change, reason) => {
    const id = await rig.hand();
    change();
    const before = rig.forge.subjects.get('7:issue:1')?.labels.slice();
    const ran = runs(DONE);
    await rig.start({ runner: ran });
    expect(await rig.ended(id)).toMatchObject({ state: 'cancelled', reason });
    const subject = rig.forge.subjects.get('7:issue:1');
    expect([subject?.labels, subject?.comments ?? []]).toEqual([before, []]);
    expect(ran.jobs).toEqual([]);
    expect((await rig.events(id)).at(-1)).toBe('task.cancelled');
  });

  test('a person whose own token Funade works with may put it on', async () => {
    const id = await rig.hand();
    const { self } = rig.forge;
    rig.forge.self = () => Promise.resolve(MONA);
    await rig.start();
    expect(await rig.ended(id)).toMatchObject({ state: 'succeeded' });
    rig.forge.self = self;
  });

  test('who labelled is the one of the delivery where the forge does not know', async () => {
    rig.forge.label(1, LABELS.trigger);
    rig.forge.subject(1).labelling = null;
    await rig.start();
    const ids = [await rig.admit(labelled({ actor: OUTSIDER }))]
      .flat()
      .flatMap((each) => (each.kind === 'queued' ? each.taskIds : []));
    expect(await rig.ended(ids[0] ?? '')).toMatchObject({ state: 'cancelled', reason: 'actor_not_allowed' });
  });

  test('another one takes the label off in the same moment: lost_race', async () => {
    const id = await rig.hand();
    rig.forge.around = (verb, when) => {
      if (verb === 'swapLabel' && when === 'before') rig.forge.subject(1).labels = ['taken'];
    };
    await rig.start();
    expect(await rig.ended(id)).toMatchObject({ state: 'cancelled', reason: 'lost_race' });
    expect(rig.forge.subject(1)).toMatchObject({ labels: ['taken'], comments: [] });
  });
});

test('a token that has expired keeps a task waiting until it was renewed', async () => {
  const id = await rig.hand();
  failOn('read', new FunadeError('FUN_FORGE_LOGIN_REFUSED', { act: 'read', host: 'github.com', reason: 'expired' }));
  await rig.start();
  expect(await rig.ended(id)).toMatchObject({ state: 'succeeded' });
  expect(await rig.events(id)).toContain('task.troubled');
});

describe('what can not be helped ends at once', () => {
  test('a removal that is answered 403: failed, permission, and no loop', async () => {
    const id = await rig.hand();
    failOn('swapLabel', ...Array.from({ length: 9 }, refused));
    await rig.start();
    expect(await rig.ended(id)).toMatchObject({
      state: 'failed',
      reason: 'permission',
      errorId: expect.stringMatching(/^err_/),
    });
    expect(rig.forge.subject(1).comments).toHaveLength(1);
    expect(rig.forge.calls.filter((verb) => verb === 'swapLabel')).toHaveLength(2);
  });

  test('a source without credentials: failed, no_credentials', async () => {
    const id = await rig.hand({ source: 'no-token' });
    await rig.start();
    expect(await rig.ended(id)).toMatchObject({ state: 'failed', reason: 'no_credentials' });
    expect(rig.forge.calls).toEqual([]);
  });

  test('no runner: failed, and the comment says what to set', async () => {
    const id = await rig.hand();
    await rig.start({ runner: null });
    expect(await rig.ended(id)).toMatchObject({ state: 'failed', reason: 'no_runner' });
    const { labels, comments } = rig.forge.subject(1);
    expect(labels).toEqual([LABELS.failed]);
    expect(comments).toHaveLength(1);
    expect(comments[0]?.body).toMatch(/agent\.runner/);
  });

  test('a runner that says so', async () => {
    const runner = runs(failing('permanent'));
    await rig.start({ runner });
    expect(await rig.ended(await rig.hand())).toMatchObject({ state: 'failed', reason: 'of_permanent' });
    expect(runner.jobs).toHaveLength(1);
  });
});

describe('a handler that always throws', () => {
  test('is tried three times with pauses, then dead, and others do not notice', async () => {
    const secret = 'token ghp_do-not-tell';
    const runner: Runner = {
      id: 'picky',
      needsCheckout: false,
      run: ({ task }) => (task.number === 1 ? Promise.reject(new Error(secret)) : Promise.resolve(DONE)),
    };
    await rig.start({ runner, slots: 2 });
    const [bad, ...good] = await Promise.all([1, 2, 3, 4].map((number) => rig.hand({ number })));
    const task = await rig.ended(bad ?? '');
    expect(task).toMatchObject({ state: 'dead', reason: 'too_many_attempts', errorId: expect.stringMatching(/^err_/) });
    expect(task.attempts.map(({ outcome, reason }) => [outcome, reason])).toEqual(
      [1, 2, 3].map(() => ['failed', 'agent_error']),
    );
    const starts = task.attempts.map(({ startedAt }) => startedAt);
    const ends = task.attempts.map(({ endedAt }) => endedAt ?? 0);
    expect((starts[1] ?? 0) - (ends[0] ?? 0)).toBeGreaterThanOrEqual(19);
    expect((starts[2] ?? 0) - (ends[1] ?? 0)).toBeGreaterThanOrEqual(39);
    for (const id of good) expect(await rig.ended(id)).toMatchObject({ state: 'succeeded' });
    const { labels, comments } = rig.forge.subject(1);
    expect(labels).toEqual([LABELS.failed]);
    expect(comments).toHaveLength(1);
    expect(comments[0]?.body).toContain(task.errorId);
    expect(JSON.stringify([comments, task])).not.toContain('ghp_');
  });

  test('and succeeds at last, is done', async () => {
    await rig.start({ runner: runs(new Error('first'), failing('agent'), DONE) });
    const task = await rig.ended(await rig.hand());
    expect(task).toMatchObject({ state: 'succeeded', errorId: null });
    expect(task.attempts.map(({ outcome }) => outcome)).toEqual(['failed', 'failed', 'succeeded']);
    expect(rig.forge.subject(1)).toMatchObject({ labels: [LABELS.done], comments: [expect.anything()] });
  });
});

describe('trouble that may pass', () => {
  test('counts no attempt, and the task goes on when it is over', async () => {
    const id = await rig.hand();
    failOn('role', ...Array.from({ length: 5 }, unreachable));
    await rig.start();
    const task = await rig.ended(id);
    expect(task).toMatchObject({ state: 'succeeded' });
    expect(task.attempts).toMatchObject([{ number: 1, outcome: 'succeeded' }]);
    expect(await rig.events(id)).toContain('task.troubled');
  });

  test('tells what it waits for, and until when', async () => {
    const id = await rig.hand();
    const at = Date.now() + 3_600_000;
    failOn('read', new FunadeError('FUN_FORGE_LIMITED', { act: 'read', host: 'github.com', until: 'later', at }));
    await rig.start();
    const waiting = await rig.taskWhere(id, ({ notBefore }) => notBefore !== null);
    expect(waiting).toMatchObject({ state: 'queued', reason: 'forge_limited', attempts: [] });
    expect(waiting.notBefore).toBeGreaterThanOrEqual(at);
    expect(waiting.notBefore).toBeLessThanOrEqual(at + 1000);
  });

  test('of the runner is told in its attempts', async () => {
    await rig.start({ runner: runs(failing('transient'), unreachable(), DONE) });
    const task = await rig.ended(await rig.hand());
    expect(task.attempts.map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['failed', 'of_transient'],
      ['failed', 'forge_unreachable'],
      ['succeeded', null],
    ]);
  });

  test('that lasts too long ends as dead', async () => {
    const id = await rig.hand();
    failOn('read', ...Array.from({ length: 9999 }, unreachable));
    await rig.start({ backoff: { ...QUICK, trouble: { first: 10, longest: 20, patience: 200 } } });
    expect(await rig.ended(id)).toMatchObject({ state: 'dead', reason: 'forge_unreachable' });
  });
});

describe('labels at the end', () => {
  test('of a task that was labelled again while it ran: one state only, and no second task', async () => {
    const { jobs, runner } = stubborn();
    await rig.start({ runner });
    const id = await rig.hand();
    await until(
      () => Promise.resolve(jobs.length),
      (count) => count === 1,
    );
    rig.forge.label(1, LABELS.trigger);
    expect(await rig.admit(labelled())).toEqual([{ kind: 'ignored', reason: 'task_alive' }]);
    rig.forge.label(1, 'put on by a person meanwhile');
    jobs[0]?.end(DONE);
    await rig.ended(id);
    expect(rig.forge.subject(1).labels).toEqual(['put on by a person meanwhile', LABELS.done]);
  });

  test('of an earlier task go when the next begins', async () => {
    await rig.start({ runner: runs(failing('permanent'), DONE) });
    await rig.ended(await rig.hand());
    expect(rig.forge.subject(1).labels).toEqual([LABELS.failed]);
    expect(await rig.ended(await rig.hand())).toMatchObject({ generation: 2, state: 'succeeded' });
    expect(rig.forge.subject(1).labels).toEqual([LABELS.done]);
  });
});

describe('retry', () => {
  test('makes a new generation without a label, with the right of who asked', async () => {
    const agent = await rig.start({ runner: runs(failing('permanent'), DONE) });
    const first = await rig.ended(await rig.hand());
    rig.forge.roles.clear();
    const again = await agent.retry(first.id, 'mei');
    expect(again).toMatchObject({ generation: 2, via: 'retry', actor: 'mei', state: 'queued', deliveryId: null });
    expect(await rig.ended(again.id)).toMatchObject({ state: 'succeeded' });
    expect(rig.forge.subject(1).labels).toEqual([LABELS.done]);
    expect(await rig.events(first.id)).toContain('task.retried');
  });

  test('of a task that is alive, or of none, is refused', async () => {
    const id = await rig.hand();
    await expect(rig.agent.retry(id, 'mei')).rejects.toMatchObject({ code: 'FUN_TASK_ALIVE' });
    await expect(rig.agent.retry('task_none', 'mei')).rejects.toMatchObject({ code: 'FUN_NOT_FOUND' });
  });

  test('ten times at once makes one task', async () => {
    const agent = await rig.start({ runner: runs(failing('permanent')) });
    const { id } = await rig.ended(await rig.hand());
    await agent.stop();
    const tries = await Promise.allSettled(Array.from({ length: 10 }, () => rig.agent.retry(id, 'mei')));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await rig.tasks()).toHaveLength(2);
  });
});

test('the list is newest first, page by page, and by state', async () => {
  for (let number = 1; number <= 5; number += 1) await rig.hand({ number });
  await rig.admit({
    ...labelled({ number: 1 }),
    event: { ...labelled({ number: 1, open: false }).event, kind: 'closed', merged: false } as never,
  });
  const seen: number[] = [];
  let cursor: string | undefined;
  do {
    const page = await rig.agent.list({ limit: 2, cursor });
    seen.push(...page.items.map(({ number }) => number));
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  expect(seen).toEqual([5, 4, 3, 2, 1]);
  const states = async (state: TaskState) =>
    (await rig.agent.list({ limit: 9, state })).items.map(({ number }) => number);
  expect(await states('cancelled')).toEqual([1]);
  expect(await states('queued')).toEqual([5, 4, 3, 2]);
});

test('metrics tell how many were queued, how long they waited and how they ended', async () => {
  const metrics = {
    queued: vi.fn<(...told: unknown[]) => void>(),
    claimed: vi.fn<(seconds: number) => void>(),
    ended: vi.fn<(state: TaskState) => void>(),
  };
  const agent = await rig.start({ metrics, runner: runs(failing('permanent'), DONE) });
  const { id } = await rig.ended(await rig.hand());
  const again = await agent.retry(id, 'mei');
  await rig.ended(again.id);
  await expect.poll(() => metrics.ended.mock.calls).toEqual([['failed'], ['succeeded']]);
  expect(metrics.queued.mock.calls).toEqual([['github', 'issue', 'retry']]);
  expect(metrics.claimed.mock.calls).toHaveLength(2);
  expect(metrics.claimed.mock.calls[0]?.[0]).toBeGreaterThanOrEqual(0);
});
