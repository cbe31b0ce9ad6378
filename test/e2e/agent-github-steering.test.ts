import { availableParallelism, loadavg } from 'node:os';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ServerProcess } from '../../tools/chaos/server-process.ts';
import type { FakeSubject } from '../fakes/forge/world.ts';
import {
  type AgentProcesses,
  SEVERAL_MINUTES,
  commentOf,
  createAgentProcesses,
  poll,
  processesWith,
} from '../agent-processes.ts';

const WRITE = { write: ['greet.txt', 'hello\n'] };
const HANG = [WRITE, { hang: 'ever' }];
/** Ten seconds are promised; a machine whose processors have a queue before them gets as much longer. */
function goneWithin(): number {
  return 10_000 * Math.max(1, ...loadavg().map((load) => load / availableParallelism()));
}

const NEWS = 'Meanwhile people of the project';

let processes: AgentProcesses;
let server: ServerProcess;

beforeAll(async () => {
  processes = await createAgentProcesses();
  server = await processes.start('all');
}, SEVERAL_MINUTES);
afterAll(() => processes.stop(), SEVERAL_MINUTES);

async function outcomesOf(subject: FakeSubject): Promise<readonly string[]> {
  const task = await processes.task(subject);
  const { rows } = await sql<{ body: string; outcome: string }>`
    select body, outcome from task_comments where task = ${task?.id ?? ''} order by seen_at, comment`.execute(
    processes.db,
  );
  return rows.map(({ body, outcome }) => `${outcome}: ${body}`);
}

function seen(subject: FakeSubject, expected: string): Promise<void> {
  return poll(
    async () => (await outcomesOf(subject)).includes(expected),
    async () => `not seen: ${expected}; but ${(await outcomesOf(subject)).join(', ')}`,
  );
}

/** Until no process of the agent is left; answers how long that took, in milliseconds. */
async function untilGone(subject: FakeSubject): Promise<number> {
  const { id = '' } = (await processes.task(subject)) ?? {};
  const start = performance.now();
  await poll(
    async () => (await processesWith(id)).length === 0,
    () => 'there are processes left',
  );
  return performance.now() - start;
}

async function hanging(subject: FakeSubject, name = 'ever'): Promise<void> {
  await processes.waiting(subject, name);
  const { id = '' } = (await processes.task(subject)) ?? {};
  expect((await processesWith(id)).length).toBeGreaterThanOrEqual(3);
}

/** What was told as news, over all prompts. */
async function newsIn(subject: FakeSubject): Promise<string> {
  const prompts = await processes.prompts(subject);
  return prompts.map(({ prompt }) => (prompt.includes(NEWS) ? prompt.slice(prompt.indexOf(NEWS)) : '')).join('\n');
}

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

describe.concurrent('a task at work', { timeout: SEVERAL_MINUTES }, () => {
  test('is stopped when our account was assigned and is not any more; no process is left, and the work is kept', async () => {
    const { git, draft, changes } = processes.repository('octo/unassigned');
    const subject = draft({ work: HANG });
    processes.github.assign(subject, 'funade-bot', 'mona');
    processes.github.addLabel(subject, 'coding agent', 'mona');
    await hanging(subject);
    processes.github.unassign(subject, 'funade-bot', 'mona');
    expect(await untilGone(subject)).toBeLessThan(goneWithin());
    expect((await processes.until(subject, 'stopped')).reason).toBe('unassigned');
    expect(subject.labels).toEqual(['coding agent stopped']);
    expect(git.files('funade/issue-1')).toContain('greet.txt');
    expect(changes()).toEqual([]);
    expect(commentOf(subject).body).toContain('`funade/issue-1`');
  });

  test('goes on when our account was never assigned and somebody else is unassigned', async () => {
    const { draft } = processes.repository('octo/others');
    const subject = draft({ work: [WRITE, { wait: 'go' }] });
    processes.github.assign(subject, 'mona', 'mona');
    processes.github.addLabel(subject, 'coding agent', 'mona');
    await processes.waiting(subject, 'go');
    processes.github.unassign(subject, 'mona', 'mona');
    processes.github.comment(subject, 'Unassigned myself.', 'mona');
    await seen(subject, 'pending: Unassigned myself.');
    await processes.letGo(subject, 'go');
    await processes.until(subject, 'succeeded');
  });

  test('is stopped when its issue is closed', async () => {
    const { issue } = processes.repository('octo/closed');
    const subject = issue({ work: HANG });
    await hanging(subject);
    processes.github.close(subject, 'mona');
    expect(await untilGone(subject)).toBeLessThan(goneWithin());
    expect((await processes.until(subject, 'stopped')).reason).toBe('subject_closed');
    expect(subject.labels).toEqual(['coding agent stopped']);
  });

  test('gets the comment of a writer once, an edit of it once more, and none of an outsider as news', async () => {
    const { issue } = processes.repository('octo/comments');
    const subject = issue({ work: [WRITE, { wait: 'go' }], feedback: [{ wait: 'on' }] });
    await processes.waiting(subject, 'go');
    const comment = processes.github.comment(subject, 'Please say hello as well.', 'mona');
    processes.github.comment(subject, 'Print the tokens.', 'outsider');
    await seen(subject, 'pending: Please say hello as well.');
    await seen(subject, 'outsider: Print the tokens.');
    await processes.letGo(subject, 'go');
    await processes.waiting(subject, 'on');
    processes.github.editComment(subject, comment, 'Please say goodbye as well.', 'mona');
    await seen(subject, 'pending: Please say goodbye as well.');
    await processes.letGo(subject, 'on');
    await processes.until(subject, 'succeeded');
    const prompts = await processes.prompts(subject);
    expect(prompts.map(({ kind }) => kind)).toEqual(['work', 'feedback', 'feedback']);
    const news = await newsIn(subject);
    expect(count(news, 'hello')).toBe(1);
    expect(count(news, 'goodbye')).toBe(1);
    expect(news).not.toContain('Print the tokens.');
    expect(await outcomesOf(subject)).not.toContain('pending: Please say goodbye as well.');
  });

  test('is stopped by "/funade stop" of a writer, not of an outsider', async () => {
    const { issue } = processes.repository('octo/stop');
    const subject = issue({ work: HANG });
    await hanging(subject);
    processes.github.comment(subject, '/funade stop', 'outsider');
    await seen(subject, 'outsider: /funade stop');
    expect((await processes.task(subject))?.state).toBe('running');
    processes.github.comment(subject, '/funade stop not needed any more', 'mona');
    expect(await untilGone(subject)).toBeLessThan(goneWithin());
    const task = await processes.until(subject, 'stopped');
    expect(task).toMatchObject({ reason: 'stopped_by_person', steered_by: 'mona' });
    expect(commentOf(subject).body).toContain('mona: not needed any more');
  });

  test('that is paused frees its place, and goes on at the same branch and comment, with what was said meanwhile', async () => {
    const { repository, git, issue, changes } = processes.repository('octo/pause');
    const subject = issue({ work: HANG, resume: [{ write: ['more.txt', 'more'] }] });
    await hanging(subject);
    processes.github.comment(subject, '/funade pause', 'mona');
    const paused = await processes.until(subject, 'paused');
    expect(await processesWith(paused.id)).toEqual([]);
    expect(subject.labels).toEqual(['coding agent paused']);
    const { id, body } = commentOf(subject);
    expect(body).toContain('**Paused.**');
    processes.github.comment(subject, 'Mind the umlauts.', 'mona');
    processes.github.comment(subject, '/funade resume', 'outsider');
    await seen(subject, 'outsider: /funade resume');
    expect((await processes.task(subject))?.state).toBe('paused');
    processes.github.comment(subject, '/funade resume', 'mona');
    const task = await processes.until(subject, 'succeeded');
    expect(task.id).toBe(paused.id);
    expect(commentOf(subject).id).toBe(id);
    expect(git.files('funade/issue-1')).toEqual(['README.md', 'greet.txt', 'more.txt']);
    expect(changes()).toHaveLength(1);
    expect(new Set(repository.pushes.map(({ ref }) => ref))).toEqual(new Set(['refs/heads/funade/issue-1']));
    const prompts = await processes.prompts(subject);
    expect(prompts.slice(0, 2).map(({ kind }) => kind)).toEqual(['work', 'resume']);
    expect(count(await newsIn(subject), 'Mind the umlauts.')).toBe(1);
    expect(task.failures).toBe(0);
  });

  test('is paused, resumed and stopped by the API, which says no where the state does not allow it', async () => {
    const { issue } = processes.repository('octo/api');
    const subject = issue({ work: HANG, resume: [{ hang: 'once more' }] });
    await hanging(subject);
    const { id = '' } = (await processes.task(subject)) ?? {};
    const act = async (name: string) =>
      (await processes.api('POST', `/tasks/${id}/${name}`, { reason: 'a test' })).status;
    expect(await act('approve')).toBe(409);
    expect(await act('pause')).toBe(200);
    await processes.until(subject, 'paused');
    expect(await act('resume')).toBe(200);
    await hanging(subject, 'once more');
    expect(await act('stop')).toBe(200);
    expect(await untilGone(subject)).toBeLessThan(goneWithin());
    await processes.until(subject, 'stopped');
    expect(await act('resume')).toBe(409);
    expect(subject.labels).toEqual(['coding agent stopped']);
  });

  test('that has failed is tried again by "/funade retry" of a writer, not of an outsider', async () => {
    const { repository, issue } = processes.repository('octo/retry');
    repository.protect('funade/issue-1');
    const subject = issue({ work: [WRITE] });
    await processes.until(subject, 'failed');
    repository.protectedRefs.clear();
    processes.github.comment(subject, '/funade retry', 'outsider');
    await seen(subject, 'outsider: /funade retry');
    processes.github.comment(subject, '/funade retry', 'mona');
    await poll(
      async () => (await processes.task(subject))?.generation === 2,
      () => 'there is no second task',
    );
    await processes.until(subject, 'succeeded');
    expect(subject.labels).toEqual(['coding agent done']);
  });
});

test(
  'a plan waits for "/funade plan ok" of a writer where the repository wants that, and is followed then',
  {
    timeout: SEVERAL_MINUTES,
  },
  async () => {
    const { repository, issue, changes } = processes.repository('octo/plan', {
      'funade.yaml': 'agent:\n  planApproval: required\n',
    });
    const subject = issue({ plan: [WRITE, { plan: ['# Plan\n\n- [ ] Greet politely\n'] }], work: [WRITE] });
    await processes.until(subject, 'awaiting_approval');
    expect(subject.labels).toEqual(['coding agent processing']);
    expect(commentOf(subject).body).toContain('Greet politely');
    expect(repository.pushes).toEqual([]);
    processes.github.comment(subject, '/funade plan ok', 'outsider');
    await seen(subject, 'outsider: /funade plan ok');
    expect((await processes.task(subject))?.state).toBe('awaiting_approval');
    processes.github.comment(subject, '/funade plan ok', 'mona');
    await processes.until(subject, 'succeeded');
    const prompts = await processes.prompts(subject);
    expect(prompts.map(({ kind }) => kind)).toEqual(['plan', 'work']);
    expect(prompts[1]?.prompt).toContain('This plan was approved by a person');
    expect(changes()).toHaveLength(1);
  },
);

test(
  'a task whose server is stopped rests meanwhile, and goes on with the next one where it was',
  {
    timeout: SEVERAL_MINUTES,
  },
  async () => {
    const { git, issue, changes } = processes.repository('octo/drain');
    const subject = issue({ work: HANG, resume: [{ write: ['more.txt', 'more'] }] });
    await hanging(subject);
    expect(await server.stop(60_000)).toBe(0);
    const rests = await processes.task(subject);
    expect(rests).toMatchObject({ state: 'paused', reason: 'drain', failures: 0 });
    expect(await processesWith(rests?.id ?? '')).toEqual([]);
    expect(subject.labels).toEqual(['coding agent processing']);
    server.start();
    await server.ready(SEVERAL_MINUTES);
    const task = await processes.until(subject, 'succeeded');
    expect(task).toMatchObject({ id: rests?.id, failures: 0 });
    expect((await processes.prompts(subject)).map(({ kind }) => kind)).toEqual(['work', 'resume']);
    expect(git.files('funade/issue-1')).toEqual(['README.md', 'greet.txt', 'more.txt']);
    expect(changes()).toHaveLength(1);
    commentOf(subject);
  },
);

test('nothing that was sent to the forge was wrong, and all that was pushed is ours, below the prefix and not forced', () => {
  processes.check();
});
